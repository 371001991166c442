import Files
import Foundation
import Inbox
import WireProtocol

/// Has photos of the inbox done again, whatever their sidecars say: what failed, what an older network judged.
struct RedoRequest: Sendable {
    let catalog: Catalog
    let pipeline: PhotoPipeline
    let inbox: String
    /// What judges the inbox's photos now; nil where no network reads photos.
    let judge: PhotoJudge?

    /// - Throws: `RPCError` with `invalid-params` where not exactly one of photos and choice is named, `no-such-photo` for
    ///   a photo that is not in the inbox; nothing is done then.
    func redo(_ parameters: RedoParameters) async throws -> RedoResult {
        defer { pipeline.wake() }
        switch (parameters.photos, parameters.which) {
        case (nil, .failed?):
            return RedoResult(queued: try await catalog.redoAll(PhotoFilter(state: .failed)), inHand: [])
        case (nil, .olderModel?):
            guard let judge else { throw RPCError(.noSuchModel, "no network reads photos; see 'interpretctl models'") }
            return RedoResult(
                queued: try await catalog.redoAll(PhotoFilter(judgedByOtherThan: judge)), inHand: [])
        case (nil, .all?): return RedoResult(queued: try await catalog.redoAll(PhotoFilter()), inHand: [])
        case (let photos?, nil) where !photos.isEmpty: return try await redo(photos)
        default: throw RPCError(.invalidParameters, "redo: give either 'photos', at least one, or 'which'")
        }
    }

    private func redo(_ photos: [String]) async throws -> RedoResult {
        var paths: [FilePath] = []
        for photo in photos {
            guard photo.hasPrefix("/") else {
                throw RPCError(.invalidParameters, "redo: a photo's path should be absolute, got '\(photo)'")
            }
            guard let path = try await catalog.photo(at: photo, in: FilePath(inbox))?.path else {
                throw RPCError(.noSuchPhoto, "there is no photo \(photo) in the inbox \(inbox)")
            }
            paths.append(path)
        }
        let answers = try await catalog.redo(paths)
        return RedoResult(
            queued: answers.count { $0 }, inHand: zip(photos, answers).filter { !$0.1 }.map(\.0))
    }
}
