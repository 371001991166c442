import Evaluation
import Interpretation
import Networks
import WireProtocol

/// What was found of one photo.
struct MeasuredPhoto: Sendable {
    /// 0 or 1: thresholds of one half of the photos are chosen in the other.
    let half: Int
    let scores: [Float]
    /// The class with the highest score.
    let predicted: Int
    let explained: Int
    /// Nil where nothing is to be found.
    let truth: MeasuredTruth?
    /// One a method; none where nothing is to be found, nil of a map that has no extent.
    var figures: [LocalizationFigures?] = []
    /// One a method.
    var measures: [[String: Double]] = []
}

/// Photos, one after the other, become figures.
struct EvaluationTally {
    private let model: LoadedModel
    private let names: [String]
    private let measureNames: [String]
    private let keepsPhotos: Bool
    private let isAskedForMethods: Bool
    private let checks: MethodChecks
    private var accuracy: AccuracyTally
    private var methods: [LocalizationTally]
    private var baselines: [LocalizationTally]
    /// By method, then by measure's name.
    private var measures: [[String: [Double]]]
    private var photos: [EvaluateResult.Photo] = []

    init(_ model: LoadedModel, _ plan: EvaluateRequest.Plan, _ checks: MethodChecks) {
        self.model = model
        self.checks = checks
        names = plan.methods.map(\.method.card.name)
        measureNames = plan.meter.measures.map(\.rawValue)
        keepsPhotos = plan.keepsPhotos
        isAskedForMethods = plan.isAskedForMethods
        accuracy = AccuracyTally(model)
        methods = names.map { LocalizationTally($0) }
        baselines = CenterBaseline.allCases.map { LocalizationTally($0.rawValue, isBaseline: true) }
        measures = names.map { _ in [:] }
    }

    mutating func add(_ photo: MeasuredPhoto, _ truth: TruePhoto) {
        accuracy.add(truth, photo.scores)
        for (index, figures) in photo.figures.enumerated() {
            if let figures { methods[index].add(figures, half: photo.half) }
        }
        if let place = photo.truth {
            for (index, baseline) in CenterBaseline.allCases.enumerated() {
                baselines[index].add(LocalizationFigures(baseline, place), half: photo.half)
            }
        }
        for (index, found) in photo.measures.enumerated() {
            for (name, value) in found { measures[index][name, default: []].append(value) }
        }
        guard keepsPhotos else { return }
        var figures: [String: [String: Double]] = [:]
        for (index, name) in names.enumerated() {
            var own = photo.measures[index]
            if photo.figures.indices.contains(index), let found = photo.figures[index] {
                own["pointing"] = found.isHit ? 1 : 0
                own["energy"] = found.energy
                own["ownOverlap"] = found.ownOverlap
            }
            figures[name] = own.mapValues { $0.rounded(toPlaces: 6) }
        }
        photos.append(
            EvaluateResult.Photo(
                file: truth.file, explained: model.label(of: photo.explained),
                predicted: model.label(of: photo.predicted),
                probability: model.probability(of: photo.predicted, photo.scores)?.rounded(toPlaces: 6),
                measures: figures))
    }

    func complete(_ result: inout EvaluateResult, _ bootstrap: Bootstrap) {
        result.accuracy = accuracy.figures(bootstrap)
        result.localization = methods.compactMap { $0.row(bootstrap) } + baselines.compactMap { $0.row(bootstrap) }
        if !measureNames.isEmpty {
            result.faithfulness = zip(names, measures).map { name, values in
                EvaluateResult.Faithfulness(
                    method: name, measures: values.compactMapValues { bootstrap.mean(of: $0) })
            }
        }
        result.perPhoto = keepsPhotos ? photos : nil
        result.notes = notes
        if result.localization.contains(where: { $0.ownThreshold != nil && $0.maxBoxAccuracy == nil }) {
            result.notes.append(
                "MaxBoxAcc is left out: the threshold of one half of the photos is chosen in the other half, in which there are "
                    + "none with boxes; give more photos with boxes")
        }
    }

    private var notes: [String] {
        var notes = accuracy.strangers.sorted { $0.key < $1.key }.prefix(20).map { label, count in
            "\(count) \(count == 1 ? "photo has" : "photos have") the label '\(label)', which model '\(model.name)' does not "
                + "know; they do not count for accuracy, and the most probable class is explained"
        }
        if accuracy.ambiguous > 0 {
            notes.append(
                "\(accuracy.ambiguous) \(accuracy.ambiguous == 1 ? "photo has" : "photos have") several labels, "
                    + "and the network tells one class from the others; they do not count for accuracy, and their "
                    + "first label is explained")
        }
        if isAskedForMethods, measureNames.isEmpty, baselines.allSatisfy(\.isEmpty) {
            notes.append(
                "no map was measured: no photo has a box or a mask of the class that is explained; 'faithfulness' measures maps without them"
            )
        }
        if let remark = model.scoreRemark { notes.append(remark) }
        return notes + names.compactMap { try? Methods.named($0) }.flatMap { checks.warnings(of: $0.card, on: model) }
    }
}
