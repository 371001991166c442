import Auditing
import DatasetSearch
import Files
import Foundation
import Photos
import Socket
import WireProtocol

/// Answers `audit`: in which ways a network decides about the photos of its index, and what speaks against each.
struct AuditRequest: Sendable {
    let models: ModelStore
    let indexes: UnitIndexes
    let overlay: Overlay

    func audit(_ parameters: AuditParameters, _ context: RequestContext) async throws -> AuditResult {
        var watch = Stopwatch()
        let model = try models.requested(parameters.model)
        guard model.task == .classification else {
            throw RPCError(
                .methodNotApplicable,
                model.whyNotExplained ?? "model '\(model.name)' decides for no class; audit needs a classifier")
        }
        let classIndex = try parameters.label.map { try model.classIndex(requested: $0) }
        let index = try await indexes.index(of: model)
        let asked = try await index.decisions(ofClass: classIndex, since: parameters.since)
            .filter { classIndex != nil || !model.isBackground($0.decision.classIndex) }
        let decided = asked.filter { $0.decision.map != nil }
        let photos = decided.compactMap(AuditedPhoto.init)
        var milliseconds = ["read": watch.lap().rounded(toPlaces: 1)]

        let audit = try Audit(of: photos) { share in
            try Task.checkCancellation()
            context.progress(fraction: 0.95 * share, message: "comparing \(AuditSheet.photos(photos.count))")
        }
        milliseconds["cluster"] = watch.lap().rounded(toPlaces: 1)
        let labels = audit.ways.map { model.label(of: $0.classIndex) }
        var result = AuditResult(
            model: Sidecar.Model(model), photos: photos.count, withoutDecision: try await index.undecidedCount(),
            withoutMap: asked.count - photos.count, method: decided.first?.decision.map?.method,
            classes: audit.classes.map { found in
                AuditResult.ClassWays(
                    label: model.label(of: found.classIndex), photos: found.photos, ways: found.ways,
                    eigenvalues: found.eigenvalues.map { $0.rounded(toPlaces: 5) })
            },
            ways: ways(audit, labels, decided, withMembers: parameters.members == true), milliseconds: milliseconds)
        guard parameters.images == true, !photos.isEmpty else { return result }
        context.progress(fraction: 0.95, message: "drawing")
        let title = "\(model.name), \(AuditSheet.photos(photos.count)), maps of \(result.method ?? "")"
        let sheet = try await AuditSheet(overlay: overlay).draw(audit, labels, decided, title: title)
        result.sheet = try JPEGEncoder.encode(sheet)
        result.milliseconds["draw"] = watch.lap().rounded(toPlaces: 1)
        return result
    }

    private func ways(
        _ audit: Audit, _ labels: [String], _ decided: [UnitIndex.DecidedPhoto], withMembers: Bool
    ) -> [AuditResult.Way] {
        var places: [Int: (x: Double, y: Double)] = [:]
        if withMembers {
            for place in audit.classes.flatMap(\.places) { places[place.photo] = (place.x, place.y) }
        }
        return zip(audit.ways, labels).map { way, label in
            AuditResult.Way(
                way, label: label,
                path: { decided[$0].photo.files.first?.filePath.string ?? "" }, places: withMembers ? places : nil)
        }
    }
}
