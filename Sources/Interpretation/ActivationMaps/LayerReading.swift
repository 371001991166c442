import Execution
import Networks
import Tensors

/// The target layer's maps f [K,h,w] of one image, and their derivatives.
struct LayerReading {
    let pass: ClassificationPass
    private let layerPlaces: LayerPlaces
    let channels: Int
    let height: Int
    let width: Int
    /// [K·h·w].
    let features: [Float]

    /// - Parameter rules: further backward walks to the image; the walk to the layer is derivative 0.
    init(
        _ question: Question, method: String, on evaluator: Evaluator, isDifferentiated: Bool = true,
        imageRules: [BackwardRule] = []
    ) throws(InterpretationError) {
        let target = try TargetLayer(question, method: method)
        let layer = target.value
        layerPlaces = target.places
        let walks = isDifferentiated ? [(targets: [layer], rule: BackwardRule.gradient)] : []
        pass = try ClassificationPass(
            question.network, question.input, on: evaluator, keeping: [layer],
            derivatives: walks + imageRules.map { ([question.network.image], $0) })
        let tensor = try pass.activation(layer)
        (channels, height, width) = (layerPlaces.channels, layerPlaces.height, layerPlaces.width)
        guard layerPlaces.fits(tensor.shape) else {
            throw .badParameter("the layer's output should hold \(channels) maps of one image, got \(tensor.shape)")
        }
        features = layerPlaces.maps(tensor)
    }

    /// Number of places of a map.
    var places: Int { height * width }

    /// ∂target/∂f [K·h·w].
    func gradient(of target: ScoreTarget) throws(InterpretationError) -> [Float] {
        try pass.signals(of: target)[0].map(layerPlaces.maps) ?? [Float](repeating: 0, count: features.count)
    }

    /// max(Σₖ weightₖ·fₖ, 0) [h,w].
    func rectifiedSum(weights: [Float]) -> Tensor {
        rectifiedSum { channel, index in weights[channel] * features[index] }
    }

    /// max(Σₖ term(k, place of k), 0) [h,w].
    func rectifiedSum(of term: (_ channel: Int, _ index: Int) -> Float) -> Tensor {
        map { values in
            for channel in 0..<channels {
                for place in 0..<places { values[place] += term(channel, channel * places + place) }
            }
            for place in values.indices { values[place] = max(values[place], 0) }
        }
    }

    func map(_ fill: (UnsafeMutableBufferPointer<Float>) -> Void) -> Tensor {
        // The extents are those of a tensor that exists.
        Tensor(shape: (try? Shape([height, width])) ?? .scalar, fill: fill)
    }
}
