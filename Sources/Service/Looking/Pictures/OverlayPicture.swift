import Foundation
import Localization
import Photos
import Tensors

/// The upright photo with boxes and captions: over the class's heat map, or with what is not background made bright.
struct OverlayPicture: SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? {
        try composer.picture(
            of: look.prepared, look.heatMap,
            boxes: look.boxes.map { OverlayBox(rectangle: $0.rectangle, caption: $0.caption) },
            headline: look.caption, footnote: footnote(look))
    }

    private func footnote(_ look: ClassLook) -> String? {
        let closer = look.closerLook.map { _ in "Seen on a closer look at a part of the photo." }
        let parts = [closer, look.evidence?.sentence(label: look.label)].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    func drawn(_ look: SegmentationLook, by composer: Composer) throws -> Data? {
        let boxes = look.segments.flatMap { segment in
            segment.parts.map { part in
                OverlayBox(
                    rectangle: PixelRectangle(part.box),
                    caption: ClassLook.caption(look.model.label(of: segment.classIndex), part.probability))
            }
        }
        let bitmap = look.prepared.photo.bitmap
        let heat = Tensor(shape: try Shape([bitmap.height, bitmap.width])) { values in
            values.initialize(repeating: 0)
            for segment in look.segments {
                for index in values.indices where segment.mask.pixels[index] { values[index] = 0.6 }
            }
        }
        return try JPEGEncoder.encode(
            try composer.overlay.render(
                photo: bitmap, heatMap: heat, missing: look.prepared.photo.missing, boxes: boxes,
                headline: boxes.isEmpty ? "nothing found" : nil, footnote: look.prepared.footnote(nil)))
    }
}
