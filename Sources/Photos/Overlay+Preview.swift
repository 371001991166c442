extension Overlay {
    /// The scene as large as fits into `width` × `height` pixels, in the photo's proportions and not larger than it is
    /// rendered.
    ///
    /// Where the long side has ``smallestLongSide`` pixels the photo is brought to its size before it is drawn on, so that
    /// lines and letters are sharp. Smaller ones have no words, whose letters could not be read, no lines of equal heat, and
    /// lines thick enough to be seen.
    ///
    /// - Parameters:
    ///   - width: from 1.
    ///   - height: from 1.
    /// - Throws: `PhotoError.invalidSize`, and what ``render(_:)`` throws.
    public func preview(of scene: OverlayScene, width: Int, height: Int) throws(PhotoError) -> Bitmap {
        let (photo, longSide) = (scene.photo, max(scene.photo.width, scene.photo.height))
        let share = min(Double(width) / Double(photo.width), Double(height) / Double(photo.height))
        let wanted = share * Double(longSide)
        guard wanted < Double(Self.smallestLongSide) else {
            guard share < 1 else { return try render(scene) }
            return try render(scene.scaled(to: photo.resized(by: share)))
        }
        var plain = self
        plain.style.hasPlates = false
        plain.style.contourLevels = []
        // One pixel of the preview at least; the usual line is two pixels thick at this size.
        plain.style.lineFactor = max(Double(Self.smallestLongSide) / max(wanted, 1) / 2, 1)
        let base = try photo.resized(by: Double(Self.smallestLongSide) / Double(longSide))
        return try plain.render(scene.scaled(to: base)).resized(by: wanted / Double(Self.smallestLongSide))
    }
}

extension Bitmap {
    /// The picture `share` times as wide and high, at least a pixel each.
    fileprivate func resized(by share: Double) throws(PhotoError) -> Bitmap {
        try resized(
            toWidth: max(Int((Double(width) * share).rounded()), 1),
            height: max(Int((Double(height) * share).rounded()), 1), filter: .bicubic)
    }
}
