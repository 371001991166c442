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
    /// Asks about a photo by its path, and with its bytes where the daemon's user may see less than we do: a home folder, a
    /// private /tmp.
    ///
    /// - Throws: what ``call(_:_:onProgress:onFile:)`` does, and `CommandFailure` where the bytes cannot be read either.
    mutating func ask<Parameters: PhotoParameters, Output>(
        _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters,
        onProgress: (ProgressNotification) -> Void = { _ in }
    ) async throws -> JSONText {
        do {
            return try await call(method, parameters, onProgress: onProgress)
        } catch let error as RPCError
            where error.reason == RPCError.permissionDenied || error.code == .noSuchPhoto
        {
            guard case .path(let path)? = parameters.photoSource, !Files.isMissing(path) else { throw error }
            var parameters = parameters
            parameters.photoSource = .bytes(try Files.readForSending(path))
            return try await call(method, parameters, onProgress: onProgress)
        }
    }
}
