import Auditing
import DatasetSearch
import Files
import Foundation
import Photos
import Tensors

/// A contact sheet of an audit: a row a way, with the mean map, and typical photos under their own maps. Last, how the photos
/// lie in the plane of eigenvectors, coloured by way.
struct AuditSheet {
    /// So many of each way.
    static let typicalPhotos = 5
    /// More rows make a sheet that nobody looks through.
    private static let mostRows = 12

    let overlay: Overlay

    static func photos(_ count: Int) -> String { count == 1 ? "1 photo" : "\(count) photos" }

    /// - Parameters:
    ///   - labels: of the ways, in their order.
    ///   - decided: the photos, by position.
    /// - Throws: `PhotoError` where the sheet would be too large. A photo that has changed since it was decided, or cannot be
    ///   read, is left out.
    func draw(
        _ audit: Audit, _ labels: [String], _ decided: [UnitIndex.DecidedPhoto], title: String
    ) async throws -> Bitmap {
        var entries: [ContactSheet.Entry] = []
        for (number, (way, label)) in zip(audit.ways, labels).prefix(Self.mostRows).enumerated() {
            var pictures = [try mean(way.meanMap)]
            for member in way.members.prefix(Self.typicalPhotos) {
                if let picture = try await picture(of: decided[member]) { pictures.append(picture) }
            }
            let share = Int((100 * way.share.value).rounded())
            let photos = "\(way.members.count) of \(Self.photos(way.share.whole))"
            let reasons = way.reasons.isEmpty ? "" : ": " + way.reasons.joined(separator: "; ")
            entries.append(
                ContactSheet.Entry(
                    pictures: pictures,
                    caption: "\(number + 1)  \(label), \(photos) (\(share) %)" + reasons))
        }
        let planes = try audit.classes.filter { !$0.eigenvalues.isEmpty }.prefix(Self.typicalPhotos + 1)
            .map { try plane(of: $0, audit) }
        if !planes.isEmpty {
            entries.append(
                ContactSheet.Entry(
                    pictures: planes,
                    caption: "each photo by its second and third eigenvector, a picture a class, a colour a way"))
        }
        let left = audit.ways.count - Self.mostRows
        return try ContactSheet(font: overlay.font).render(
            entries, footnote: title + (left > 0 ? "; \(left) further ways are in the table" : ""))
    }

    private func mean(_ map: [Float]) throws -> Bitmap {
        let highest = max(map.max() ?? 0, .leastNormalMagnitude)
        let side = Decision.EvidenceMap.side
        return try Bitmap(
            width: side, height: side,
            pixels: map.flatMap { value in
                let color = ColorMap.inferno.color(for: value / highest)
                return [color.red, color.green, color.blue]
            })
    }

    private func picture(of decided: UnitIndex.DecidedPhoto) async throws -> Bitmap? {
        guard let path = decided.photo.files.first?.filePath, let map = decided.decision.map,
            let read = try? await NamedPhoto(reading: path), read.sha256 == decided.photo.sha256
        else { return nil }
        let side = Decision.EvidenceMap.side
        let photo = try read.naming {
            try PhotoDecoder.decode(read.bytes, for: .atLeast(inputWidth: 1, inputHeight: 1, longSide: 224)).bitmap
        }
        let highest = map.values.max() ?? 0
        let heat = try Tensor(
            shape: try Shape([side, side]), values: map.values.map { highest > 0 ? $0 / highest : 0 })
        return try overlay.heated(photo, by: heat)
    }

    // MARK: The plane

    private static let planeSide = 224
    private static let paper = RGBColor(red: 40, green: 44, blue: 50)

    private func plane(of result: Audit.ClassResult, _ audit: Audit) throws -> Bitmap {
        var canvas = Canvas(try Bitmap(width: Self.planeSide, height: Self.planeSide, color: Self.paper))
        let ways = audit.ways.enumerated().filter { $0.element.classIndex == result.classIndex }
        var colours: [Int: RGBColor] = [:]
        for (order, (_, way)) in ways.enumerated() {
            let value = Float(order + 1) / Float(ways.count)
            for member in way.members { colours[member] = ColorMap.viridis.color(for: value) }
        }
        let (xs, ys) = (result.places.map(\.x), result.places.map(\.y))
        func position(_ value: Double, _ values: [Double]) -> Double {
            let (low, high) = (values.min() ?? 0, values.max() ?? 0)
            return 4 + (high > low ? (value - low) / (high - low) : 0.5) * Double(Self.planeSide - 12)
        }
        for (photo, x, y) in result.places {
            canvas.fill(
                PixelRectangle(x: position(x, xs), y: position(y, ys), width: 4, height: 4),
                color: colours[photo] ?? .white)
        }
        return canvas.bitmap
    }
}
