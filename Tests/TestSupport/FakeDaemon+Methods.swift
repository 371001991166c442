import WireProtocol

extension FakeDaemon {
    static let methods = [
        MethodDescription(
            name: "cam", summary: "where the evidence for the class lies", cost: "1 forward pass",
            needs: "global average pooling and one linear layer at the end",
            caveat: "as coarse as the last layer's map", randomization: "passes: by our own measurement",
            paper: "Zhou et al. 2016, Learning Deep Features for Discriminative Localization"),
        MethodDescription(
            name: "occlusion", summary: "how the class fares while a window is hidden", cost: "many passes",
            needs: "any classifier", caveat: "the painted window may be evidence of its own",
            randomization: "passes: by our own measurement", paper: "Zeiler and Fergus 2014, arXiv:1311.2901",
            parameters: [
                .init(
                    name: "window", kind: "whole-number", minimum: 1, default: .string("a fifth of the shorter side"),
                    summary: "side of the hidden square"),
                .init(
                    name: "stride", kind: "whole-number", minimum: 1, default: .string("half a window"),
                    summary: "from one window to the next"),
                .init(name: "fill", kind: "fill", default: .string("zero"), summary: "what hides"),
                .init(
                    name: "precision", kind: "choice", choices: ["exact", "adaptive"], default: .string("exact"),
                    summary: "whether the map is exact"),
                .init(
                    name: "tolerance", kind: "number", minimum: 0.001, maximum: 1, default: .number(0.2),
                    summary: "the error to be expected"),
            ]),
    ]

    /// Refuses what the method does not know.
    static func check(_ parameters: ExplainParameters) throws(RPCError) {
        let name = parameters.method ?? "cam"
        let known = methods.first { $0.name == name }?.parameters.map(\.name) ?? []
        guard let stranger = parameters.parameters?.keys.sorted().first(where: { !known.contains($0) }) else { return }
        let names = known.isEmpty ? "none" : known.joined(separator: ", ")
        throw RPCError(.badParameter, "\(name) has no parameter '\(stranger)'; it knows \(names)")
    }
}
