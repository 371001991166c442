import Files
package import Tensors
package import WireProtocol

/// What a request is about, read: the one place where a client's photo or tensor becomes ours.
package enum RequestedInput: Sendable {
    case photo(NamedPhoto)
    case tensor(Tensor)

    /// - Parameter permitted: where paths may lead to.
    /// - Throws: `FileError`, `UnreadablePhoto`, `TensorError`; `RPCError` for a path that leads elsewhere.
    package init(reading source: PhotoSource, in permitted: PermittedFolders) async throws {
        switch source {
        case .path(let path):
            let place = try permitted.place(ofPhoto: path)
            self = .photo(try await NamedPhoto(reading: place.path, beneath: place.folder))
        case .bytes(let bytes): self = .photo(NamedPhoto(bytes: bytes))
        case .tensor(let npy): self = .tensor(try Tensor(npy: npy))
        }
    }
}

extension NamedPhoto {
    /// The photo of a request that takes no tensor.
    ///
    /// - Throws: as `RequestedInput`; `RPCError` for a tensor.
    package init(reading source: PhotoSource, in permitted: PermittedFolders) async throws {
        guard case .photo(let photo) = try await RequestedInput(reading: source, in: permitted) else {
            throw RPCError(.invalidParameters, "a photo is needed here, a tensor will not do")
        }
        self = photo
    }
}
