import DatasetSearch
import Execution
import Interpretation
import Localization
import Networks
import Photos
import Tensors

/// Looks at a photo through a classifier. Each of its questions is one visit to the network's session.
package struct Judge: Sendable {
    let model: LoadedModel
    /// Whether to read what the units answer, and what the last layer reads, from the same pass.
    let readsUnits: Bool
    /// Whom it asks for the verdict.
    private(set) var verdictNetworks: VerdictNetworks
    let asker: Asker

    /// A part that the network calls an animal with at least this probability is believed over "nothing here".
    static let closerLookProbability: Float = 0.7
    /// So many labels that hold get a map of their own.
    static let mostLabels = 16
    /// The part looked at closer: where the heat map of the best animal reaches this multiple of the box threshold.
    static let closerLookFactor: Float = 2

    package init(
        model: LoadedModel, readsUnits: Bool = false, beside verdictNetworks: VerdictNetworks = VerdictNetworks(),
        for asker: Asker = .person
    ) {
        self.model = model
        self.readsUnits = readsUnits
        self.verdictNetworks = verdictNetworks
        // Nobody's second opinion is its own.
        if verdictNetworks.opinion?.name == model.name { self.verdictNetworks.opinion = nil }
        self.asker = asker
    }

    /// Judges the photo, has the animal looked for, compares the two, and hides windows where that is wanted.
    ///
    /// - Parameters:
    ///   - classIndex: the class to explain; the most probable one where nil.
    ///   - animal: what a person marked; nil asks the animal network.
    ///   - hidesWindows: whether to find out what hiding windows costs as well.
    /// - Throws: `PhotoError`, `InterpretationError`, `LocalizationError`.
    package func look(
        at prepared: PreparedPhoto, classIndex: Int? = nil, animal: AnimalSighting? = nil, hidesWindows: Bool = false
    ) async throws -> ClassLook {
        var judgement = try await judge(prepared, classIndex: classIndex)
        var watch = Stopwatch()
        let search = try await search(prepared, animal)
        let searching = watch.lap()
        if classIndex == nil, search.finding == .foundNothing { judgement.expectMore(of: model) }
        var look = try await asker.during { () throws(PhotoError) in try ClassLook(judgement, of: prepared, model) }
        if classIndex == nil, search.finding == .foundNothing, judgement.isFound, model.kind == .exclusive,
            let box = look.boxes.first?.rectangle,
            let opinion = try await opinion(on: judgement.classIndex, around: box, in: prepared)?.given, opinion.doubts
        {
            judgement.stopAt(.doubted(opinion))
            look = try await asker.during { () throws(PhotoError) in try ClassLook(judgement, of: prepared, model) }
        }
        look.animal = search.sighting
        look.steps["animal"] = search.sighting == nil ? nil : searching
        watch = Stopwatch()
        if classIndex == nil, judgement.isFound, model.kind == .exclusive, let sighting = search.sighting,
            sighting.largeParts.count > 1
        {
            look.add(try await name(eachOf: sighting, in: prepared), of: sighting)
            look.steps["animals"] = watch.lap()
        }
        if let checked = try await check(judgement, look, search, in: prepared) {
            (look.verdict, look.evidence, look.spot) = (checked.verdict, checked.evidence, checked.spot)
            look.opinionModel = verdictNetworks.opinion
            look.note = ClassLook.note([look.note, checked.remark])
        }
        look.steps["verdict"] = watch.lap()
        if hidesWindows {
            look.hiddenWindows = try await hideWindows(of: prepared, judgement)
            look.steps["occlusion"] = watch.lap()
        }
        return look
    }

    private func search(_ prepared: PreparedPhoto, _ marked: AnimalSighting?) async throws -> AnimalSearch {
        if let marked { return .sighted(marked) }
        guard let finder = verdictNetworks.finder else { return .nobodyLooked }
        do {
            return .sighted(try await AnimalFinder(model: finder, for: asker).look(at: prepared))
        } catch let error as PhotoError {
            // What the classifier can see need not fit the animal network.
            return .failed("\(error)")
        }
    }

    /// Classifies and explains.
    ///
    /// An animal that is small in the photo drowns in the average over all places. So where the whole photo is called
    /// background, the place where most speaks for an animal is looked at by itself, and where the network is sure of
    /// that, the photo is judged by it.
    ///
    /// - Parameter classIndex: the class to explain; the most probable one where nil.
    func judge(_ prepared: PreparedPhoto, classIndex: Int? = nil) async throws -> Judgement {
        let input = prepared.input
        return try await asker.perform(on: model) { (evaluator) throws(any Error) in
            let clock = ContinuousClock()
            let start = clock.now
            var pass = try firstPass(input.tensor, evaluator)
            var scores = pass.scores
            let units = readsUnits ? try model.units { [pass] in try pass.activation($0) } : nil
            let features = readsUnits ? try model.features { [pass] in try pass.activation($0) } : nil
            let forwardEnd = clock.now
            var explained = try pass.resolve(classIndex)
            var closerLook: Judgement.CloserLook?
            var decisive = try SeenInput(prepared)
            if classIndex == nil, model.isBackground(explained), model.kind.hasProbabilities,
                let found = try await look(closerAt: pass, prepared, evaluator)
            {
                closerLook = Judgement.CloserLook(part: found.part, wholePhotoScores: scores)
                scores = found.scores
                explained = found.classIndex
                decisive = found.seen
                pass = try firstPass(input.tensor, evaluator)
            }
            let holding = classIndex == nil && model.kind == .independent ? model.holding(scores) : []
            explained = holding.first ?? explained
            let wanted = [explained] + holding.dropFirst().prefix(Judge.mostLabels - 1)
            let next = model.isBackground(explained) && model.kind.hasProbabilities ? bestForeground(scores) : nil
            let heatMaps = try await heatMaps(pass, input.tensor, wanted + [next].compactMap { $0 }, evaluator)
            let signal = try pass.signals(ofClass: explained)[0] ?? Tensor(shape: input.tensor.shape)
            return Judgement(
                scores: scores, classIndex: explained,
                isFound: !model.isBackground(explained)
                    && (classIndex != nil || model.isClaimed(explained, scores)),
                heatMap: heatMaps[0],
                further: zip(wanted, heatMaps).dropFirst().map { (classIndex: $0, heatMap: $1) },
                next: next.map { (classIndex: $0, heatMap: heatMaps[wanted.count]) },
                unexplained: max(holding.count - wanted.count, 0), saliency: channelMaximum(signal),
                closerLook: closerLook, units: units, features: features, decisive: decisive,
                forward: (forwardEnd - start) / .milliseconds(1),
                explain: (clock.now - forwardEnd) / .milliseconds(1))
        }
    }

    /// The highest score of what is not background.
    private func bestForeground(_ scores: [Float]) -> Int? {
        scores.indices.filter { !model.isBackground($0) }.max { scores[$0] < scores[$1] }
    }

    func firstPass(_ input: Tensor, _ evaluator: Evaluator) throws(InterpretationError) -> ClassificationPass {
        try model.firstPass(input, on: evaluator, readingUnits: readsUnits)
    }

    /// Where something speaks for each class: CAM where the head allows it, Grad-CAM (which is the same there) where not.
    func heatMaps(
        _ pass: ClassificationPass, _ input: Tensor, _ classes: [Int], _ evaluator: Evaluator
    ) async throws(InterpretationError) -> [Judgement.HeatMap?] {
        if model.network.classifier?.classActivation != nil {
            return try classes.map { (classIndex) throws(InterpretationError) in
                Judgement.HeatMap(
                    map: try pass.classActivationMap(ofClass: classIndex, of: model.network), method: "cam")
            }
        }
        let method = GradCAM()
        guard method.obstacle(for: model.network) == nil else { return classes.map { _ in nil } }
        let question = Question(network: model.network, input: input, classIndex: classes[0])
        return try await method.explain(question, classes: classes, on: evaluator).map {
            Judgement.HeatMap(map: $0.map, method: method.card.name)
        }
    }

    /// What hiding windows costs the class, with the method's defaults: windows of what decided, the whole photo as the
    /// network saw it or the part looked at closer.
    func hideWindows(of prepared: PreparedPhoto, _ judgement: Judgement) async throws -> HiddenWindows {
        let question = Question(
            network: model.network, input: judgement.decisive.input.tensor, classIndex: judgement.classIndex)
        let explanation = try await asker.perform(on: model) { (evaluator) throws(InterpretationError) in
            try await Occlusion().explain(question, on: evaluator)
        }
        return HiddenWindows(explanation, of: prepared, judgement, model)
    }

    /// The part where most speaks for something that is not background, if the network is sure of it.
    private func look(
        closerAt whole: ClassificationPass, _ prepared: PreparedPhoto, _ evaluator: Evaluator
    ) async throws -> (part: PixelRectangle, seen: SeenInput, scores: [Float], classIndex: Int)? {
        guard let best = bestForeground(whole.scores),
            let heatMap = try await heatMaps(whole, prepared.input.tensor, [best], evaluator)[0]
        else { return nil }
        let placed = try PlacedHeatMap(heatMap.map, region: prepared.region, without: prepared.photo.missing)
        guard let region = placed.regions(above: model.boxFinder.threshold * Judge.closerLookFactor).first else {
            return nil
        }
        let seen = try SeenInput(region, of: prepared)
        let pass = try ClassificationPass(model.network, seen.input.tensor, on: evaluator)
        let classIndex = try pass.resolve(nil)
        guard !model.isBackground(classIndex), let probability = pass.probabilities?[classIndex],
            probability >= Judge.closerLookProbability, model.kind == .exclusive || model.holds(classIndex, pass.scores)
        else { return nil }
        return (region, seen, pass.scores, classIndex)
    }
}
