import DatasetSearch
import Localization
import Photos
import Tensors

/// What a classifier says of a photo, and where: everything that is read from it in one visit.
struct Judgement: Sendable {
    /// Where something speaks for a class.
    struct HeatMap: Sendable {
        /// Over the network's input [h,w].
        let map: Tensor
        /// The method that it is from.
        let method: String
    }

    /// Scores of the deciding look, before softmax or sigmoid.
    let scores: [Float]
    /// The class explained: the one asked for or the most probable one; of independent labels the most probable of those
    /// that hold.
    let classIndex: Int
    /// Whether the photo is said to show the class: not where it means that there is nothing to find, nor where it is not
    /// probable enough.
    var isFound: Bool
    /// The probability that it would take because the animal network found nothing; nil where that made no difference.
    var missedUnseen: Double?
    /// Of the class; nil where the network has no layer to read it from.
    let heatMap: HeatMap?
    /// The other labels that hold, most probable first, with what their maps are read from.
    let further: [(classIndex: Int, heatMap: HeatMap?)]
    /// Of a class that means nothing to find: the one that it would be next, and where most speaks for that.
    let next: (classIndex: Int, heatMap: HeatMap?)?
    /// How many labels hold that were not explained, since there are too many.
    let unexplained: Int
    /// |∂s/∂x|, [H,W] of the network's input.
    let saliency: Tensor
    let closerLook: CloserLook?
    /// What the units answered to the whole photo, where that was to be read; an error where one of them overflowed.
    let units: Result<UnitPeaks, DatasetSearchError>?
    /// What the linear layer behind the scores read of the whole photo [C], where that was to be read and there is one.
    let features: [Float]?
    /// What decided: the whole photo as the network saw it, or the part.
    let decisiveInput: NetworkInput
    /// Milliseconds.
    let forward: Double
    let explain: Double

    /// The input pixels that belong to a rectangle of the bitmap; nil where what decided does not show it.
    func inputBox(_ rectangle: PixelRectangle, on bitmap: Bitmap) throws -> PixelBox? {
        var (rectangle, geometry) = (rectangle, decisiveInput.geometry)
        if let part = closerLook?.part {
            rectangle.x -= part.x
            rectangle.y -= part.y
        } else {
            geometry = try geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        }
        guard let inside = geometry.inputRectangle(rectangle) else { return nil }
        let left = Int(inside.x.rounded(.down))
        let top = Int(inside.y.rounded(.down))
        return PixelBox(
            x: left, y: top, width: min(Int((inside.x + inside.width).rounded(.up)), geometry.inputWidth) - left,
            height: min(Int((inside.y + inside.height).rounded(.up)), geometry.inputHeight) - top)
    }

    /// The rectangle of the bitmap that shows a part of what decided; nil where that is padding.
    func bitmapRectangle(_ box: PixelBox, on bitmap: Bitmap) throws -> PixelRectangle? {
        let geometry = decisiveInput.geometry
        guard let part = closerLook?.part else {
            return try geometry.onPhoto(width: bitmap.width, height: bitmap.height).photoRectangle(PixelRectangle(box))
        }
        return geometry.photoRectangle(PixelRectangle(box)).map { inside in
            PixelRectangle(
                x: inside.x + part.x, y: inside.y + part.y, width: inside.width, height: inside.height)
        }
    }

    /// A second look at a part of the photo, in pixels of the bitmap.
    struct CloserLook: Sendable {
        let part: PixelRectangle
        let wholePhotoScores: [Float]
    }
}
