import DatasetSearch
import Digests
import Foundation
import Localization
import Logging
import Photos
import Tensors
import WireProtocol

/// What the pipeline does with each photo of the inbox: interpret it with the standard model, cut it up with the
/// segmentation model where there is one, and note what the standard model's units answered.
struct InboxProcessor: PhotoProcessing {
    let interpreter: PhotoInterpreter
    /// A classifier; or the segmentation model, where there is no classifier.
    let model: LoadedModel
    let segmenter: LoadedModel?
    let metrics: Metrics
    /// Whether every photo gets an occlusion map.
    let hidesWindows: Bool
    /// Of `model`; nil where photos are not indexed.
    let index: UnitIndex?
    let logger: Logger

    /// Compiles the plans for photos, so that the first one does not wait for them.
    func warmUp() async throws {
        if model.task == .classification { try await Judge(model: model, readsUnits: index != nil).warmUp() }
        guard let segmenter else { return }
        let bitmap = try Bitmap(width: 320, height: 240, color: RGBColor(red: 128, green: 128, blue: 128))
        let reads = index != nil && model.task == .segmentation
        _ = try await PhotoSegmenter(model: segmenter, readsUnits: reads).segment(try JPEGEncoder.encode(bitmap))
    }

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        let name = String(decoding: photo.path.name, as: UTF8.self)
        do {
            let data = try PhotoFile.read(photo.path)
            let work =
                model.task == .classification
                ? try await interpreted(data, name: name) : try await segmented(data, name: name)
            let document = work.document
            metrics.record(document.milliseconds)
            let best = document.predictions.first
            var result = PhotoResult(
                sidecars: work.pictures + [
                    SidecarFile(suffix: SidecarFile.boxesSuffix, contents: try SidecarSuffix.json(document))
                ],
                summary: PhotoSummary(
                    sha256: document.photo?.sha256 ?? "", model: model.name,
                    label: best?.label ?? document.boxes.first?.label,
                    probability: best?.probability, boxCount: document.boxes.count, warning: work.warning,
                    milliseconds: document.milliseconds["total"]))
            if let peaks = work.peaks, let photo = document.photo {
                result.unitAnswer = UnitAnswer(
                    sha256: photo.sha256, width: photo.width, height: photo.height, peaks: peaks)
            }
            return result
        } catch let error as PhotoError {
            throw error == .outOfMemory
                ? PhotoFailure.transient(message: "\(error)")
                : PhotoFailure.permanent(code: error.code, message: "\(error)")
        }
    }

    private struct Work {
        var document: Sidecar
        /// In the order in which they are written.
        var pictures: [SidecarFile]
        let warning: String?
        let peaks: UnitPeaks?
    }

    private func interpreted(_ data: Data, name: String) async throws -> Work {
        let result: PhotoInterpreter.Result
        do {
            result = try await interpreter.interpret(
                data, fileName: name, model: model, hidesWindows: hidesWindows, readsUnits: index != nil)
        } catch let error as DatasetSearchError {
            // The photo makes a unit overflow: it has its answer all the same, and only the index does without it.
            logger.warning("a photo is not indexed", metadata: ["photo": "\(name)", "reason": "\(error)"])
            result = try await interpreter.interpret(data, fileName: name, model: model, hidesWindows: hidesWindows)
        }
        var work = Work(
            document: result.document,
            pictures: [
                SidecarFile(suffix: SidecarSuffix.saliency, contents: result.saliency),
                SidecarFile(suffix: SidecarSuffix.overlay, contents: result.overlay),
            ], warning: result.warning, peaks: result.peaks)
        work.document.files = Sidecar.Files(
            saliency: name + SidecarSuffix.saliency, overlay: name + SidecarSuffix.overlay)
        if let occlusion = result.occlusion {
            work.document.files?.occlusion = name + SidecarSuffix.occlusion
            work.pictures.append(SidecarFile(suffix: SidecarSuffix.occlusion, contents: occlusion))
        }
        if let segmenter {
            let watch = Stopwatch()
            let segmented = try await PhotoSegmenter(model: segmenter).segment(data)
            work.document.segmentation = segmented.segmentation
            work.document.boxes += segmented.boxes
            work.document.files?.mask = name + SidecarSuffix.mask
            work.pictures.append(SidecarFile(suffix: SidecarSuffix.mask, contents: segmented.mask))
            let segment = watch.total
            work.document.milliseconds["segment"] = segment
            work.document.milliseconds["total"] = ((work.document.milliseconds["total"] ?? 0) + segment)
                .rounded(toPlaces: 2)
        }
        return work
    }

    /// With a segmentation model alone.
    private func segmented(_ data: Data, name: String) async throws -> Work {
        let watch = Stopwatch()
        let result: PhotoSegmenter.Result
        do {
            result = try await PhotoSegmenter(model: model, readsUnits: index != nil).segment(data)
        } catch let error as DatasetSearchError {
            logger.warning("a photo is not indexed", metadata: ["photo": "\(name)", "reason": "\(error)"])
            result = try await PhotoSegmenter(model: model).segment(data)
        }
        let photo = result.prepared.photo
        let overlay = try overlay(result)
        var document = Sidecar(
            photo: Sidecar.Photo(
                file: name, width: photo.width, height: photo.height, sha256: SHA256.hexDigest(of: data)),
            model: result.segmentation.model, predictions: [], boxes: result.boxes,
            note: result.boxes.isEmpty ? "the network sees nothing but background, so there are no boxes" : nil,
            files: Sidecar.Files(
                saliency: nil, overlay: name + SidecarSuffix.overlay, mask: name + SidecarSuffix.mask),
            milliseconds: result.milliseconds)
        document.segmentation = result.segmentation
        document.milliseconds["total"] = watch.total
        return Work(
            document: document,
            pictures: [
                SidecarFile(suffix: SidecarSuffix.mask, contents: result.mask),
                SidecarFile(suffix: SidecarSuffix.overlay, contents: overlay),
            ], warning: photo.warning, peaks: result.peaks)
    }

    /// The photo with what is not background made bright, and a box around each part.
    private func overlay(_ result: PhotoSegmenter.Result) throws -> Data {
        let bitmap = result.prepared.photo.bitmap
        let heat = Tensor(shape: try Shape([bitmap.height, bitmap.width])) { values in
            values.initialize(repeating: 0)
            for segment in result.segments {
                for index in values.indices where segment.mask.pixels[index] { values[index] = 0.6 }
            }
        }
        let boxes = result.segments.flatMap { segment in
            segment.parts.map { part in
                OverlayBox(
                    rectangle: PixelRectangle(part.box),
                    caption: "\(model.labels[segment.classIndex]) \(Int((part.probability * 100).rounded())) %")
            }
        }
        return try JPEGEncoder.encode(
            try interpreter.overlay.render(
                photo: bitmap, heatMap: heat, boxes: boxes, headline: boxes.isEmpty ? "nothing found" : nil))
    }

    // MARK: The unit index

    func didFinish(_ photo: QueuedPhoto, _ result: PhotoResult) async {
        guard let index, let answer = result.unitAnswer else { return }
        do {
            try await index.add(
                UnitIndex.File(photo.path, photo.identity), sha256: answer.sha256, width: answer.width,
                height: answer.height, peaks: answer.peaks)
        } catch {
            // The photo is done all the same; `interpretctl index` on the inbox makes up for it.
            logger.error("a photo is not indexed", metadata: ["photo": "\(photo.path)", "reason": "\(error)"])
        }
    }

    func didVanish(_ path: FilePath) async {
        do {
            try await index?.remove(Data(path.bytes))
        } catch {
            logger.error("the unit index failed", metadata: ["photo": "\(path)", "reason": "\(error)"])
        }
    }
}

/// What a photo's units answered, on its way to the index.
struct UnitAnswer: Sendable {
    let sha256: String
    /// Of the upright photo, in pixels.
    let width: Int
    let height: Int
    let peaks: UnitPeaks
}

/// What stands behind a photo's name in the names of the files beside it.
enum SidecarSuffix {
    static let saliency = ".saliency.jpg"
    static let overlay = ".overlay.jpg"
    static let mask = ".mask.jpg"
    static let occlusion = ".occlusion.jpg"

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
