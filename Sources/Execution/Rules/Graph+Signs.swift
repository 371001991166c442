import Networks

extension Graph {
    /// Whether no value of the tensor can be below 0, whatever the network is asked about: what made it says so.
    func isNowhereNegative(_ value: ValueID) -> Bool {
        let producers = producers()
        func holds(_ value: ValueID) -> Bool {
            guard let node = producers[value] else { return false }
            let inputs = node.inputs.compactMap { $0 }
            switch node.operation {
            case .activation(let activation): return activation.isNowhereNegative
            case .pooling, .globalPooling, .flatten, .reshape, .identity: return inputs.first.map(holds) ?? false
            case .concatenation, .arithmetic(.add), .arithmetic(.multiply): return inputs.allSatisfy(holds)
            default: return false
            }
        }
        return holds(value)
    }
}

extension Activation {
    /// Whether no result is below 0.
    fileprivate var isNowhereNegative: Bool {
        switch self {
        case .relu, .sigmoid, .hardSigmoid, .softplus, .exponential, .squareRoot, .absolute: true
        case .clip(let lowest, _): lowest >= 0
        case .thresholdedRelu(let threshold): threshold >= 0
        default: false
        }
    }
}
