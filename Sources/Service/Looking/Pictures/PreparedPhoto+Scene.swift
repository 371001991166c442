import Photos

extension PreparedPhoto {
    /// The photo without anything on it but what is wrong with it: parts that are missing, and a sentence.
    ///
    /// - Parameter details: what else is to be said in small print, after that.
    func scene(details: String?) -> OverlayScene {
        let damage = photo.damage.map { $0.sentence.prefix(1).uppercased() + $0.sentence.dropFirst() + "." }
        let both = [damage, details].compactMap { $0 }.joined(separator: " ")
        return OverlayScene(
            photo: photo.bitmap, missing: photo.missing,
            details: OverlayWords([both, damage ?? ""].filter { !$0.isEmpty }))
    }
}

extension OverlayHeat {
    /// - Parameter label: of the class that the map is about.
    init(_ map: PlacedHeatMap, evidenceFor label: String) {
        self.init(
            map: map.scaledToOne, region: map.region,
            most: OverlayWords("most evidence for \(label)", "most for \(label)", label))
    }
}

extension OverlayOutline {
    /// Over the inside of what is not said to be of one class among several.
    static let tint = RGBColor(red: 150, green: 255, blue: 120)
}
