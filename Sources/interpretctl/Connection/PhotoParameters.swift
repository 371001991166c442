import Foundation
import WireProtocol

/// Parameters of a request about a photo.
protocol PhotoParameters: RequestParameters {
    /// Nil where the request is about no photo.
    var path: String? { get }

    /// The same request about bytes.
    func about(_ bytes: Data) -> Self
}

extension ExplainParameters: PhotoParameters {
    var path: String? { source.path }
    func about(_ bytes: Data) -> Self { with(self) { $0.source = .bytes(bytes) } }
}

extension SegmentParameters: PhotoParameters {
    var path: String? { source.path }
    func about(_ bytes: Data) -> Self { with(self) { $0.source = .bytes(bytes) } }
}

extension ProjectParameters: PhotoParameters {
    var path: String? { source.path }
    func about(_ bytes: Data) -> Self { with(self) { $0.source = .bytes(bytes) } }
}

extension UnitsParameters: PhotoParameters {
    var path: String? { source?.path }
    func about(_ bytes: Data) -> Self { with(self) { $0.source = .bytes(bytes) } }
}

extension PhotoSource {
    fileprivate var path: String? { if case .path(let path) = self { path } else { nil } }
}

private func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var value = value
    change(&value)
    return value
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
            guard let path = parameters.path, !Files.isMissing(path) else { throw error }
            return try await call(method, parameters.about(try Files.readForSending(path)), onProgress: onProgress)
        }
    }
}
