import Files
import Foundation
import WireProtocol

/// `IMG_1.jpg.error.json`.
struct FailureReport: Encodable {
    struct Photo: Encodable {
        let file: String
        let bytes: Int64
    }
    struct Failure: Encodable {
        let code: String
        let message: String
    }

    let version = 1
    let writtenBy = SidecarKind.writer
    let photo: Photo
    let error: Failure
    /// ISO 8601, UTC.
    let time: String

    init(_ record: PhotoRecord, code: String, message: String) {
        photo = Photo(file: String(decoding: record.path.name, as: UTF8.self), bytes: record.identity.size)
        error = Failure(code: code, message: message)
        time = Date().formatted(.iso8601)
    }

    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }
}
