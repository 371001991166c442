import DatasetSearch
import Execution
import Files
import Foundation
import Interpretation
import Networks
import Photos
import Socket
import WireProtocol

/// Answers `units`: which photos excite a unit most, and which units a photo excites most unusually.
struct UnitsRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let indexes: UnitIndexes
    let font: Font

    func units(_ parameters: UnitsParameters, _ context: RequestContext) async throws -> UnitsResult {
        let model = try models.requested(parameters.model)
        let reader = UnitReader(model: model, index: try await indexes.index(of: model))
        let count = parameters.count ?? 5
        guard (1...UnitIndex.largestCount).contains(count) else {
            throw RPCError(.badParameter, "count should lie between 1 and \(UnitIndex.largestCount), got \(count)")
        }
        let layer = try parameters.layer.map { try UnitsRequest.layer($0, of: model) }
        switch (parameters.unit, parameters.source) {
        case (let unit?, nil):
            guard let layer else {
                throw RPCError(.invalidParameters, "units: name the layer of unit \(unit) in 'layer'")
            }
            return try await strongest(layer, unit, count, reader, withSheet: parameters.images == true, context)
        case (nil, let source?):
            let photo = try await NamedPhoto(reading: source, in: permitted, passed: context.passed)
            return try await unusual(photo, layer, count, reader)
        case (nil, nil), (.some, .some):
            throw RPCError(.invalidParameters, "units: give either 'layer' and 'unit', or a photo")
        }
    }

    private static func layer(_ name: String, of model: LoadedModel) throws(RPCError) -> Int {
        if let layer = model.indexedLayer(named: name) { return layer }
        let graph = model.network.graph
        let known = model.indexedLayers.map(\.name).joined(separator: ", ")
        let value = graph.nodes.first { $0.name == name }?.output ?? graph.value(named: name)
        if let value, graph.constants[value] == nil {
            // The activation that reads the layer, for people who name the convolution.
            let reader = model.indexedLayers.first { layer in
                graph.nodes.contains { $0.output == layer.value && $0.inputs.contains(value) }
            }
            let advice = reader.map { "the activation behind it is '\($0.name)'" } ?? "it has \(known)"
            throw RPCError(.noSuchLayer, "the unit index has no layer '\(name)'; \(advice)")
        }
        throw RPCError(.noSuchLayer, "model '\(model.name)' has no layer '\(name)'; its unit index has \(known)")
    }

    // MARK: The photos of a unit

    private func strongest(
        _ layer: Int, _ unit: Int, _ count: Int, _ reader: UnitReader, withSheet: Bool, _ context: RequestContext
    ) async throws -> UnitsResult {
        let model = reader.model
        guard (0..<model.indexedLayers[layer].units).contains(unit) else {
            throw RPCError(
                .noSuchLayer,
                "layer '\(model.indexedLayers[layer].name)' has the units 0 to \(model.indexedLayers[layer].units - 1), "
                    + "not \(unit)")
        }
        let (strongest, left, unreachable) = try await currentStrongest(layer, unit, count, reader, context)
        var result = UnitsResult(
            model: Sidecar.Model(model), photos: strongest.photoCount, left: left)
        result.layer = model.indexedLayers[layer].name
        result.layerUnits = model.indexedLayers[layer].units
        result.unit = unit
        var patches: [UnitSheet.Patch] = []
        result.strongest = try strongest.matches.map { match in
            let patch = try model.patch(
                of: match.peak, layer: layer, width: match.photo.width, height: match.photo.height)
            // A file that can be looked at stands first.
            let files =
                match.photo.files.filter { !unreachable.contains($0.path) }
                + match.photo.files.filter {
                    unreachable.contains($0.path)
                }
            let paths = files.map(\.filePath)
            let isReachable = files.first.map { !unreachable.contains($0.path) } ?? false
            if withSheet, isReachable, let path = paths.first {
                patches.append(
                    UnitSheet.Patch(path: path, sha256: match.photo.sha256, value: match.peak.value, rectangle: patch))
            }
            return UnitsResult.Match(
                photo: paths.first?.string ?? "", copies: paths.dropFirst().map(\.string), sha256: match.photo.sha256,
                value: Double(match.peak.value), position: [Int(match.peak.y), Int(match.peak.x)],
                bbox: patch.map(BoundingBox.init),
                status: (isReachable ? UnitReader.Condition.unchanged : .unreachable).rawValue)
        }
        if withSheet { result.sheet = try await sheet(patches, layer, unit, model) }
        return result
    }

    /// The strongest photos that are still what they were. Each file is looked at; those that are gone or changed leave
    /// the index, and what they displaced comes back. Where too many have left, the lists are built anew first.
    private func currentStrongest(
        _ layer: Int, _ unit: Int, _ count: Int, _ reader: UnitReader, _ context: RequestContext
    ) async throws -> (strongest: UnitIndex.Strongest, left: [UnitsResult.Departure], unreachable: Set<Data>) {
        var left: [UnitsResult.Departure] = []
        while true {
            try Task.checkCancellation()
            let strongest = try await reader.index.strongest(layer: layer, unit: unit, count: count)
            guard strongest.isCertain else {
                try await reader.rebuild { fraction in
                    context.progress(
                        fraction: fraction, message: "so many photos have left that the index is built anew")
                }
                continue
            }
            var conditions: [(UnitIndex.File, UnitReader.Condition)] = []
            for match in strongest.matches {
                for file in match.photo.files {
                    conditions.append((file, await UnitReader.condition(of: file, sha256: match.photo.sha256)))
                }
            }
            var hasChanged = false
            for (file, condition) in conditions where condition == .gone || condition == .changed {
                if try await reader.index.remove(file.path) {
                    left.append(UnitsResult.Departure(photo: file.filePath.string, reason: condition.rawValue))
                    hasChanged = true
                }
            }
            if hasChanged { continue }
            return (strongest, left, Set(conditions.filter { $0.1 == .unreachable }.map(\.0.path)))
        }
    }

    private func sheet(
        _ patches: [UnitSheet.Patch], _ layer: Int, _ unit: Int, _ model: LoadedModel
    ) async throws -> Data? {
        guard !patches.isEmpty else { return nil }
        let title = "\(model.name), \(model.indexedLayers[layer].name), unit \(unit)"
        return try JPEGEncoder.encode(try await UnitSheet(font: font).draw(title, patches))
    }

    // MARK: The units of a photo

    private func unusual(
        _ photo: NamedPhoto, _ layer: Int?, _ count: Int, _ reader: UnitReader
    ) async throws -> UnitsResult {
        let model = reader.model
        let prepared = try PreparedPhoto(photo, for: model)
        let peaks = try await model.unitPeaks(of: prepared.input.tensor, as: .question)
        let standings = try await reader.index.mostUnusualUnits(
            of: peaks, sha256: prepared.sha256, layer: layer, count: count)
        var result = UnitsResult(model: Sidecar.Model(model), photos: try await reader.index.photoCount())
        result.layer = layer.map { model.indexedLayers[$0].name }
        result.layerUnits = layer.map { model.indexedLayers[$0].units }
        result.unusual = try standings.map { standing in
            UnitsResult.Standing(
                layer: model.indexedLayers[standing.layer].name, unit: standing.unit,
                value: Double(standing.peak.value), position: [Int(standing.peak.y), Int(standing.peak.x)],
                bbox: try model.patch(
                    of: standing.peak, layer: standing.layer, width: prepared.photo.width,
                    height: prepared.photo.height
                ).map(BoundingBox.init), rank: standing.stronger + 1,
                percentile: (standing.percentile * 100).rounded(toPlaces: 3))
        }
        return result
    }
}
