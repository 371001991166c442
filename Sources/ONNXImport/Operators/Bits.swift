import Networks

// Integers as rows of bits. They are kept in single precision, which has room for 24 of them; stored ones are whole.

/// Of integers with a sign −x − 1, of others what is missing to the largest one.
func buildBitwiseNot(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let x = builder.input(node, 0)
    var largest = -1
    if let type = x.flatMap({ builder.elementTypes[$0] }), !type.isSigned, let width = type.integerWidth {
        guard width < 64 else { throw node.unsupported("integers of 64 bits without a sign") }
        largest = 1 << width - 1
    }
    let all = try builder.derive(node, "all", integer: largest)
    try builder.append(node, .arithmetic(.subtract), inputs: [all, x])
}

/// Bits that are shifted out are gone.
func buildBitShift(_ node: NodeReader, _ builder: inout GraphBuilder) throws(ONNXError) {
    let operands = [builder.input(node, 0), builder.input(node, 1)]
    switch node.string("direction") {
    case "RIGHT": try builder.append(node, .arithmetic(.rightShift), inputs: operands)
    case "LEFT":
        let shifted = try builder.step(node, .arithmetic(.leftShift), operands, named: "shifted")
        guard let x = operands[0], let type = builder.elementTypes[x] else {
            throw node.unsupported("integers of which it is not known how many bits they have")
        }
        try builder.appendWrapped(node, shifted, to: type)
    default: throw node.invalid("direction must be LEFT or RIGHT")
    }
}
