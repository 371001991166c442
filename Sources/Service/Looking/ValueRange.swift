import Networks
package import WireProtocol

/// Which values of a network's output are black and white.
package struct ValueRange: Sendable, Hashable {
    let black: Float
    let white: Float

    /// - Parameter bounds: [black, white]; the first may be the larger one.
    package init(_ bounds: [Double]) throws(RPCError) {
        guard bounds.count == 2, bounds.allSatisfy({ $0.isFinite && abs($0) <= 1e30 }), bounds[0] != bounds[1] else {
            throw RPCError(.badParameter, "'range' should be two different numbers: the values of black and of white")
        }
        (black, white) = (Float(bounds[0]), Float(bounds[1]))
    }

    /// The range of what makes the value: −1…1 of a tanh, 0…1 of a sigmoid; nil for anything else.
    init?(of value: ValueID, in graph: Graph) {
        switch graph.producers()[value]?.operation {
        case .activation(.tanh): (black, white) = (-1, 1)
        case .activation(.sigmoid): (black, white) = (0, 1)
        default: return nil
        }
    }

    func sample(_ value: Float) -> UInt8 {
        let share = (value - black) / (white - black)
        // Written so that NaN becomes black.
        return share > 0 ? UInt8(min(share, 1) * 255 + 0.5) : 0
    }
}
