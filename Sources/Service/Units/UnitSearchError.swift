/// Why a question about units has no answer.
enum UnitSearchError: Error, CustomStringConvertible {
    case unreachable(String)

    var description: String {
        switch self {
        case .unreachable(let path):
            "so many photos have been deleted that the index must read the others again, and \(path) cannot be read now; "
                + "mount its disk, or run 'interpretctl index' on a folder above it if it is gone for good"
        }
    }
}
