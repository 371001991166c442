import Evaluation
import Networks
import WireProtocol

/// Which labels were right, of all photos.
struct AccuracyTally {
    private struct Judged {
        /// The classes that the photo has.
        let truth: Set<Int>
        /// Those that it is said to have.
        let found: Set<Int>
        /// Of the one that it is said to have, where there is one.
        let probability: Double?
    }

    private let model: LoadedModel
    private var photos: [Judged] = []
    /// Labels of the truth that the network has not, and in how many photos.
    private(set) var strangers: [String: Int] = [:]
    /// Photos with several labels, of a network that tells classes apart.
    private(set) var ambiguous = 0

    init(_ model: LoadedModel) { self.model = model }

    /// - Parameter scores: before softmax or sigmoid.
    mutating func add(_ truth: TruePhoto, _ scores: [Float]) {
        guard !truth.labels.isEmpty else { return }
        let known = truth.labels.compactMap { model.classIndex(named: $0) }
        for label in truth.labels where model.classIndex(named: label) == nil { strangers[label, default: 0] += 1 }
        guard known.count == truth.labels.count else { return }
        let best = scores.indices.max { scores[$0] < scores[$1] } ?? 0
        switch model.kind {
        case .independent:
            photos.append(
                Judged(
                    truth: Set(known), found: Set(scores.indices.filter { model.holds($0, scores) }), probability: nil))
        case .exclusive, .raw:
            guard known.count == 1 else { return ambiguous += 1 }
            photos.append(Judged(truth: Set(known), found: [best], probability: model.probability(of: best, scores)))
        }
    }

    /// Nil where no photo could be judged.
    func figures(_ bootstrap: Bootstrap) -> EvaluateResult.Accuracy? {
        guard let share = bootstrap.mean(of: photos.map { $0.truth == $0.found ? 1 : 0 }) else { return nil }
        let isExclusive = model.kind != .independent
        let classes = model.labels.indices.filter { label in
            photos.contains { $0.truth.contains(label) || $0.found.contains(label) }
        }
        let rows = classes.map { label in
            EvaluateResult.Accuracy.Class(
                label: model.label(of: label), count: photos.count { $0.truth.contains(label) },
                recall: self.share(bootstrap, of: label, among: \.truth),
                precision: self.share(bootstrap, of: label, among: \.found))
        }
        return EvaluateResult.Accuracy(
            share: share,
            balanced: bootstrap.estimate(count: photos.count) { drawn in
                matrix(drawn.map { photos[$0] }, classes)?.balancedAccuracy
            },
            calibrationError: calibrationError(bootstrap), classes: rows,
            confusion: isExclusive ? matrix(photos, classes)?.counts : nil)
    }

    /// Of photos that have a label in one set, the share that has it in both.
    private func share(
        _ bootstrap: Bootstrap, of label: Int,
        among set: KeyPath<Judged, Set<Int>>
    ) -> Estimate? {
        bootstrap.mean(
            of: photos.filter { $0[keyPath: set].contains(label) }.map {
                $0.truth.contains(label) && $0.found.contains(label) ? 1 : 0
            })
    }

    private func matrix(
        _ photos: [Judged], _ classes: [Int]
    ) -> ConfusionMatrix? {
        guard model.kind != .independent else { return nil }
        var matrix = ConfusionMatrix(classes: classes.count)
        for photo in photos {
            guard let truth = photo.truth.first.flatMap(classes.firstIndex(of:)),
                let found = photo.found.first.flatMap(classes.firstIndex(of:))
            else { continue }
            matrix.add(truth: truth, prediction: found)
        }
        return matrix
    }

    private func calibrationError(_ bootstrap: Bootstrap) -> Estimate? {
        let judged = photos.compactMap { photo in
            photo.probability.map { (probability: $0, isRight: photo.truth == photo.found) }
        }
        return bootstrap.estimate(count: judged.count) { drawn in
            CalibrationError.expected(drawn.map { judged[$0].probability }, drawn.map { judged[$0].isRight })
        }
    }
}
