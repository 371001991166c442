import DatasetSearch
import Files
import Foundation
import Inbox
import Socket
import Web
import WireProtocol

/// Answers `report`: what was found, for people who have no daemon at hand.
struct ReportRequest: Sendable {
    let catalog: Catalog
    let questions: PhotosRequest
    let models: ModelStore
    let checks: MethodChecks
    let audits: AuditRequest
    let thumbnails: Thumbnails
    let inbox: String
    /// Folder with room for a report until it is sent.
    let state: FilePath

    static let fileName = "report.html"
    /// All pairs of a class's photos are compared: more take longer than somebody waits for a report.
    private static let mostAudited = 5000
    /// A model card is shown up to here.
    private static let largestCard = 64 << 10
    /// A chart has at most about as many columns.
    private static let (mostHours, mostDays) = (72, 120)

    /// - Throws: `RPCError` with `bad-parameter` for a filter, a clock or a size that there is not.
    func report(_ parameters: ReportParameters, _ context: RequestContext) async throws -> ReportResult {
        let limit = parameters.bytes ?? ReportParameters.largestFile
        guard (ReportParameters.smallestFile...ReportParameters.largestFile).contains(limit) else {
            throw RPCError(
                .badParameter,
                "bytes should lie between \(ReportParameters.smallestFile) and \(ReportParameters.largestFile), got \(limit)"
            )
        }
        let zoneName = parameters.timeZone ?? "UTC"
        guard let zone = TimeZone(identifier: zoneName) else {
            throw RPCError(.badParameter, "there is no clock '\(zoneName)'; one is called Europe/Berlin, or UTC")
        }
        let created = Date()
        var asked = parameters.filter ?? PhotosParameters()
        (asked.order, asked.offset, asked.limit) = (nil, nil, nil)
        asked.until = min(asked.until ?? created, created)
        guard (asked.since ?? .distantPast) <= created else {
            throw RPCError(.badParameter, "'since' lies in the future, where no photo is")
        }
        let filter = try questions.filter(asked)
        let (overview, period) = try await overview(filter, zone.secondsFromGMT(for: created))
        context.progress(fraction: 0, message: "looking at the networks")
        var result = ReportResult(
            version: WireVersion.software, created: created, inbox: inbox, filter: asked, timeZone: zoneName,
            period: period, overview: overview, waiting: try await waiting(filter),
            networks: try await networks(overview, since: asked.since, context), answers: try await answers(asked))
        guard parameters.html ?? true else { return result }
        guard let sender = context.files else {
            throw RPCError(.invalidRequest, "report needs an id: its file is sent under it")
        }
        let maker = ReportMaker(catalog: catalog, thumbnails: thumbnails, folder: state)
        let (file, contents) = try await maker.make(result, of: filter, limit: limit) { share in
            context.progress(fraction: 0.1 + 0.85 * share, message: "putting photos into the report")
        }
        result.contents = contents
        context.progress(fraction: 0.95, message: "sending")
        result.files = [
            try await sender.send(ReportRequest.fileName, size: file.size) { range in
                try await FileWork.run(on: state) { try file.bytes(in: range) }
            }
        ]
        return result
    }

    // MARK: Numbers

    /// In pieces of time that make a chart of it.
    private func overview(_ filter: PhotoFilter, _ secondsFromGMT: Int) async throws -> (
        OverviewResult, ReportResult.Period
    ) {
        let day = 86_400
        func counted(by length: PeriodLength) async throws -> OverviewResult {
            OverviewResult(try await catalog.overview(filter, by: length))
        }
        let byDay = try await counted(by: PeriodLength(seconds: day, secondsFromGMT: secondsFromGMT))
        guard let first = byDay.periods.first?.start, let last = byDay.periods.last?.start else { return (byDay, .day) }
        let days = Int(last.timeIntervalSince(first)) / day + 1
        if days * 24 <= ReportRequest.mostHours {
            return (try await counted(by: PeriodLength(seconds: 3600, secondsFromGMT: secondsFromGMT)), .hour)
        }
        guard days > ReportRequest.mostDays else { return (byDay, .day) }
        // Time began on a Thursday; weeks begin on Mondays.
        let monday = PeriodLength(seconds: 7 * day, secondsFromGMT: secondsFromGMT + 3 * day)
        return (try await counted(by: monday), .week)
    }

    private func waiting(_ filter: PhotoFilter) async throws -> Int {
        var count = 0
        for state in [Inbox.PhotoState.pending, .working] where filter.state == nil || filter.state == state {
            var filter = filter
            filter.state = state
            count += try await catalog.count(filter)
        }
        return count
    }

    /// Of answers only their time, the label and the folder are asked about: a filter of verdicts is about what the network
    /// said before.
    private func answers(_ asked: PhotosParameters) async throws -> ReportResult.Answers {
        let given = try await catalog.corrections().filter { answer in
            (asked.since.map { answer.at >= $0 } ?? true) && (asked.until.map { answer.at < $0 } ?? true)
                && (asked.label.map { $0 == answer.label || $0 == answer.predicted } ?? true)
                && (asked.folder.map { answer.path.isInside(FilePath($0)) } ?? true)
        }
        var counts = Dictionary(uniqueKeysWithValues: PhotoCorrection.Answer.allCases.map { ($0.rawValue, 0) })
        for answer in given { counts[answer.answer.rawValue, default: 0] += 1 }
        let known = given.filter { $0.predicted != nil }
        return ReportResult.Answers(
            counts: counts, labels: known.count, right: known.count { $0.predicted == $0.label },
            latest: given.filter { $0.answer != .yes }.reversed().prefix(ReportResult.Answers.most).map(Correction.init)
        )
    }

    // MARK: Networks

    /// Those that decided about the photos and are loaded, as they are now.
    private func networks(
        _ overview: OverviewResult, since: Date?, _ context: RequestContext
    ) async throws -> [ReportResult.Network] {
        var networks: [ReportResult.Network] = []
        for model in models.models where overview.networks.contains(where: { $0.sha256 == model.sha256 }) {
            let description = try await model.description(
                isDefault: model.name == models.standard?.name, withLayers: false, checks: checks)
            networks.append(
                ReportResult.Network(
                    model: description, audit: try await audit(model, since, context),
                    card: await card(of: model)))
        }
        return networks
    }

    private func audit(_ model: LoadedModel, _ since: Date?, _ context: RequestContext) async throws
        -> ReportResult.Audit
    {
        func none(_ reason: String) -> ReportResult.Audit {
            ReportResult.Audit(photos: 0, suspicious: [], obstacle: reason)
        }
        guard model.task == .classification, model.preprocessor != nil else {
            return none("Only of a classifier that reads photos it can be said whether it has learned a shortcut.")
        }
        let count: Int
        do {
            count = try await audits.indexes.index(of: model).decisions(since: since).count
        } catch is ModelStoreError {
            return none("The network's layers cannot be indexed, so its decisions cannot be compared.")
        }
        guard count > 0 else { return none("No photo of this time has its evidence kept; 'interpretctl redo' does.") }
        guard count <= ReportRequest.mostAudited else {
            return none(
                "There are \(count) photos to compare, which takes longer than a report should; "
                    + "'interpretctl audit' compares them.")
        }
        let found = try await audits.audit(AuditParameters(since: since, model: model.name), context)
        return ReportResult.Audit(
            photos: found.photos,
            suspicious: found.ways.filter { !$0.reasons.isEmpty }.map { way in
                var way = way
                way.map = []
                return way
            })
    }

    /// `README.md` of the model's folder; nil where there is none that can be read as text.
    private func card(of model: LoadedModel) async -> String? {
        let file = FilePath(model.folder.path).appending("README.md")
        let data = try? await FileWork.run(on: file) {
            try OpenFile(file).contents(from: 0, count: ReportRequest.largestCard)
        }
        return data.map { String(decoding: $0, as: UTF8.self) }
    }
}
