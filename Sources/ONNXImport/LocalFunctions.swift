import Networks

/// A function that the model defines itself, as PyTorch's exporter writes them (IR version 8 and later).
struct LocalFunction {
    struct Key: Hashable {
        let domain: String
        let name: String

        init(domain: String, name: String) {
            self.domain = domain == "ai.onnx" ? "" : domain
            self.name = name
        }
    }

    let definition: Onnx_FunctionProto
    /// The version of the standard operators in its body.
    let opset: Int

    /// Nested calls beyond this depth are refused.
    static let largestDepth = 32
}

extension GraphBuilder {
    /// Notes the model's own functions.
    mutating func addFunctions(_ functions: [Onnx_FunctionProto]) throws(ONNXError) {
        for function in functions {
            let imported = function.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
            let opset = imported.flatMap { Int(exactly: $0.version) } ?? opset
            guard ONNXModel.supportedOpsets.contains(opset) else {
                throw .unsupportedOpset(opset, supported: ONNXModel.supportedOpsets)
            }
            let key = LocalFunction.Key(domain: function.domain, name: function.name)
            guard inlining.functions[key] == nil else {
                throw .malformed("two functions are called '\(function.domain).\(function.name)'")
            }
            inlining.functions[key] = LocalFunction(definition: function, opset: opset)
        }
    }

    /// Puts the function's body in the node's place.
    mutating func call(_ function: LocalFunction, _ key: LocalFunction.Key, _ node: NodeReader) throws(ONNXError) {
        let definition = function.definition
        guard !inlining.callStack.contains(key) else { throw node.invalid("the function calls itself") }
        guard inlining.callStack.count < LocalFunction.largestDepth else {
            throw node.unsupported("functions that call each other more than \(LocalFunction.largestDepth) deep")
        }
        guard node.inputNames.count <= definition.input.count, node.outputNames.count <= definition.output.count else {
            throw node.invalid(
                "calls a function of \(definition.input.count) inputs and \(definition.output.count) outputs with "
                    + "\(node.inputNames.count) and \(node.outputNames.count)")
        }
        try spend(nodes: definition.node.count, for: node)
        var attributes: [String: Onnx_AttributeProto] = [:]
        for attribute in definition.attributeProto { attributes[attribute.name] = attribute }
        for attribute in node.attributeMessages { attributes[attribute.name] = attribute }
        var renaming = Renaming(names: [:], attributes: attributes)
        for (index, formal) in definition.input.enumerated() {
            renaming.names[formal] = index < node.inputNames.count ? node.inputNames[index] : ""
        }
        let made = Set(definition.node.flatMap(\.output))
        var passed: [(output: String, source: String)] = []
        for (formal, actual) in zip(definition.output, node.outputNames) where !actual.isEmpty {
            if renaming.names[formal] == nil, made.contains(formal) {
                renaming.names[formal] = actual
            } else {
                // An input that is handed out as it is, or one value under two names.
                passed.append((actual, formal))
            }
        }
        let own = made.filter { !$0.isEmpty && renaming.names[$0] == nil }
        for name in own.sorted() { renaming.names[name] = inlining.names.fresh("\(node.name)/\(name)") }
        let nodes = renaming.applied(to: definition.node, &inlining.names)

        let outside = (inlining.callStack, opset)
        inlining.callStack.append(key)
        opset = function.opset
        try add(nodes)
        (inlining.callStack, opset) = outside
        for (output, source) in passed {
            guard let name = renaming.names[source], !name.isEmpty else {
                throw node.invalid("the function does not make '\(source)'")
            }
            try bind(node, output: output, to: name)
        }
    }
}
