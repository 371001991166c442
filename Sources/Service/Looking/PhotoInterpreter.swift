import DatasetSearch
import Digests
import Foundation
import Interpretation
import Localization
import Photos
import Tensors
import WireProtocol

/// A photo's bytes → what the network sees in it, as document and pictures.
struct PhotoInterpreter: Sendable {
    let overlay: Overlay
    /// Long side of the pictures written, in pixels, where the photo is larger. Libjpeg halves until it comes close,
    /// so the pictures have one to two times this size.
    static let pictureLongSide = 960

    struct Result: Sendable {
        var document: Sidecar
        let overlay: Data
        let saliency: Data
        /// The photo with what hiding a window costs; nil where nobody asked for it.
        let occlusion: Data?
        let scores: [Float]
        let classIndex: Int
        /// Class evidence over the network's input [h,w], where the network has one.
        let map: Tensor?
        /// The method the map is from.
        let method: String
        let warning: String?
        /// What the units answered, where they were read.
        let peaks: UnitPeaks?
    }

    /// - Parameters:
    ///   - fileName: the photo's name, for the document.
    ///   - classIndex: the class to explain; the most probable one where nil.
    ///   - hidesWindows: whether to make an occlusion map as well.
    ///   - readsUnits: whether to read what the units answer, for the unit index.
    /// - Throws: `PhotoError`, `InterpretationError`, `ModelStoreError`.
    func interpret(
        _ data: Data, fileName: String?, model: LoadedModel, classIndex: Int? = nil,
        hidesWindows: Bool = false, readsUnits: Bool = false
    ) async throws -> Result {
        let watch = Stopwatch()
        let prepared = try PreparedPhoto(data, for: model)
        let (photo, region) = (prepared.photo, prepared.region)
        let decode = watch.lap()

        let judge = Judge(model: model, readsUnits: readsUnits)
        let judgement = try await judge.judge(
            prepared.input, of: photo.bitmap, preprocessor: prepared.preprocessor, classIndex: classIndex)
        let isBackground = model.isBackground(judgement.classIndex)
        let placed = try judgement.evidence.map { try EvidencePlacement($0.map, region: region, on: photo.bitmap) }
        let boxes = isBackground ? [] : placed?.boxes(model.boxFinder) ?? []
        _ = watch.lap()
        let evidence =
            if let box = boxes.first {
                try await judge.evidence(judgement, box: box.rectangle, on: photo.bitmap)
            } else { Evidence?.none }
        let evidenceTime = watch.lap()
        let hidden = hidesWindows ? try await hideWindows(of: prepared, judgement, model) : nil
        let occlusionTime = watch.lap()
        let probabilities = softmax(judgement.scores)
        let probability = Double(probabilities[judgement.classIndex])
        let label = model.labels[judgement.classIndex]
        let rendered = try overlay.render(
            photo: photo.bitmap, heatMap: isBackground ? nil : placed.map { scaledToOne($0.map) },
            heatMapRegion: region,
            boxes: boxes.map { OverlayBox(rectangle: $0.rectangle, caption: caption(label, probability)) },
            headline: caption(label, probability),
            footnote: footnote(evidence?.sentence(label: label), judgement))
        let saliency = try SaliencyImage.grey(
            from: judgement.saliency, width: photo.bitmap.width, height: photo.bitmap.height, region: region)
        let overlayFile = try JPEGEncoder.encode(rendered)
        let saliencyFile = try JPEGEncoder.encode(saliency)
        let occlusionFile = try hidden.map { try $0.picture(overlay, prepared, label: label) }
        let render = watch.lap()

        let document = Sidecar(
            photo: Sidecar.Photo(
                file: fileName, width: photo.width, height: photo.height, sha256: SHA256.hexDigest(of: data)),
            model: Sidecar.Model(name: model.name, sha256: model.sha256),
            predictions: predictions(judgement.scores, model),
            boxes: boxes.map { box in
                Sidecar.Box(
                    label: label, score: (probability * Double(box.strength)).rounded(toPlaces: 4),
                    bbox: prepared.boundingBox(box.rectangle), method: judgement.evidence?.method ?? "")
            },
            closerLook: judgement.closerLook.map { look in
                Sidecar.CloserLook(
                    bbox: prepared.boundingBox(look.part), wholePhoto: predictions(look.wholePhotoScores, model))
            },
            evidence: evidence.map { Sidecar.Evidence($0, label: label) },
            occlusion: hidden?.document, note: note(judgement, model),
            milliseconds: [
                "decode": decode, "forward": judgement.forward.rounded(toPlaces: 2),
                "explain": (judgement.explain + evidenceTime).rounded(toPlaces: 2), "render": render,
                "total": watch.total,
            ].merging(hidden == nil ? [:] : ["occlusion": occlusionTime]) { known, _ in known })
        return Result(
            document: document, overlay: overlayFile, saliency: saliencyFile, occlusion: occlusionFile,
            scores: judgement.scores,
            classIndex: judgement.classIndex, map: judgement.evidence?.map,
            method: judgement.evidence?.method ?? "gradient", warning: photo.warning,
            peaks: judgement.peaks)
    }

    /// The classes by falling score, the first five of them.
    func predictions(_ scores: [Float], _ model: LoadedModel) -> [Sidecar.Prediction] {
        let probabilities = softmax(scores)
        return scores.indices.sorted { scores[$0] > scores[$1] }.prefix(5).map { index in
            Sidecar.Prediction(
                label: model.labels[index], score: Double(scores[index]), probability: Double(probabilities[index]))
        }
    }

    private func note(_ judgement: Judgement, _ model: LoadedModel) -> String? {
        if model.isBackground(judgement.classIndex) {
            return "'\(model.labels[judgement.classIndex])' means that there is nothing to find, so there are no boxes"
        }
        if judgement.evidence == nil {
            return "this network has no layer whose maps could be read, so there are no boxes"
        }
        if judgement.closerLook != nil {
            return "the whole photo was judged as background; the predictions are of the part in closerLook"
        }
        return nil
    }

    private func footnote(_ sentence: String?, _ judgement: Judgement) -> String? {
        let look = judgement.closerLook.map { _ in "Seen on a closer look at a part of the photo." }
        let parts = [look, sentence].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    private func caption(_ label: String, _ probability: Double) -> String {
        "\(label) \(Int((probability * 100).rounded())) %"
    }
}

extension Sidecar.Evidence {
    init(_ evidence: Evidence, label: String) {
        self.init(
            probability: evidence.probability.rounded(toPlaces: 4), boxHidden: evidence.boxHidden.rounded(toPlaces: 4),
            elsewhereHidden: evidence.elsewhereHidden.rounded(toPlaces: 4),
            onlyBox: evidence.onlyBox.rounded(toPlaces: 4), verdict: evidence.verdict.rawValue,
            sentence: evidence.sentence(label: label))
    }
}

/// Divides by the maximum: the overlay wants 0…1.
func scaledToOne(_ map: Tensor) -> Tensor {
    let highest = map.withUnsafeValues { $0.max() ?? 0 }
    guard highest > 0, highest.isFinite else { return Tensor(shape: map.shape) }
    return Tensor(shape: map.shape) { target in
        map.withUnsafeValues { for index in target.indices { target[index] = max($0[index], 0) / highest } }
    }
}
