import Foundation
import Inbox
import Interpretation
import Localization
package import Photos
import Tensors
package import WireProtocol

/// Makes the members of the document and the pictures of what was seen. Whoever wants some of them asks for these; how
/// they look is decided here alone.
package struct Composer: Sendable {
    package var overlay: Overlay
    /// What pictures are written as.
    package var format = PictureFormat.usual
    /// Whether the saliency picture is the grey map alone, without the photo under it, title and scale.
    package var plainSaliency: Bool

    package init(overlay: Overlay, plainSaliency: Bool = false) {
        self.overlay = overlay
        self.plainSaliency = plainSaliency
    }

    // MARK: A class

    /// - Parameter kinds: the pictures wanted, in their order; those that the look has nothing for are left out.
    /// - Throws: `PhotoError`.
    package func compose(_ look: ClassLook, _ kinds: [SidecarKind]) throws -> Composition {
        var watch = Stopwatch()
        let pictures = try kinds.compactMap { kind in
            try kind.picture?.drawn(look, by: self).map { SidecarFile(kind, contents: $0) }
        }
        let document = Sidecar(
            photo: Sidecar.Photo(look.prepared), model: Sidecar.Model(look.model),
            predictions: look.model.predictions(look.scores),
            boxes: look.boxes.map { box in
                look.prepared.box(
                    box.rectangle, label: look.model.label(of: box.classIndex), score: box.score, method: look.method)
            },
            animals: look.animals.isEmpty ? nil : look.animals.map { Sidecar.Animal($0, look) },
            closerLook: look.closerLook.map { closer in
                Sidecar.CloserLook(
                    bbox: look.prepared.boundingBox(closer.part),
                    wholePhoto: look.model.predictions(closer.wholePhotoScores))
            },
            evidence: look.evidence.map { Sidecar.Evidence($0, label: look.label) }, verdict: Sidecar.Verdict(look),
            occlusion: look.hiddenWindows?.document, note: look.note,
            milliseconds: look.prepared.milliseconds(look.steps, render: watch.lap()))
        return Composition(document: document, pictures: pictures)
    }

    /// A file of ``format``.
    ///
    /// - Throws: `PhotoError`.
    func picture(_ scene: OverlayScene) throws(PhotoError) -> Data {
        try format.encode(try overlay.render(scene))
    }

    /// The overlay as pixels, as large as fits into `room`.
    ///
    /// - Throws: `PhotoError`, and what drawing the outline throws.
    package func preview(of look: ClassLook, in room: PictureRoom) throws -> PicturePixels {
        let bitmap = try overlay.preview(
            of: try OverlayPicture().scene(of: look), width: room.width, height: room.height)
        return PicturePixels(width: bitmap.width, height: bitmap.height, rgb: Data(bitmap.pixels))
    }

    // MARK: A segmentation

    /// - Parameter kinds: the pictures wanted, in their order; those that the look has nothing for are left out.
    /// - Throws: `PhotoError`, `LocalizationError`, `TensorError`.
    package func compose(_ look: SegmentationLook, _ kinds: [SidecarKind]) throws -> Composition {
        var watch = Stopwatch()
        let pictures = try kinds.compactMap { kind in
            try kind.picture?.drawn(look, by: self).map { SidecarFile(kind, contents: $0) }
        }
        let parts = look.segments.flatMap { segment in segment.parts.map { (segment.classIndex, $0) } }
        let boxes = parts.map { classIndex, part in
            look.prepared.box(
                PixelRectangle(part.box), label: look.model.label(of: classIndex), score: Double(part.probability),
                method: Sidecar.Box.segmentation)
        }
        var document = Sidecar(
            photo: Sidecar.Photo(look.prepared), model: Sidecar.Model(look.model), predictions: [],
            boxes: boxes.sorted { $0.bbox.width * $0.bbox.height > $1.bbox.width * $1.bbox.height },
            note: boxes.isEmpty ? "the network sees nothing but background, so there are no boxes" : nil,
            milliseconds: [:])
        document.segmentation = Sidecar.Segmentation(
            model: Sidecar.Model(look.model),
            segments: try look.segments.map { segment in
                let full = try look.prepared.fullSize(segment.mask)
                return Sidecar.Segmentation.Segment(
                    label: look.model.label(of: segment.classIndex),
                    color: ClassPalette.color(of: segment.classIndex).hex,
                    area: full.share, mask: SegmentResult.RunLengths(full))
            })
        document.milliseconds = look.prepared.milliseconds(look.steps, render: watch.lap())
        return Composition(document: document, pictures: pictures)
    }

    // MARK: An object

    /// - Parameter withImages: whether mask and overlay are wanted as pictures.
    /// - Throws: `PhotoError`, `LocalizationError`, `TensorError`.
    func compose(_ cutOut: CutOut, withImages: Bool) throws -> SegmentResult {
        let full = try cutOut.prepared.fullSize(cutOut.mask)
        let label = cutOut.model.label(of: cutOut.classIndex)
        return SegmentResult(
            photo: Sidecar.Photo(cutOut.prepared), model: Sidecar.Model(cutOut.model),
            predictions: cutOut.scores.map(cutOut.model.predictions) ?? [], classLabel: label,
            method: cutOut.method, bbox: full.box.map { BoundingBox(PixelRectangle($0)) },
            mask: SegmentResult.RunLengths(full),
            area: full.share, images: withImages ? try images(of: cutOut, label) : nil)
    }

    private func images(of cutOut: CutOut, _ label: String) throws -> SegmentResult.Images {
        let bitmap = cutOut.prepared.photo.bitmap
        let mask = try cutOut.mask.resized(width: bitmap.width, height: bitmap.height)
        var scene = cutOut.prepared.scene(details: nil)
        scene.outlines = [
            try OverlayOutline(
                mask: mask.pixels, width: mask.width, meaning: OverlayWords("outline: \(label)", label),
                tint: OverlayOutline.tint)
        ]
        scene.boxes = mask.box.map { [OverlayBox(rectangle: PixelRectangle($0), label: label)] } ?? []
        scene.boxMeaning = OverlayWords("box: around it", "around it")
        scene.verdict = mask.box == nil ? OverlayVerdict(words: "no \(label) found") : nil
        return SegmentResult.Images(
            mask: try JPEGEncoder.encode(
                GreyBitmap(width: mask.width, height: mask.height, pixels: mask.pixels.map { $0 ? 255 : 0 })),
            overlay: try picture(scene))
    }
}
