import Foundation
import Localization
import Photos

/// The upright photo with boxes and captions: over the class's heat map, or with the outlines of what is not background.
struct OverlayPicture: SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? {
        try composer.picture(try scene(of: look))
    }

    /// What the overlay shows of a classifier's look.
    func scene(of look: ClassLook) throws -> OverlayScene {
        var scene = look.prepared.scene(details: look.verdict.map(look.verdictSentence))
        scene.heat = look.heatMap.map {
            OverlayHeat($0, evidenceFor: look.next.map { look.model.label(of: $0.classIndex) } ?? look.label)
        }
        if let animal = look.animal, !animal.isEmpty {
            scene.outlines = [
                try OverlayOutline(
                    mask: animal.mask.pixels, width: animal.mask.width,
                    meaning: animal.largeParts.count > 1
                        ? OverlayWords("outline: the animals found", "animals found", "animals")
                        : OverlayWords("outline: the animal found", "animal found", "animal"))
            ]
        }
        scene.boxes = look.boxes.map { box in
            OverlayBox(rectangle: box.rectangle, label: look.model.label(of: box.classIndex), caption: box.caption)
        }
        if let next = look.next, let rectangle = next.rectangle {
            let label = look.model.label(of: next.classIndex)
            scene.boxesAreHints = true
            scene.boxes = [
                OverlayBox(
                    rectangle: rectangle, label: label,
                    caption: "strongest here for \(ClassLook.caption(label, next.probability))")
            ]
            scene.boxMeaning = OverlayWords("dotted: where most speaks for it", "most speaks for it", "maybe")
        }
        scene.closerLook = look.closerLook?.part
        scene.verdict = look.spokenVerdict
        return scene
    }

    func drawn(_ look: SegmentationLook, by composer: Composer) throws -> Data? {
        var scene = look.prepared.scene(details: nil)
        for segment in look.segments {
            let label = look.model.label(of: segment.classIndex)
            let color = ClassPalette.color(of: segment.classIndex)
            scene.outlines.append(
                try OverlayOutline(
                    mask: segment.mask.pixels, width: segment.mask.width,
                    meaning: OverlayWords("outline: \(label)", label), color: color.lightened, tint: color))
            scene.boxes += segment.parts.map { part in
                OverlayBox(
                    rectangle: PixelRectangle(part.box), label: label,
                    caption: ClassLook.caption(label, part.probability))
            }
        }
        scene.boxMeaning = OverlayWords("box: around a part that hangs together", "around a part", "part")
        scene.verdict = scene.boxes.isEmpty ? OverlayVerdict(words: "nothing found") : nil
        return try composer.picture(scene)
    }
}

extension RGBColor {
    /// Halfway to white: seen on dark photos.
    fileprivate var lightened: RGBColor {
        func half(_ value: UInt8) -> UInt8 { UInt8((Int(value) + 255) / 2) }
        return RGBColor(red: half(red), green: half(green), blue: half(blue))
    }
}
