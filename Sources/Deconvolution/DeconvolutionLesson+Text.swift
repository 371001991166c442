extension DeconvolutionLesson {
    /// The lesson for reading, in lines of about a hundred characters.
    public var text: String {
        [size, convolution, transposition, subPixels, inverse, edge, switched].joined(separator: "\n\n") + "\n"
    }

    private var size: String {
        let (n, f, s, p) = (axis.length, axis.filter, axis.stride, axis.padding)
        var text = """
            1. THE SIZES
            n = \(n) values, padded by p = \(p) on either side: \(axis.paddedLength). A filter of f = \(f) moves by s = \(s).
            n_y = (n + 2p − f)/s + 1 = (\(axis.paddedLength) − \(f))/\(s) + 1 = \(axis.outputs)
            """
        if axis.remainder > 0 {
            text +=
                "\nHere s does not divide, and the quotient is rounded down as ONNX and PyTorch do: "
                + "\(axis.remainder) of the padded values\nare seen by no window. Rounded up, the formula adds one that hangs over the end."
        }
        return text
    }

    private var convolution: String {
        """
        2. A CONVOLUTION IS A MATRIX
        filter w = \(list(filter))
        Each row of W [\(matrix.rows)×\(matrix.columns)] is the filter where one window stands:

        \(table(matrix, dots: true))

        x, padded = \(list(paddedInput))
        y = W·x   = \(list(output))
        """
    }

    private var transposition: String {
        """
        3. THE TRANSPOSED CONVOLUTION IS Wᵀ
        x̂ = Wᵀ·y: every y puts down a filter weighted with it, and where filters overlap they add up. It has x's
        length, not x's values. It is what a backward walk does at a convolution.

        \(table(matrix.transposed, dots: true))

        Wᵀ·y      = \(list(transposed))
        """
            + (axis.padding > 0
                ? "\nwithout the padding: \(list(Array(transposed[axis.padding..<axis.padding + axis.length])))" : "")
    }

    private var subPixels: String {
        let difference = zip(subPixel, transposed).reduce(0) { max($0, abs($1.0 - $1.1)) }
        return """
            4. THE SAME AS A SUB-PIXEL CONVOLUTION
            s − 1 = \(axis.stride - 1) zeros between the values of y, f − 1 = \(axis.filter - 1) around them, the filter flipped, stride 1:

            y spread  = \(list(spread))
            flipped w = \(list(flippedFilter))
            result    = \(list(subPixel))
            largest difference to Wᵀ·y: \(number(difference))
            """
    }

    private var inverse: String {
        let trips = roundTrips.map { trip in
            "  ‖Wᵀy − x‖/‖x‖ = \(fixed(trip.distance))   \(trip.name); "
                + "\(trip.isSquare ? "square" : "not square"), "
                + "rows \(trip.areRowsOrthonormal ? "orthonormal" : "not orthonormal")"
        }
        return """
            5. WHEN IS Wᵀ THE INVERSE?
            W⁻¹ = Wᵀ needs a square W whose rows are orthonormal: WWᵀ = I. A filter of more than one value,
            or a stride, leaves fewer rows than columns (\(matrix.rows) and \(matrix.columns) here), and what is dropped cannot come back: with
            orthonormal rows Wᵀ·y is the projection of x on what W sees, which is the best there is; without them it is not
            even that. WWᵀ here:

            \(table(gram))

            distance from the identity: \(number(gram.distanceFromIdentity ?? 0))
            \(trips.joined(separator: "\n"))
            The last one loses nothing, and is no filter worth having. "Deconvolution" inverts no convolution.
            """
    }

    private var edge: String {
        let rows = edges.map { edge in
            let verdict =
                edge.areRowsOrthogonal
                ? "orthogonal, each of length √2: orthonormal only after division by it"
                : "NOT orthogonal: two rows have the product \(number(-edge.gram.largestOffDiagonal))"
            return "  stride \(edge.stride): \(edge.outputs) rows, \(verdict)"
        }
        let shown = edges.first { !$0.areRowsOrthogonal && $0.outputs <= 6 } ?? edges[0]
        return """
            6. THE EDGE FILTER \(list(edgeFilter))
            Two rows whose windows are 4 values apart meet with the 1 of one on the −1 of the other. So their product is −1
            wherever a multiple of the stride is 4, for strides 1, 2 and 4 if there are enough rows; never for stride 3 (3, 6, …), and
            from 5 on windows do not overlap. Over \(edgeLength) values:
            \(rows.joined(separator: "\n"))
            WWᵀ for stride \(shown.stride):

            \(table(shown.gram))

            None of these W is square, so for none of them Wᵀ is the inverse, orthogonal rows or not.
            """
    }

    private var switched: String {
        """
        7. UNPOOLING BY SWITCHES
        Max pooling in pairs keeps what and loses where; the switches remember it (positions from 0).
        x         = \(list(input))
        maxima    = \(list(pooled))
        switches  = \(list(switches.map(Double.init)))
        unpooled  = \(list(unpooled))
        The deconvnet is steps 3 and 7 with a rectification between them, layer by layer: 'interpretctl project'.
        """
    }

    private var edgeLength: Int { max(axis.paddedLength, edgeFilter.count) }

    // MARK: Numbers

    private func list(_ values: [Double]) -> String {
        "(" + values.map(number).joined(separator: ", ") + ")"
    }

    /// Rows in aligned columns.
    ///
    /// - Parameter dots: whether zeros are dots, so that the pattern is seen.
    private func table(_ matrix: Matrix, dots: Bool = false) -> String {
        let texts = matrix.values.map { $0 == 0 && dots ? "·" : number($0) }
        let width = texts.map(\.count).max() ?? 1
        return (0..<matrix.rows).map { row in
            let cells = (0..<matrix.columns).map { column in
                let text = texts[row * matrix.columns + column]
                return String(repeating: " ", count: width - text.count) + text
            }
            return "  " + cells.joined(separator: " ")
        }.joined(separator: "\n")
    }

    /// Whole numbers as such, others with two decimals; a minus as wide as a digit.
    private func number(_ value: Double) -> String {
        let text = value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : fixed(value)
        return text.hasPrefix("-") ? "−" + text.dropFirst() : text
    }

    /// Two decimals.
    private func fixed(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let hundredths = Int((value * 100).rounded())
        let (whole, rest) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
        return (hundredths < 0 ? "-" : "") + "\(whole)." + (rest < 10 ? "0" : "") + "\(rest)"
    }
}
