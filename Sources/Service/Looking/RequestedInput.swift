import Files
import Foundation
package import Socket
package import Tensors
package import WireProtocol

/// What a request is about, read: the one place where a client's photo or tensor becomes ours.
package enum RequestedInput: Sendable {
    case photo(NamedPhoto)
    case tensor(Tensor)

    /// - Parameters:
    ///   - permitted: where paths may lead to.
    ///   - passed: the files that the client has passed; nil where there can be none.
    /// - Throws: `FileError`, `UnreadablePhoto`, `TensorError`; `RPCError` for a path that leads elsewhere.
    package init(
        reading source: PhotoSource, in permitted: PermittedFolders, passed: RequestFiles? = nil
    ) async throws {
        switch source {
        case .path(let path):
            let place = try permitted.place(ofPhoto: path)
            self = .photo(try await NamedPhoto(reading: place.path, beneath: place.folder))
        case .bytes(let bytes): self = .photo(NamedPhoto(bytes: bytes))
        case .passedPhoto(let name): self = .photo(NamedPhoto(bytes: try await passed.contents(of: name)))
        case .tensor(let npy): self = .tensor(try Tensor(numbers: npy))
        case .passedTensor(let name): self = .tensor(try Tensor(numbers: try await passed.contents(of: name)))
        }
    }
}

extension NamedPhoto {
    /// The photo of a request that takes no tensor.
    ///
    /// - Throws: as `RequestedInput`; `RPCError` for a tensor.
    package init(
        reading source: PhotoSource, in permitted: PermittedFolders, passed: RequestFiles? = nil
    ) async throws {
        guard case .photo(let photo) = try await RequestedInput(reading: source, in: permitted, passed: passed) else {
            throw RPCError(.invalidParameters, "a photo is needed here, a tensor will not do")
        }
        self = photo
    }
}

extension Tensor {
    /// A client's tensor. The first ReLU makes 0 of what is no number, and nobody would see it in the answer.
    ///
    /// - Throws: `TensorError`, for NaN too.
    init(numbers npy: Data) throws(TensorError) {
        try self.init(npy: npy)
        if hasNaN { throw .notNumbers }
    }
}
