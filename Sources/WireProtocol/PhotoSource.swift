public import Foundation

/// What a request is about: a photo, or a tensor in its place. In JSON it is a member of the request's parameters, so
/// parameters that have a source write and read it beside their own members.
public enum PhotoSource: Sendable, Hashable {
    /// Member `photo`: absolute path of a file that the daemon reads itself.
    case path(String)
    /// Member `photoBytes`: the file's bytes, for photos the daemon may not read. Its older name `jpeg` is read, too.
    case bytes(Data)
    /// Member `passedPhoto`: the name under which the client has passed the open file.
    case passedPhoto(String)
    /// Member `npy`: a float32 tensor [1,C,H,W] in `.npy` format that is normalized already.
    case tensor(Data)
    /// Member `passedNpy`: the same, passed as an open file under this name.
    case passedTensor(String)

    private enum Member: String, CodingKey, CaseIterable {
        case photo, photoBytes, jpeg, passedPhoto, npy, passedNpy

        var isTensor: Bool { self == .npy || self == .passedNpy }
    }

    /// The members of parameters that take photos alone, and of those that take tensors as well.
    static let photoMembers = Member.allCases.filter { !$0.isTensor }.map(\.rawValue)
    static let memberNames = Member.allCases.map(\.rawValue)

    /// Reads the source among the members of parameters.
    ///
    /// - Parameter takesTensors: whether `npy` counts; only the message about a missing source depends on it, for a
    ///   member that parameters do not have is refused before.
    /// - Throws: `DecodingError`; `PhotoSourceError` unless there is exactly one source and its path is absolute.
    init(from decoder: any Decoder, takesTensors: Bool) throws {
        guard let source = try PhotoSource(ifPresentIn: decoder, takesTensors: takesTensors) else {
            throw PhotoSourceError.notExactlyOne(takesTensors: takesTensors)
        }
        self = source
    }

    /// The same, nil where there is no source.
    init?(ifPresentIn decoder: any Decoder, takesTensors: Bool) throws {
        let members = try decoder.container(keyedBy: Member.self)
        let sources = [
            try members.decodeIfPresent(String.self, forKey: .photo).map(PhotoSource.path),
            try members.decodeIfPresent(Data.self, forKey: .photoBytes).map(PhotoSource.bytes),
            try members.decodeIfPresent(Data.self, forKey: .jpeg).map(PhotoSource.bytes),
            try members.decodeIfPresent(String.self, forKey: .passedPhoto).map(PhotoSource.passedPhoto),
            try members.decodeIfPresent(Data.self, forKey: .npy).map(PhotoSource.tensor),
            try members.decodeIfPresent(String.self, forKey: .passedNpy).map(PhotoSource.passedTensor),
        ].compactMap { $0 }
        guard let source = sources.first else { return nil }
        guard sources.count == 1 else { throw PhotoSourceError.notExactlyOne(takesTensors: takesTensors) }
        // The daemon's working folder is none of the client's business.
        if case .path(let path) = source, !path.hasPrefix("/") { throw PhotoSourceError.relativePath(path) }
        self = source
    }

    /// Writes the source's member beside those that parameters write themselves.
    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        switch self {
        case .path(let path): try members.encode(path, forKey: .photo)
        case .bytes(let bytes): try members.encode(bytes, forKey: .photoBytes)
        case .passedPhoto(let name): try members.encode(name, forKey: .passedPhoto)
        case .tensor(let bytes): try members.encode(bytes, forKey: .npy)
        case .passedTensor(let name): try members.encode(name, forKey: .passedNpy)
        }
    }
}

/// Why parameters do not say what they are about.
enum PhotoSourceError: Error, CustomStringConvertible {
    case notExactlyOne(takesTensors: Bool)
    case relativePath(String)

    var description: String {
        switch self {
        case .notExactlyOne(takesTensors: true):
            "give exactly one of 'photo', 'photoBytes', 'passedPhoto', 'npy' and 'passedNpy'"
        case .notExactlyOne(takesTensors: false): "give exactly one of 'photo', 'photoBytes' and 'passedPhoto'"
        case .relativePath(let path): "'photo' should be an absolute path, got '\(path)'"
        }
    }
}
