import Foundation
import WireProtocol

/// Parameters of a request about a photo.
protocol PhotoParameters: RequestParameters {
    /// Nil where the request is about no photo.
    var photoSource: PhotoSource? { get set }
}

/// Those of a request that is always about one.
protocol SourcedParameters: PhotoParameters {
    var source: PhotoSource { get set }
}

extension SourcedParameters {
    var photoSource: PhotoSource? {
        get { source }
        set { source = newValue ?? source }
    }
}

extension ExplainParameters: SourcedParameters {}
extension SegmentParameters: SourcedParameters {}
extension ProjectParameters: SourcedParameters {}
extension NeighboursParameters: SourcedParameters {}
extension CompareParameters: SourcedParameters {}

extension RunParameters: PhotoParameters {}

extension UnitsParameters: PhotoParameters {
    var photoSource: PhotoSource? {
        get { source }
        set { source = newValue }
    }
}

extension DaemonConnection {
    /// Asks about the photo or tensor at a path.
    ///
    /// A photo is named to the daemon. Where its user may see less than we do (a home folder, a private /tmp), and for a
    /// tensor, the file is opened here and passed on; its bytes are sent where a daemon takes none.
    ///
    /// - Throws: what ``call(_:_:onProgress:onFile:)`` does, and `CommandFailure` where the bytes cannot be read either.
    mutating func ask<Parameters: PhotoParameters, Output>(
        _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters,
        onProgress: (ProgressNotification) -> Void = { _ in }
    ) async throws -> JSONText {
        guard case .path(let path)? = parameters.photoSource else {
            return try await call(method, parameters, onProgress: onProgress)
        }
        let isTensor = Files.isTensor(path)
        if !isTensor {
            do {
                return try await call(method, parameters, onProgress: onProgress)
            } catch let error as RPCError
                where error.reason == RPCError.permissionDenied || error.code == .noSuchPhoto
            {
                guard !Files.isMissing(path) else { throw CommandFailure("there is no photo at \(path.printable)") }
            }
        }
        var parameters = parameters
        if let name = PassedFile.pass(path, toDaemonAt: socket) {
            parameters.photoSource = isTensor ? .passedTensor(name) : .passedPhoto(name)
            do {
                return try await call(method, parameters, onProgress: onProgress)
            } catch let error as RPCError where error.reason == RPCError.notPassed {
                // The daemon has no room for one more.
            }
        }
        let bytes = try Files.readForSending(path)
        parameters.photoSource = isTensor ? .tensor(bytes) : .bytes(bytes)
        return try await call(method, parameters, onProgress: onProgress)
    }
}
