import Networks
import Tensors

extension Graph {
    /// One layer with weights, its input called "x", and a ReLU behind it where it is rectified.
    ///
    /// - Parameter image: the input's extents, [N,C,H,W].
    init(
        ofLayer name: String, _ operation: Operator, image: [Int], weights: Tensor, bias: Tensor?, isRectified: Bool
    ) {
        self.init()
        let x = intern("x")
        self.inputs = [Graph.Input(value: x, extents: image.map(Optional.some))]
        var inputs = [x, intern("weights")]
        constants[inputs[1]] = .floats(weights)
        if let bias {
            inputs.append(intern("bias"))
            constants[inputs[2]] = .floats(bias)
        }
        var y = intern("sums")
        nodes = [Node(name: name, operation: operation, inputs: inputs, outputs: [y])]
        if isRectified {
            let sums = y
            y = intern("rectified")
            nodes.append(Node(name: "relu", operation: .activation(.relu), inputs: [sums], outputs: [y]))
        }
        outputs = [y]
    }
}
