/// The direction in a layer's activations that leads towards a concept: the normal of the plane that tells a concept's
/// examples from random ones, of length 1 (Kim et al. 2018, "Interpretability Beyond Feature Attribution: Quantitative
/// Testing with Concept Activation Vectors", section 3.2).
///
/// The plane is that of logistic regression with an L2 penalty, run to its optimum. The paper's code stops stochastic
/// gradient descent after some rounds; the optimum depends neither on their order nor on their number.
public struct ConceptVector: Sendable {
    /// [values of the layer].
    public let direction: [Double]
    /// Whether the fit ran to its optimum.
    public let isConverged: Bool
    /// Share of a third of the examples, held out, that lie on their side of the plane that the others give, 0…1: near ½ the
    /// layer does not know the concept, and its direction means nothing.
    public let heldOutAccuracy: Double

    public static let usualPenalty = 0.01

    /// - Parameters:
    ///   - concept, random: activations of a layer, one array an example, all of one length.
    ///   - penalty: λ of λ/2·‖W‖², for activations whose squares are 1 in the mean.
    /// - Throws: `badParameter` where there are fewer than three examples of either, or their lengths differ.
    public init(
        concept: [[Float]], random: [[Float]], penalty: Double = usualPenalty
    ) throws(InterpretationError) {
        guard let count = concept.first?.count, count > 0, (concept + random).allSatisfy({ $0.count == count }),
            concept.count >= 3, random.count >= 3
        else { throw .badParameter("a concept needs three photos or more, and as many random ones") }
        let squares = (concept + random).reduce(0) { sum, example in
            sum + example.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let size = (squares / Double((concept.count + random.count) * count)).squareRoot()
        guard size > 0, size.isFinite else {
            throw .badParameter("the layer gives 0, or numbers that are not finite, for all photos; choose another one")
        }
        let examples = (concept + random).map { $0.map { Double($0) / size } }
        let labels = [Int](repeating: 1, count: concept.count) + [Int](repeating: 0, count: random.count)
        var model = LogisticRegression(features: count, classes: 2)
        isConverged = model.fit(examples, labels: labels, penalty: penalty)
        let normal = (0..<count).map { model.weight(ofClass: 1, feature: $0) - model.weight(ofClass: 0, feature: $0) }
        let length = normal.reduce(0) { $0 + $1 * $1 }.squareRoot()
        direction = normal.map { length > 0 ? $0 / length : 0 }

        let isHeldOut = (0..<concept.count).map { $0 % 3 == 2 } + (0..<random.count).map { $0 % 3 == 2 }
        let kept = examples.indices.filter { !isHeldOut[$0] }
        let rest = examples.indices.filter { isHeldOut[$0] }
        var partial = LogisticRegression(features: count, classes: 2)
        _ = partial.fit(kept.map { examples[$0] }, labels: kept.map { labels[$0] }, penalty: penalty)
        let fitted = partial
        let right = rest.count { fitted.prediction(examples[$0]) == labels[$0] }
        heldOutAccuracy = Double(right) / Double(rest.count)
    }

    /// How fast the class score grows towards the concept at an example: S = ∇s·v (equation 1).
    ///
    /// - Parameter gradient: of the class score with respect to the layer [values of the layer].
    public func sensitivity(_ gradient: [Float]) -> Double {
        zip(direction, gradient).reduce(0) { $0 + $1.0 * Double($1.1) }
    }

    /// The TCAV score: the share of examples whose class score grows towards the concept (equation 2), 0…1.
    public static func score(_ sensitivities: [Double]) -> Double {
        Double(sensitivities.count { $0 > 0 }) / Double(max(sensitivities.count, 1))
    }
}
