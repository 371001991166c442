/// What can be wrong with a tensor or a `.npy` file.
public enum TensorError: Error, Equatable, CustomStringConvertible {
    case invalidShape([Int], reason: String)
    case countMismatch(shape: Shape, expected: Int, got: Int)
    case malformedNPY(String)
    case unsupportedNPY(String)
    /// A number that should be an integer and is none, or is beyond what is exact.
    case inexactInteger(Float)
    /// Values that are NaN where numbers are needed.
    case notNumbers

    public var description: String {
        switch self {
        case .invalidShape(let dimensions, let reason):
            "shape \(dimensions) cannot be used: \(reason)"
        case .countMismatch(let shape, let expected, let got):
            "shape \(shape) needs \(expected) values, got \(got)"
        case .malformedNPY(let reason):
            "not a valid .npy file: \(reason); write it with numpy.save"
        case .unsupportedNPY(let reason):
            "this .npy file is not supported: \(reason); save it as a C-ordered float32 array"
        case .inexactInteger(let number):
            "\(number) is no integer that single precision, in which networks are run, is exact about "
                + "(up to \(Element.largestExactInteger))"
        case .notNumbers: "some of its values are no numbers (NaN), and what follows from them would look like numbers"
        }
    }
}
