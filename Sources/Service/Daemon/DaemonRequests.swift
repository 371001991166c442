import Files
import Foundation
import Inbox
import Interpretation
import Photos
import Socket
import Web
import WireProtocol

/// Answers the requests of the socket.
struct DaemonRequests: Sendable {
    let live: LiveModels
    let catalog: Catalog
    let metrics: Metrics
    let composer: Composer
    let checks: MethodChecks
    let indexes: UnitIndexes
    let inbox: String
    let permitted: PermittedFolders
    let thumbnails: Thumbnails
    /// Folder of what is remembered between runs.
    let state: String
    let socket: String
    /// What clients take of the daemon.
    let use: SocketUse
    let pipeline: PhotoPipeline
    let reloading: Reloading
    let bulletin: Bulletin

    /// Of the request: who begins with the networks of now ends with them.
    private var models: ModelStore { live.store }

    /// One row per method. The connection itself answers watch, unwatch and cancel.
    func handler() -> any RequestHandling {
        var router = RequestRouter()
        answer(RPCMethods.version, in: &router) { _, _ in .current }
        answer(RPCMethods.status, in: &router) { _, _ in try await status() }
        answer(RPCMethods.models, in: &router) { parameters, _ in try await describeModels(parameters) }
        answer(RPCMethods.methods, in: &router) { _, _ in Methods.all.map(\.card).map(MethodDescription.init) }
        let questions = PhotosRequest(catalog: catalog, inbox: FilePath(inbox))
        answer(RPCMethods.photos, in: &router) { parameters, _ in try await questions.photos(parameters) }
        answer(RPCMethods.overview, in: &router) { parameters, _ in try await questions.overview(parameters) }
        let corrections = CorrectionRequests(catalog: catalog, inbox: FilePath(inbox))
        answer(RPCMethods.correct, in: &router) { parameters, _ in try await corrections.correct(parameters) }
        answer(RPCMethods.corrections, in: &router) { parameters, _ in try await corrections.list(parameters) }
        answer(RPCMethods.report, in: &router) { parameters, context in
            try await ReportRequest(
                catalog: catalog, questions: questions, models: models, checks: checks,
                audits: AuditRequest(models: models, indexes: indexes, overlay: composer.overlay),
                thumbnails: thumbnails, inbox: inbox, state: FilePath(state)
            ).report(parameters, context)
        }
        answer(RPCMethods.metrics, in: &router) { _, _ in
            let now = metrics.snapshot.merging(use.figures) { metric, _ in metric }
            return now.merging(try await catalog.figures()) { _, kept in kept }
        }
        answer(RPCMethods.explain, in: &router) { parameters, context in
            try await ExplainRequest(models: models, permitted: permitted, composer: composer, checks: checks)
                .explain(parameters, context)
        }
        answer(RPCMethods.segment, in: &router) { parameters, context in
            try await SegmentRequest(models: models, permitted: permitted, composer: composer)
                .segment(parameters, context)
        }
        answer(RPCMethods.convert, in: &router) { parameters, context in
            try await ConvertRequest(models: models, permitted: permitted, catalog: catalog)
                .convert(parameters, context)
        }
        answer(RPCMethods.evaluate, in: &router) { parameters, context in
            try await EvaluateRequest(
                models: models, permitted: permitted, font: composer.overlay.font, checks: checks
            )
            .evaluate(parameters, context)
        }
        answer(RPCMethods.calibrate, in: &router) { parameters, context in
            try await CalibrateRequest(models: models, permitted: permitted, font: composer.overlay.font)
                .calibrate(parameters, context)
        }
        answer(RPCMethods.check, in: &router) { parameters, context in
            try await CheckRequest(models: models, permitted: permitted, checks: checks).check(parameters, context)
        }
        answer(RPCMethods.index, in: &router) { parameters, context in
            try await IndexRequest(models: models, permitted: permitted, indexes: indexes).index(parameters, context)
        }
        answer(RPCMethods.units, in: &router) { parameters, context in
            try await UnitsRequest(models: models, permitted: permitted, indexes: indexes, font: composer.overlay.font)
                .units(parameters, context)
        }
        answer(RPCMethods.audit, in: &router) { parameters, context in
            try await AuditRequest(models: models, indexes: indexes, overlay: composer.overlay)
                .audit(parameters, context)
        }
        answer(RPCMethods.neighbours, in: &router) { parameters, context in
            try await NeighboursRequest(
                models: models, permitted: permitted, indexes: indexes, overlay: composer.overlay
            )
            .neighbours(parameters, context)
        }
        answer(RPCMethods.concept, in: &router) { parameters, context in
            try await ConceptRequest(models: models, permitted: permitted, indexes: indexes).test(parameters, context)
        }
        answer(RPCMethods.compare, in: &router) { parameters, context in
            try await CompareRequest(models: models, permitted: permitted, composer: composer).compare(
                parameters, context)
        }
        answer(RPCMethods.run, in: &router) { parameters, context in
            try await RunRequest(models: models, permitted: permitted).run(parameters, context)
        }
        answer(RPCMethods.project, in: &router) { parameters, context in
            try await ProjectRequest(models: models, permitted: permitted, font: composer.overlay.font).project(
                parameters, context)
        }
        answer(RPCMethods.visualize, in: &router) { parameters, context in
            try await VisualizeRequest(models: models, font: composer.overlay.font).visualize(parameters, context)
        }
        answer(RPCMethods.redo, in: &router) { parameters, _ in
            try await RedoRequest(
                catalog: catalog, pipeline: pipeline, inbox: inbox, judge: models.judge
            ).redo(parameters)
        }
        answer(RPCMethods.reload, in: &router) { _, _ in try await reloading.reload() }
        answer(RPCMethods.clean, in: &router) { _, _ in
            let cleaned = try await pipeline.clean()
            return CleanResult(sidecars: cleaned.sidecars, temporary: cleaned.temporary)
        }
        answer(RPCMethods.doctor, in: &router) { _, _ in
            try await DoctorRequest(catalog: catalog, pipeline: pipeline, models: models, inbox: inbox, state: state)
                .examine()
        }
        return router
    }

    /// Counts the request, and says its errors in the protocol's words.
    private func answer<Parameters, Output>(
        _ method: RPCMethod<Parameters, Output>, in router: inout RequestRouter,
        _ body: @escaping @Sendable (Parameters, RequestContext) async throws -> Output
    ) {
        router.on(method) { [metrics] (parameters, context) async throws(RPCError) in
            do {
                let output = try await body(parameters, context)
                metrics.recordRequest(failed: false)
                return output
            } catch {
                metrics.recordRequest(failed: true)
                throw RPCError(translating: error)
            }
        }
    }

    // MARK: The smaller answers

    private func status() async throws -> StatusResult {
        let models = models
        let counts = try await catalog.counts()
        let current = try await catalog.working().map(\.path.string)
        let unread = pipeline.unreadFiles
        let damaged = try await catalog.condition().setAside.map {
            "the catalog was damaged, set aside as \($0), and built anew; see 'interpretctl doctor'"
        }
        let waiting = bulletin.waitingReload.map { ["a signal to read configuration and networks again waits: \($0)"] }
        var older = 0
        if let judge = models.judge { older = try await catalog.count(PhotoFilter(judgedByOtherThan: judge)) }
        let lastFailure = try await catalog.latest(1, in: .failed).first
        let failures = counts.failed > 0 ? try await catalog.failures() : nil
        let overflows = try await catalog.overflows()
        return StatusResult(
            version: WireVersion.software, uptimeSeconds: metrics.uptime.rounded(toPlaces: 1),
            pid: Int(ProcessInfo.processInfo.processIdentifier), inbox: inbox, socket: socket,
            page: bulletin.page, models: models.models.map(\.name), inboxModel: models.photoModel?.name,
            animalModel: models.verdictNetworks.finder?.name, opinionModel: models.verdictNetworks.opinion?.name,
            notices: models.notices + damaged + (waiting ?? []),
            photos: StatusResult.PhotoCounts(
                pending: counts.pending, working: counts.working, done: counts.done, failed: counts.failed),
            unread: unread.isEmpty ? nil : unread, current: current,
            lastError: lastFailure.map { "\($0.path): \($0.errorMessage ?? $0.errorCode ?? "failed")" },
            photosPerMinute: metrics.photosPerMinute, judgedByOlderModel: older == 0 ? nil : older,
            longestWaitSeconds: counts.pending > 0 ? try await catalog.longestWait() : nil, failures: failures,
            eventsLost: overflows == 0 ? nil : overflows, use: StatusResult.Use(metrics.memory, use.figures))
    }

    private func describeModels(_ parameters: ModelsParameters) async throws -> ModelsResult {
        let models = models
        let wanted = try parameters.model.map { [try models.requested($0)] } ?? models.models
        var descriptions: [ModelDescription] = []
        for model in wanted {
            descriptions.append(
                try await model.description(
                    isDefault: model.name == models.standard?.name, withLayers: parameters.layers ?? false,
                    checks: checks))
        }
        let refused = parameters.model == nil ? models.refused : []
        return ModelsResult(
            models: descriptions,
            refused: refused.map { ModelsResult.Refused(name: $0.name, path: $0.folder.path, error: "\($0.error)") },
            notices: parameters.model == nil ? models.notices : [])
    }
}

extension StatusResult.Use {
    /// Of the figures that `metrics` gives, too.
    init(_ process: [String: Double], _ clients: [String: Double]) {
        func share(_ figures: [String: Double], _ amount: String, of limit: String) -> Share? {
            guard let bytes = figures[amount], let most = figures[limit] else { return nil }
            return Share(bytes: Int(bytes), limit: Int(exactly: most) ?? .max)
        }
        self.init(
            resident: Int(process["resident_bytes"] ?? 0),
            plans: share(process, "plan_bytes", of: "plan_bytes_limit") ?? Share(bytes: 0, limit: .max),
            requests: share(clients, "request_bytes_in_flight", of: "request_bytes_limit"),
            passed: share(clients, "passed_bytes_in_flight", of: "passed_bytes_limit"),
            connections: Int(clients["connections"] ?? 0))
    }
}

extension MethodDescription {
    init(_ card: MethodCard) {
        self.init(
            name: card.name, summary: card.summary, cost: card.cost.rawValue, needs: card.needs, caveat: card.caveat,
            randomization: card.randomization.sentence, paper: card.paper,
            parameters: card.parameters.map(Parameter.init))
    }
}
