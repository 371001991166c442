/// A sum of products in Einstein's notation: letters name axes, those that the result lacks are summed over, and an
/// ellipsis stands for axes that are broadcast.
public struct Einsum: Sendable, Hashable {
    /// One operand's axes.
    public struct Term: Sendable, Hashable {
        /// The letters' character codes.
        public var letters: [Int]
        /// Before which letter the ellipsis stands; nil where there is none.
        public var ellipsis: Int?

        /// "bi...j", nil where it is anything else than letters and at most one ellipsis.
        public init?(_ text: Substring) {
            letters = []
            ellipsis = nil
            var rest = text.filter { !$0.isWhitespace }[...]
            while let character = rest.first {
                if rest.hasPrefix("...") {
                    guard ellipsis == nil else { return nil }
                    ellipsis = letters.count
                    rest = rest.dropFirst(3)
                    continue
                }
                guard character.isLetter, let code = character.asciiValue else { return nil }
                letters.append(Int(code))
                rest = rest.dropFirst()
            }
        }

        fileprivate init(letters: [Int], ellipsis: Int?) {
            self.letters = letters
            self.ellipsis = ellipsis
        }

        /// A label for each axis of a tensor of this rank: those of the ellipsis are −1, −2… from the last on.
        fileprivate func labels(rank: Int) -> [Int]? {
            let hidden = rank - letters.count
            guard hidden == 0 || (hidden > 0 && ellipsis != nil) else { return nil }
            return labels(hidden: hidden)
        }

        fileprivate func labels(hidden: Int) -> [Int] {
            guard let ellipsis else { return letters }
            return letters[..<ellipsis] + (0..<hidden).map { $0 - hidden } + letters[ellipsis...]
        }
    }

    public var operands: [Term]
    public var result: Term

    /// - Parameter equation: as NumPy's `einsum` and ONNX write it. Without an arrow, the result has the ellipsis' axes
    ///   and then the letters that occur once, in the alphabet's order.
    public init?(equation: String) {
        let sides = equation.replacing("->", with: ">").split(
            separator: ">", maxSplits: 1, omittingEmptySubsequences: false)
        operands = []
        for text in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
            guard let term = Term(text) else { return nil }
            operands.append(term)
        }
        if sides.count > 1 {
            guard let term = Term(sides[1]), Set(term.letters).count == term.letters.count else { return nil }
            result = term
        } else {
            let all = operands.flatMap(\.letters)
            let single = Set(all).filter { letter in all.count { $0 == letter } == 1 }
            result = Term(letters: single.sorted(), ellipsis: operands.contains { $0.ellipsis != nil } ? 0 : nil)
        }
        let known = Set(operands.flatMap(\.letters))
        guard result.letters.allSatisfy(known.contains) else { return nil }
    }

    /// The equation over tensors of known shapes.
    package struct Resolved: Sendable {
        /// A label for each axis of each operand.
        package let operands: [[Int]]
        /// A label for each axis of the result.
        package let result: [Int]
        /// By label.
        package let extents: [Int: Int]
    }

    /// Nil where the shapes do not fit.
    package func resolved(for shapes: [[Int]]) -> Resolved? {
        guard shapes.count == operands.count else { return nil }
        var labels: [[Int]] = []
        var extents: [Int: Int] = [:]
        for (shape, term) in zip(shapes, operands) {
            guard let own = term.labels(rank: shape.count) else { return nil }
            for (label, extent) in zip(own, shape) {
                let known = extents[label] ?? 1
                guard known == extent || known == 1 || extent == 1 else { return nil }
                extents[label] = known == 1 ? extent : known
            }
            labels.append(own)
        }
        let hidden = extents.keys.count { $0 < 0 }
        guard hidden == 0 || result.ellipsis != nil else {
            // Axes of the ellipsis that the result does not name are summed over.
            return Resolved(operands: labels, result: result.letters, extents: extents)
        }
        return Resolved(operands: labels, result: result.labels(hidden: hidden), extents: extents)
    }
}
