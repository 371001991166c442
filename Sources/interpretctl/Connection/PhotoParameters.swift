import Foundation
import WireProtocol

/// Parameters of a request about a photo: its path, or its bytes.
protocol PhotoParameters: RequestParameters {
    var photo: String? { get set }
    var jpeg: Data? { get set }
}

extension ExplainParameters: PhotoParameters {}
extension SegmentParameters: PhotoParameters {}
extension ProjectParameters: PhotoParameters {}
extension UnitsParameters: PhotoParameters {}

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
            guard let path = parameters.photo, !Files.isMissing(path) else { throw error }
            var parameters = parameters
            (parameters.photo, parameters.jpeg) = (nil, try Files.readForSending(path))
            return try await call(method, parameters, onProgress: onProgress)
        }
    }
}
