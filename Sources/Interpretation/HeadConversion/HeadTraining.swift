public import Tensors

/// A fully-connected layer behind global average pooling, and how good it is.
public struct TrainedHead: Sendable {
    /// [classes, C].
    public let weights: Tensor
    /// [classes].
    public let bias: Tensor
    /// The penalty chosen: of λ/2·‖W‖², for features of unit variance and the mean loss.
    public let penalty: Double
    /// Positions of the examples that were held out while the penalty was chosen.
    public let heldOut: [Int]
    /// Of the held-out examples, by a head that was trained without them: [truth][prediction].
    public let confusion: [[Int]]
    /// Whether every training ran to its optimum.
    public let isConverged: Bool

    /// Share of the held-out examples that were right.
    public var heldOutAccuracy: Double {
        let right = confusion.indices.reduce(0) { $0 + confusion[$1][$1] }
        return heldOut.isEmpty ? 0 : Double(right) / Double(heldOut.count)
    }
}

/// Multinomial logistic regression on pooled features. The L2 penalty is the one of a list that gives the lowest loss
/// on a held-out split; the head is then trained on everything with it. Same seed, same bits.
public struct HeadTraining: Sendable {
    /// Share of each class that is held out.
    public var heldOutShare: Double
    public var penalties: [Double]
    /// Of the split.
    public var seed: UInt64

    public init(
        heldOutShare: Double = 0.2, penalties: [Double] = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1],
        seed: UInt64 = 0
    ) {
        self.heldOutShare = heldOutShare
        self.penalties = penalties
        self.seed = seed
    }

    /// - Parameters:
    ///   - features: pooled features of each example [C].
    ///   - labels: the class of each, 0..<`classes`.
    /// - Throws: `badParameter` where a class has fewer than two examples, or counts do not fit; `cancelled`.
    public func train(
        _ features: [[Float]], labels: [Int], classes: Int
    ) throws(InterpretationError) -> TrainedHead {
        guard let channels = features.first?.count, channels > 0, features.count == labels.count, classes >= 2,
            features.allSatisfy({ $0.count == channels }), labels.allSatisfy({ (0..<classes).contains($0) })
        else {
            throw .badParameter("training needs examples with equally many features, and two classes or more")
        }
        guard features.allSatisfy({ example in example.allSatisfy { $0.isFinite } }) else {
            throw .badParameter("the network's features are not finite on some photo; remove it")
        }
        guard !penalties.isEmpty, penalties.allSatisfy({ $0 > 0 }) else {
            throw .badParameter("penalties should be positive")
        }
        let heldOut = try split(labels, classes: classes)
        let isHeldOut = Set(heldOut)
        let kept = features.indices.filter { !isHeldOut.contains($0) }
        let scaling = Scaling(features)
        let all = features.map(scaling.apply)

        var best: (loss: Double, penalty: Double, model: LogisticRegression)?
        var isConverged = true
        for penalty in penalties.sorted(by: >) {
            if Task.isCancelled { throw .cancelled }
            // The last one's solution is a good start for a weaker penalty.
            var model = best?.model ?? LogisticRegression(features: channels, classes: classes)
            isConverged =
                model.fit(kept.map { all[$0] }, labels: kept.map { labels[$0] }, penalty: penalty) && isConverged
            let loss = model.loss(heldOut.map { all[$0] }, labels: heldOut.map { labels[$0] })
            if loss < best?.loss ?? .infinity { best = (loss, penalty, model) }
        }
        guard let best else { throw .badParameter("no penalty gave a finite loss; scale the features") }
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
        for index in heldOut { confusion[labels[index]][best.model.prediction(all[index])] += 1 }
        var model = best.model
        isConverged = model.fit(all, labels: labels, penalty: best.penalty) && isConverged
        let (weights, bias) = try scaling.unscaled(model)
        return TrainedHead(
            weights: weights, bias: bias, penalty: best.penalty, heldOut: heldOut, confusion: confusion,
            isConverged: isConverged)
    }

    /// Some of every class, shuffled by the seed.
    private func split(_ labels: [Int], classes: Int) throws(InterpretationError) -> [Int] {
        var generator = SeededGenerator(seed: seed)
        var heldOut: [Int] = []
        for label in 0..<classes {
            let members = labels.indices.filter { labels[$0] == label }
            guard members.count >= 2 else {
                throw .badParameter(
                    "class \(label) has \(members.count) photos; two are needed, and some dozens are better")
            }
            let count = min(max(Int(heldOutShare * Double(members.count)), 1), members.count - 1)
            heldOut += members.shuffled(using: &generator).prefix(count)
        }
        return heldOut.sorted()
    }
}

/// Features moved and scaled to mean 0 and variance 1, so that one penalty fits all.
private struct Scaling {
    private var mean: [Double]
    private var factor: [Double]

    init(_ features: [[Float]]) {
        let channels = features[0].count
        let count = Double(features.count)
        mean = (0..<channels).map { channel in features.reduce(0) { $0 + Double($1[channel]) } / count }
        factor = []
        for channel in 0..<channels {
            let variance = features.reduce(0) { sum, example in
                let difference = Double(example[channel]) - mean[channel]
                return sum + difference * difference
            }
            // A feature that never changes tells nothing.
            let deviation = (variance / count).squareRoot()
            factor.append(deviation > 1e-12 ? 1 / deviation : 0)
        }
    }

    func apply(_ example: [Float]) -> [Double] {
        example.indices.map { (Double(example[$0]) - mean[$0]) * factor[$0] }
    }

    /// The same function of features as they are.
    func unscaled(_ model: LogisticRegression) throws(InterpretationError) -> (weights: Tensor, bias: Tensor) {
        let channels = mean.count
        var weights: [Float] = []
        var bias: [Float] = []
        for label in 0..<model.classes {
            var offset = model.bias(ofClass: label)
            for channel in 0..<channels {
                let weight = model.weight(ofClass: label, feature: channel) * factor[channel]
                weights.append(Float(weight))
                offset -= weight * mean[channel]
            }
            bias.append(Float(offset))
        }
        do {
            return (
                try Tensor(shape: Shape([model.classes, channels]), values: weights),
                try Tensor(shape: Shape([model.classes]), values: bias)
            )
        } catch {
            throw .badParameter("\(error)")
        }
    }
}
