import Evaluation
import Foundation
import Interpretation
import Localization
import Photos
import Socket
import WireProtocol

/// Answers `compare`: maps of several methods or networks over one photo, side by side and in numbers.
struct CompareRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let composer: Composer

    /// More do not fit on a sheet.
    private static let most = 12
    /// Maps are ranked in so many cells along each side of the photo.
    private static let gridSide = 32
    /// Of a picture on the sheet, in pixels.
    private static let pictureSide = 448

    func compare(_ parameters: CompareParameters, _ context: RequestContext) async throws -> CompareResult {
        let networks =
            try (parameters.models ?? []).isEmpty
            ? [models.requested(nil)] : (parameters.models ?? []).map { try models.requested($0) }
        let named = try (parameters.methods ?? []).map(Methods.named)
        var asked: [(model: LoadedModel, method: any InterpretationMethod)] = []
        for model in networks {
            if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
            let methods = named.isEmpty ? Array(Methods.applicable(to: model.network).prefix(1)) : named
            asked += methods.map { (model, $0) }
        }
        guard (2...Self.most).contains(asked.count) else {
            throw RPCError(
                .badParameter,
                "compare takes 2 to \(Self.most) maps, methods times networks; these are \(asked.count): name several "
                    + "methods, or several networks")
        }
        let photo = try await NamedPhoto(reading: parameters.source, in: permitted, passed: context.passed)
        // Decoded once, large enough for all of them.
        let prepared = try PreparedPhoto(photo, for: networks[0], and: Array(networks.dropFirst()))
        var looks: [ClassLook] = []
        var maps: [CompareResult.Map] = []
        for (number, (model, method)) in asked.enumerated() {
            let (look, map) = try await look(prepared, model, method, parameters) { [count = asked.count] fraction in
                context.progress(
                    fraction: (Double(number) + fraction) / Double(count),
                    message: "\(method.card.name) of \(model.name)")
            }
            looks.append(look)
            maps.append(map)
        }
        var result = CompareResult(photo: Sidecar.Photo(prepared), maps: maps, pairs: pairs(looks))
        if parameters.images == true { result.sheet = try sheet(looks) }
        return result
    }

    private func look(
        _ prepared: PreparedPhoto, _ model: LoadedModel, _ method: any InterpretationMethod,
        _ parameters: CompareParameters, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> (ClassLook, CompareResult.Map) {
        let prepared = try prepared.prepared(for: model)
        let classIndex = try parameters.classLabel.map { try model.classIndex(requested: $0) }
        var watch = Stopwatch()
        let explanation = try await model.explanation(
            of: prepared, by: method, classIndex: classIndex, progress: progress)
        let milliseconds = watch.lap()
        let look = try ClassLook(
            explanation, by: method, of: prepared, model, wasAsked: classIndex != nil, milliseconds: milliseconds)
        let map = CompareResult.Map(
            model: model.name, method: method.card.name, label: look.label,
            probability: model.probability(of: look.classIndex, look.scores)?.rounded(toPlaces: 4),
            boxes: look.boxes.map { prepared.boundingBox($0.rectangle) },
            milliseconds: milliseconds.rounded(toPlaces: 1), warnings: explanation.warnings)
        return (look, map)
    }

    private func pairs(_ looks: [ClassLook]) -> [CompareResult.Pair] {
        let grids = looks.map { look in
            PhotoGrid(
                look.saliency, region: look.prepared.region, without: look.prepared.photo.missing,
                width: look.prepared.photo.bitmap.width, height: look.prepared.photo.bitmap.height, side: Self.gridSide)
        }
        return looks.indices.flatMap { first in
            (first + 1..<looks.count).map { second in
                CompareResult.Pair(
                    first: first, second: second,
                    rankCorrelation: correlation(grids[first], grids[second])?.rounded(toPlaces: 4),
                    boxOverlap: overlap(looks[first], looks[second])?.rounded(toPlaces: 4))
            }
        }
    }

    /// Over the cells that both networks saw.
    private func correlation(_ first: PhotoGrid?, _ second: PhotoGrid?) -> Double? {
        guard let first, let second else { return nil }
        let seen = first.values.indices.filter { first.isSeen[$0] && second.isSeen[$0] }
        return RankCorrelation.spearman(seen.map { first.values[$0] }, seen.map { second.values[$0] })
    }

    private func overlap(_ first: ClassLook, _ second: ClassLook) -> Double? {
        guard let a = first.boxes.first, let b = second.boxes.first else { return nil }
        return PixelBox(a.rectangle).intersectionOverUnion(PixelBox(b.rectangle))
    }

    private func sheet(_ looks: [ClassLook]) throws -> Data {
        let entries = try looks.map { look in
            var scene = look.prepared.scene(details: nil)
            scene.heat = look.heatMap.map { OverlayHeat($0, evidenceFor: look.label) }
            scene.boxes = look.boxes.map { box in
                OverlayBox(rectangle: box.rectangle, label: look.model.label(of: box.classIndex), caption: box.caption)
            }
            return ContactSheet.Entry(
                pictures: [try composer.overlay.render(scene)], caption: "\(look.model.name): \(look.caption)")
        }
        var sheet = ContactSheet(font: composer.overlay.font)
        sheet.side = Self.pictureSide
        return try JPEGEncoder.encode(try sheet.render(entries))
    }
}
