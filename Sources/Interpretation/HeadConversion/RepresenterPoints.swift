/// How much each training example has a share in what a linear head says (Yeh, Kim, Yen and Ravikumar 2018, "Representer
/// Point Selection for Explaining Deep Neural Networks").
///
/// Where W minimizes the mean loss plus λ/2·‖W‖², its gradient is zero, so that W = Σᵢ αᵢ fᵢᵀ with
/// αᵢ = (1[yᵢ] − pᵢ)/(λn), and the score of class c for features f is b_c + Σᵢ α_ic fᵢ·f: a sum over the training examples,
/// exactly (theorem 3.1). The bias is not penalized and stands apart. A head that was trained otherwise is at no such point;
/// so one is fitted to the same features first, as the paper does.
public struct RepresenterPoints: Sendable {
    public let penalty: Double
    /// α [examples][classes].
    public let coefficients: [[Double]]
    /// [classes].
    public let bias: [Double]
    /// p of each example by the fitted head [examples][classes].
    public let probabilities: [[Double]]
    /// Whether the fit ran to its optimum.
    public let isConverged: Bool
    /// How far W is from Σ αᵢ fᵢᵀ, as a share of ‖W‖: what the fit leaves of the gradient.
    public let residual: Double
    private let features: [[Double]]
    private let labels: [Int]
    /// All features are divided by this, so that the penalty means the same for every network.
    private let scale: Double

    /// - Parameters:
    ///   - features: of each example [C].
    ///   - labels: the class of each, 0..<`classes`; each class has an example.
    ///   - penalty: λ, for features whose squares are 1 in the mean.
    /// - Throws: `badParameter` where counts do not fit.
    public init(
        features: [[Float]], labels: [Int], classes: Int, penalty: Double
    ) throws(InterpretationError) {
        guard let channels = features.first?.count, channels > 0, features.count == labels.count, classes >= 2,
            features.allSatisfy({ $0.count == channels }), Set(labels) == Set(0..<classes), penalty > 0
        else {
            throw .badParameter(
                "representer points need labelled photos of two classes or more, and a penalty above 0")
        }
        let squares = features.reduce(0) { sum, example in
            sum + example.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let scale = max((squares / Double(features.count * channels)).squareRoot(), .leastNormalMagnitude)
        let scaled = features.map { $0.map { Double($0) / scale } }
        var model = LogisticRegression(features: channels, classes: classes)
        isConverged = model.fit(scaled, labels: labels, penalty: penalty)
        let fitted = model
        let probabilities = scaled.map(fitted.probabilities)
        let factor = 1 / (penalty * Double(features.count))
        let coefficients = zip(probabilities, labels).map { probabilities, label in
            probabilities.enumerated().map { factor * (($0 == label ? 1 : 0) - $1) }
        }
        var (missing, size) = (0.0, 0.0)
        for label in 0..<classes {
            for channel in 0..<channels {
                let weight = fitted.weight(ofClass: label, feature: channel)
                let sum = zip(coefficients, scaled).reduce(0) { $0 + $1.0[label] * $1.1[channel] }
                missing += (weight - sum) * (weight - sum)
                size += weight * weight
            }
        }
        residual = (missing / max(size, .leastNormalMagnitude)).squareRoot()
        bias = (0..<classes).map(fitted.bias)
        (self.penalty, self.scale, self.features, self.labels) = (penalty, scale, scaled, labels)
        (self.probabilities, self.coefficients) = (probabilities, coefficients)
    }

    /// Each example's share in the score of class `classIndex` for an input with these features: α_ic fᵢ·f. With the bias they
    /// add up to the score.
    public func shares(inScoreOf classIndex: Int, for features: [Float]) -> [Double] {
        zip(coefficients, self.features).map { coefficients, example in
            coefficients[classIndex] * zip(example, features).reduce(0) { $0 + $1.0 * Double($1.1) / scale }
        }
    }

    /// The fitted head's scores [classes].
    public func scores(for features: [Float]) -> [Double] {
        bias.indices.map { bias[$0] + shares(inScoreOf: $0, for: features).reduce(0, +) }
    }

    /// Positions of the examples, those first whose labels the fitted head believes least: the largest α of the own label,
    /// with which a mislabelled example has to pull against all others (Yeh et al. 2018, section 4.2).
    public var leastBelieved: [Int] {
        labels.indices.sorted { coefficients[$0][labels[$0]] > coefficients[$1][labels[$1]] }
    }
}

/// How far a given head is from where representer points hold.
public enum HeadStationarity {
    /// min over λ of ‖W − (1/λ)·G‖/‖W‖, where G is the negative gradient of the mean loss: 0 where the head minimizes the
    /// loss with some L2 penalty, 1 where the gradient says nothing of it.
    ///
    /// - Parameters:
    ///   - weights: W [classes][C].
    ///   - features: of each example [C].
    ///   - errors: 1[y] − p of each example [classes], by the given head.
    public static func residual(weights: [[Double]], features: [[Float]], errors: [[Double]]) -> Double {
        var (square, product, size) = (0.0, 0.0, 0.0)
        for (label, row) in weights.enumerated() {
            for (channel, weight) in row.enumerated() {
                var sum = 0.0
                for (error, example) in zip(errors, features) { sum += error[label] * Double(example[channel]) }
                square += sum * sum
                product += sum * weight
                size += weight * weight
            }
        }
        guard size > 0 else { return 0 }
        // A penalty is positive: a gradient that points away explains nothing.
        guard square > 0, product > 0 else { return 1 }
        return max(1 - product * product / (square * size), 0).squareRoot()
    }
}
