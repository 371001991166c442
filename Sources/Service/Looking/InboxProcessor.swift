import DatasetSearch
import Digests
import Files
import Foundation
import Inbox
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
            let data = try await PhotoFile.read(photo.path)
            let work =
                model.task == .classification
                ? try await interpreted(data, name: name) : try await segmented(data, name: name)
            let document = work.document
            metrics.record(document.milliseconds)
            let best = document.predictions.first
            let summary = PhotoSummary(
                sha256: document.photo?.sha256 ?? "", model: model.name,
                label: best?.label ?? document.boxes.first?.label, probability: best?.probability,
                boxCount: document.boxes.count, warning: work.warning, milliseconds: document.milliseconds["total"])
            var result = PhotoResult(
                sidecars: work.pictures + [SidecarFile(.boxes, contents: try document.fileContents())],
                summary: summary)
            if let peaks = work.peaks, let seen = document.photo {
                result.whenWritten = { await note(peaks, of: photo, seen) }
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
                SidecarFile(.saliency, contents: result.saliency),
                SidecarFile(.overlay, contents: result.overlay),
            ], warning: result.warning, peaks: result.peaks)
        work.document.files = Sidecar.Files(
            saliency: name + SidecarKind.saliency.suffix, overlay: name + SidecarKind.overlay.suffix)
        if let occlusion = result.occlusion {
            work.document.files?.occlusion = name + SidecarKind.occlusion.suffix
            work.pictures.append(SidecarFile(.occlusion, contents: occlusion))
        }
        if let segmenter {
            let watch = Stopwatch()
            let segmented = try await PhotoSegmenter(model: segmenter).segment(data)
            work.document.segmentation = segmented.segmentation
            work.document.boxes += segmented.boxes
            work.document.files?.mask = name + SidecarKind.mask.suffix
            work.pictures.append(SidecarFile(.mask, contents: segmented.mask))
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
                saliency: nil, overlay: name + SidecarKind.overlay.suffix, mask: name + SidecarKind.mask.suffix),
            milliseconds: result.milliseconds)
        document.segmentation = result.segmentation
        document.milliseconds["total"] = watch.total
        return Work(
            document: document,
            pictures: [
                SidecarFile(.mask, contents: result.mask),
                SidecarFile(.overlay, contents: overlay),
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

    private func note(_ peaks: UnitPeaks, of photo: QueuedPhoto, _ seen: Sidecar.Photo) async {
        do {
            try await index?.add(
                UnitIndex.File(photo.path, photo.identity), sha256: seen.sha256, width: seen.width,
                height: seen.height, peaks: peaks)
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
