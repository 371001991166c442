import DatasetSearch
import Execution
import Files
import Foundation
import Inbox
import Interpretation
import Localization
import Logging
import Photos
import WireProtocol

/// What the pipeline does with each photo of the inbox: look at it with the standard model, cut it up with the
/// segmentation model where there is one, and note in the index what the standard model's units answered and how it decided.
struct InboxProcessor: PhotoProcessing {
    let composer: Composer
    /// A classifier; or the segmentation model, where there is no classifier.
    let model: LoadedModel
    /// The segmentation model, where there is one.
    let segmenter: LoadedModel?
    /// Those asked for the verdict.
    let verdictNetworks: VerdictNetworks
    /// Tells these networks and their settings from others; noted in the documents.
    let judge: String?
    let metrics: Metrics
    /// Whether every photo gets an occlusion map.
    let hidesWindows: Bool
    /// Of `model`; nil where photos are not indexed.
    let index: UnitIndex?
    let logger: Logger

    func process(_ photo: QueuedPhoto) async throws -> PhotoResult {
        do {
            let named = try await NamedPhoto(reading: photo.path)
            let prepared = try await photo.computing.during { try prepare(named) }
            var (composition, answer) = try await compose(prepared, photo.computing)
            composition.document.judge = judge
            let document = composition.document
            metrics.record(document.milliseconds)
            var result = PhotoResult(
                sidecars: try composition.sidecars(of: photo.path.name),
                summary: PhotoSummary(of: document, sha256: prepared.sha256, warning: prepared.photo.warning),
                milliseconds: document.milliseconds)
            if let answer { result.whenWritten = { await note(answer, of: photo, prepared) } }
            return result
        } catch let error as UnreadablePhoto {
            throw PhotoFailure(error.error)
        } catch let error as PhotoError {
            throw PhotoFailure(error)
        } catch InterpretationError.scoresNotFinite, LocalizationError.interpretation(.scoresNotFinite) {
            // It would do so again.
            throw PhotoFailure.permanent(
                code: "network-overflow", message: "\(InterpretationError.scoresNotFinite)")
        } catch  where RPCError(translating: error).code == .busy {
            // Others compute in the memory that this takes: its turn comes again.
            throw PhotoFailure.transient(message: "\(error)")
        }
    }

    private func prepare(_ photo: NamedPhoto) throws -> PreparedPhoto {
        try PreparedPhoto(photo, for: model, and: [segmenter].compactMap { $0 } + verdictNetworks.all)
    }

    private func compose(
        _ prepared: PreparedPhoto, _ computing: ComputingMark
    ) async throws -> (Composition, answer: Answer?) {
        let asker = Asker(.freshPhoto, computing: computing)
        guard model.task == .classification else {
            let look = try await PhotoSegmenter(model: model, readsUnits: index != nil, for: asker).look(at: prepared)
            let composition = try await computing.during { try composer.compose(look, SidecarKind.pictures) }
            return (composition, look.units.map { Answer(units: $0, decision: nil) })
        }
        let judge = Judge(model: model, readsUnits: index != nil, beside: verdictNetworks, for: asker)
        let look = try await judge.look(at: prepared, hidesWindows: hidesWindows)
        var composition = try await computing.during {
            try composer.compose(look, SidecarKind.pictures)
        }
        if let segmenter {
            let look = try await PhotoSegmenter(model: segmenter, for: asker)
                .look(at: try prepared.prepared(for: segmenter))
            let missing = SidecarKind.pictures.filter { composition.picture($0) == nil }
            composition.add(try await computing.during { try composer.compose(look, missing) })
        }
        return (composition, look.units.map { Answer(units: $0, decision: look.decision(at: .now)) })
    }

    // MARK: The index

    /// What the index keeps of a photo.
    private struct Answer: Sendable {
        let units: Result<UnitPeaks, DatasetSearchError>
        /// Of a classifier.
        let decision: Decision?
    }

    private func note(
        _ answer: Answer, of photo: QueuedPhoto, _ prepared: PreparedPhoto
    ) async {
        do {
            switch answer.units {
            case .success(let peaks):
                try await index?.add(
                    UnitIndex.File(photo.path, photo.identity), sha256: prepared.sha256, width: prepared.photo.width,
                    height: prepared.photo.height, peaks: peaks, decision: answer.decision)
            case .failure(let error):
                // A unit overflows: that is the photo's, and only the index does without it.
                logger.warning("a photo is not indexed", metadata: ["photo": "\(photo.path)", "reason": "\(error)"])
            }
        } catch {
            // The photo is done all the same; `interpretctl index` on the inbox makes up for it.
            logger.error("a photo is not indexed", metadata: ["photo": "\(photo.path)", "reason": "\(error)"])
        }
    }

    func didVanish(_ path: FilePath) async {
        do {
            try await index?.remove(Data(path.bytes))
        } catch {
            logger.error("the unit index failed", metadata: ["photo": "\(path)", "reason": "\(error)"])
        }
    }
}

extension PhotoFailure {
    fileprivate init(_ error: PhotoError) {
        self =
            error == .outOfMemory
            ? .transient(message: "\(error)") : .permanent(code: error.code, message: "\(error)")
    }
}
