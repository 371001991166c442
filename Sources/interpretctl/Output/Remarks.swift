/// Lines about files, beside the numbers. A file's name may hold anything.
enum Remarks {
    private static let mostNamed = 20

    /// What was left out and why, by name.
    ///
    /// - Parameter count: of all that were left out, where not all of them are named.
    static func skipped(_ reasons: [String: String], of count: Int = 0) -> String {
        let named = reasons.sorted { $0.key < $1.key }.prefix(mostNamed)
        let more = max(count, reasons.count) - named.count
        return named.map { "skipped \($0.key.printable): \($0.value.printable)\n" }.joined()
            + (more > 0 ? "and \(more) more were skipped\n" : "")
    }

    static func wrote(_ path: String) -> String { "wrote \(path.printable)\n" }
}
