import Localization
import Photos

extension Judgement {
    /// What the animal network does not see is claimed from another probability on.
    mutating func expectMore(of model: LoadedModel) {
        guard isFound, let probability = model.probability(of: classIndex, scores), probability < model.unseenThreshold
        else { return }
        isFound = false
        missedUnseen = model.unseenThreshold
    }

    /// A mask over the bitmap, brought onto what decided: the whole photo as the network saw it, or the part looked at closer.
    ///
    /// - Returns: over the network's input, which pixels belong to the mask, and which show the photo and are no padding.
    func inputMasks(_ mask: PixelMask) throws -> (mask: PixelMask, shown: PixelMask) {
        let geometry = decisiveInput.geometry
        let part = closerLook?.part
        let onBitmap = try part == nil ? geometry.onPhoto(width: mask.width, height: mask.height) : geometry
        let columns = (0..<geometry.inputWidth).map { x in
            place(x, onBitmap.scaleX, onBitmap.offsetX, of: onBitmap.photoWidth, from: part?.x, in: mask.width)
        }
        let rows = (0..<geometry.inputHeight).map { y in
            place(y, onBitmap.scaleY, onBitmap.offsetY, of: onBitmap.photoHeight, from: part?.y, in: mask.height)
        }
        var pixels: [Bool] = [], shown: [Bool] = []
        for row in rows {
            for column in columns {
                shown.append(row != nil && column != nil)
                if let row, let column {
                    pixels.append(mask.pixels[row * mask.width + column])
                } else {
                    pixels.append(false)
                }
            }
        }
        return (
            try PixelMask(width: geometry.inputWidth, height: geometry.inputHeight, pixels: pixels),
            try PixelMask(width: geometry.inputWidth, height: geometry.inputHeight, pixels: shown)
        )
    }

    /// The row or column of the bitmap under the centre of one of the input; nil for padding.
    private func place(
        _ position: Int, _ scale: Double, _ offset: Double, of extent: Int, from start: Double?, in bitmap: Int
    ) -> Int? {
        let inside = (Double(position) + 0.5 - offset) / scale
        guard inside >= 0, inside < Double(extent) else { return nil }
        return min(Int(inside + (start ?? 0).rounded()), bitmap - 1)
    }
}
