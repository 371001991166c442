package import Tensors

extension Graph {
    /// Smaller constants stay in memory: 64 KiB.
    private static let smallCount = 1 << 14

    /// Moves the large constants into a file without a name in `folder`. What the kernels want of them they copy into their
    /// own order, and then the kernel may take their memory back.
    ///
    /// - Throws: `TensorFile.Failure`, with as many moved as had room; the graph is as good as before.
    package mutating func moveConstants(to folder: String) throws(TensorFile.Failure) {
        let large = constants.filter { $0.value.shape.count >= Graph.smallCount && $0.value.tensor != nil }.keys
            .sorted()
        guard !large.isEmpty else { return }
        var file = try TensorFile(in: folder, for: large.map { constants[$0]?.shape.count ?? 0 })
        for value in large {
            guard let tensor = constants[value]?.tensor else { continue }
            constants[value] = .floats(try file.moved(tensor))
        }
    }

    /// What was moved into a file is no longer in memory until it is next read.
    package func letGoOfConstants() {
        for constant in constants.values { constant.tensor?.letGoOfMemory() }
    }
}
