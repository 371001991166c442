import GRDB

/// Why dataset search has no answer.
public enum DatasetSearchError: Error, Sendable, CustomStringConvertible {
    /// A photo makes a unit overflow; such a photo is not indexed.
    case notFinite(layer: String)
    case notIndexable(layer: String, shape: String)
    /// The peaks are not of the layers that the index is about.
    case otherLayers
    case noSuchUnit(Int, layer: String, units: Int)
    /// The index has no number left for another photo.
    case full
    /// SQLite found nonsense in the file.
    case corrupt(path: String, message: String)
    /// Anything else: a full disk, a folder without permission.
    case unavailable(path: String, message: String)

    public var description: String {
        switch self {
        case .notFinite(let layer):
            "layer '\(layer)' answers with a number that is not finite; such a photo cannot be compared with others"
        case .notIndexable(let layer, let shape):
            "layer '\(layer)' gives \(shape), and the index takes [1,C,h,w] or [1,C] of the units that it was made for"
        case .otherLayers: "the peaks are of other layers than the index; index the photos with the same model"
        case .noSuchUnit(let unit, let layer, let units):
            "layer '\(layer)' has the units 0 to \(units - 1), not \(unit)"
        case .full: "the index is full; remove its file and index the photos anew"
        case .corrupt(let path, let message):
            "the unit index \(path) is damaged (\(message)); start the daemon again, and it begins a new one"
        case .unavailable(let path, let message):
            "the unit index \(path) cannot be used: \(message); see that its disk has space and its folder can be written"
        }
    }

    init(_ error: any Error, path: String) {
        switch error {
        case let error as DatasetSearchError: self = error
        case let error as DatabaseError
        where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode.primaryResultCode):
            self = .corrupt(path: path, message: "\(error)")
        default: self = .unavailable(path: path, message: "\(error)")
        }
    }
}
