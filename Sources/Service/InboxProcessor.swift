import Foundation
import Photos
import WireProtocol

/// What the pipeline does with each photo of the inbox: interpret it with the standard model.
struct InboxProcessor: PhotoProcessing {
    let interpreter: PhotoInterpreter
    let model: LoadedModel
    let metrics: Metrics

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        let name = String(decoding: photo.path.name, as: UTF8.self)
        do {
            let data = try PhotoFile.read(photo.path)
            var result = try await interpreter.interpret(data, fileName: name, model: model)
            result.document.files = Sidecar.Files(
                saliency: name + SidecarSuffix.saliency, overlay: name + SidecarSuffix.overlay)
            metrics.record(result.document.milliseconds)
            let best = result.document.predictions.first
            return PhotoResult(
                sidecars: [
                    SidecarFile(suffix: SidecarSuffix.saliency, contents: result.saliency),
                    SidecarFile(suffix: SidecarSuffix.overlay, contents: result.overlay),
                    SidecarFile(suffix: SidecarFile.boxesSuffix, contents: try SidecarSuffix.json(result.document)),
                ],
                summary: PhotoSummary(
                    sha256: result.document.photo?.sha256 ?? "", model: model.name, label: best?.label,
                    probability: best?.probability, boxCount: result.document.boxes.count, warning: result.warning,
                    milliseconds: result.document.milliseconds["total"]))
        } catch let error as PhotoError {
            throw error == .outOfMemory
                ? PhotoFailure.transient(message: "\(error)")
                : PhotoFailure.permanent(code: error.code, message: "\(error)")
        }
    }
}

/// What stands behind a photo's name in the names of the files beside it.
enum SidecarSuffix {
    static let saliency = ".saliency.jpg"
    static let overlay = ".overlay.jpg"

    /// For people as well as for programs.
    static func json(_ document: Sidecar) throws -> Data {
        let encoder = WireCoding.encoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return try encoder.encode(document) + Data("\n".utf8)
    }
}

/// The bytes of a photo.
enum PhotoFile {
    /// - Throws: `FileError`; `PhotoError.fileTooLarge` before anything is read.
    static func read(_ path: FilePath) throws -> Data {
        let file = try OpenFile(path)
        let limit = DecodeLimits().fileBytes
        guard file.status.identity.size <= limit else {
            throw PhotoError.fileTooLarge(bytes: Int(clamping: file.status.identity.size), limit: limit)
        }
        var data = Data()
        data.reserveCapacity(Int(clamping: file.status.identity.size))
        try file.readAll { data.append(contentsOf: $0) }
        return data
    }

    /// The bytes of a photo that a client names.
    ///
    /// - Throws: `RPCError`; `photo-unreadable` with reason `permission-denied` asks the client to send the bytes.
    static func readForRequest(_ path: String) throws -> Data {
        do {
            return try read(FilePath(path))
        } catch let error as FileError {
            switch error.errorNumber {
            case ENOENT, ENOTDIR: throw RPCError(.noSuchPhoto, "there is no photo \(path)")
            case EACCES, EPERM:
                throw RPCError.unreadable(
                    photo: path, reason: RPCError.permissionDenied, message: "the daemon may not read \(path)")
            default: throw RPCError.unreadable(photo: path, reason: "unreadable", message: "\(error)")
            }
        } catch let error as PhotoError {
            throw RPCError.unreadable(photo: path, reason: error.code, message: "\(error)")
        }
    }
}
