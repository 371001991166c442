import DatasetSearch
import Execution
import Files
import Foundation
import Inbox
import Interpretation
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `concept`: whether a class's score grows towards a concept in a layer, and whether random photos would do as well
/// (Kim et al. 2018).
struct ConceptRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let indexes: UnitIndexes

    private static let runs = 2...100
    /// Activations of all photos are kept until the last run.
    private static let mostBytes = 1 << 30
    /// Of a class's photos in the index, the newest so many.
    private static let mostExamples = 100

    func test(_ parameters: ConceptParameters, _ context: RequestContext) async throws -> ConceptResult {
        let runs = parameters.runs ?? 10
        guard Self.runs.contains(runs) else {
            throw RPCError(.badParameter, "runs should lie between 2 and \(Self.runs.upperBound), got \(runs)")
        }
        let model = try models.requested(parameters.model)
        if let reason = model.whyNotExplained { throw RPCError(.methodNotApplicable, reason) }
        let classIndex = try model.classIndex(requested: parameters.classLabel)
        let layer = try NamedLayer(parameters.layer, of: model.network, input: model.exampleInput)
        let concept = try await photos(in: parameters.photos)
        let against = try await photos(in: parameters.against)
        let examples = try await examples(parameters, model, classIndex)
        let perRun = min(concept.count, against.count / 2)
        guard perRun >= 3, !examples.isEmpty else {
            throw RPCError(
                .badParameter,
                examples.isEmpty
                    ? "there are no photos of class '\(model.label(of: classIndex))': name a folder with --examples, or put "
                        + "some into the inbox"
                    : "a concept needs three photos or more and twice as many random ones; these are \(concept.count) and "
                        + "\(against.count)")
        }
        let all = concept.count + against.count + examples.count
        let bytes = all * layer.shape.count * MemoryLayout<Float>.size
        guard bytes <= Self.mostBytes else {
            throw RPCError(
                .badParameter,
                "the activations of \(all) photos in layer '\(layer.name)' are \(bytes >> 20) MiB; choose a later layer, or "
                    + "fewer photos")
        }

        var skipped: [String: String] = [:]
        var read = 0
        func reading(_ paths: [FilePath], gradient: Bool) async throws -> [[Float]] {
            var found: [[Float]] = []
            for path in paths {
                try Task.checkCancellation()
                do {
                    let prepared = try PreparedPhoto(try await NamedPhoto(reading: path), for: model)
                    found.append(
                        try await values(of: layer, prepared.input.tensor, model, gradient ? classIndex : nil))
                } catch let error as UnreadablePhoto {
                    skipped[path.string] = "\(error)"
                }
                read += 1
                context.progress(fraction: 0.5 * Double(read) / Double(all), message: "reading photos")
            }
            return found
        }
        let gradients = try await reading(examples, gradient: true)
        let samples = Samples(
            concept: try await reading(concept, gradient: false), random: try await reading(against, gradient: false))
        guard Set((samples.concept + samples.random + gradients).map(\.count)).count == 1 else {
            throw RPCError(
                .badParameter,
                "layer '\(layer.name)' has another size for photos of another shape; use photos of one shape")
        }
        let tests = try samples.test(gradients, runs: runs, perRun, seed: UInt64(max(parameters.seed ?? 0, 0))) {
            share in
            try Task.checkCancellation()
            context.progress(fraction: 0.5 + 0.5 * share, message: "fitting directions")
        }
        return ConceptResult(
            model: Sidecar.Model(model), classLabel: model.label(of: classIndex), layer: layer.name,
            examples: gradients.count, perRun: tests.perRun, concept: tests.concept, random: tests.random,
            probability: tests.probability, isSignificant: tests.probability < 0.05, isConverged: tests.isConverged,
            skipped: skipped)
    }

    /// What the layer gives for a photo, or the gradient of the class score with respect to it.
    private func values(
        of layer: NamedLayer, _ input: Tensor, _ model: LoadedModel, _ classIndex: Int?
    ) async throws -> [Float] {
        try await model.network.session.perform(as: .longQuestion) { (evaluator) throws(InterpretationError) in
            guard let classIndex else {
                return try ClassificationPass(model.network, input, on: evaluator, keeping: [layer.value])
                    .activation(layer.value).values
            }
            let pass = try ClassificationPass(
                model.network, input, on: evaluator, derivatives: [([layer.value], .gradient)])
            guard let gradient = try pass.signals(ofClass: classIndex)[0] else {
                throw .badParameter("the class score does not depend on layer '\(layer.name)'; choose an earlier one")
            }
            return gradient.values
        }
    }

    private func photos(in folder: String) async throws -> [FilePath] {
        guard folder.hasPrefix("/") else {
            throw RPCError(.badParameter, "concept: folders should be absolute paths, got '\(folder)'")
        }
        let path = try await permitted.folder(folder, member: "folder")
        return try await FileWork.run(on: path) {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path.string) else {
                throw RPCError(
                    .badParameter, "the daemon cannot read the folder \(folder); let its user or group read it")
            }
            return names.sorted().filter { InboxRules.isPhoto(name: Array($0.utf8)) }.map {
                path.appending($0)
            }
        }
    }

    private func examples(
        _ parameters: ConceptParameters, _ model: LoadedModel, _ classIndex: Int
    ) async throws -> [FilePath] {
        if let folder = parameters.examples { return try await photos(in: folder) }
        return try await indexes.index(of: model).decisions(ofClass: classIndex)
            .sorted { $0.decision.time > $1.decision.time }.prefix(Self.mostExamples)
            .compactMap { $0.photo.files.first?.filePath }
    }
}

/// Activations of a layer, one array a photo.
private struct Samples {
    let concept: [[Float]]
    let random: [[Float]]

    struct Tests {
        let perRun: Int
        let concept: ConceptResult.Scores
        let random: ConceptResult.Scores
        let probability: Double
        let isConverged: Bool
    }

    /// In each run the concept's photos, or as many of them, are set against random ones, and these against others.
    func test(
        _ gradients: [[Float]], runs: Int, _ wanted: Int, seed: UInt64, onProgress: (Double) throws -> Void
    ) throws -> Tests {
        let perRun = min(wanted, concept.count, random.count / 2)
        var (ofConcept, ofRandom) = ([ConceptVector](), [ConceptVector]())
        for run in 0..<runs {
            try onProgress(Double(run) / Double(runs))
            var generator = SeededGenerator(seed: seed, sample: run)
            let shown = concept.shuffled(using: &generator).prefix(perRun)
            let drawn = random.shuffled(using: &generator)
            let (first, second) = (Array(drawn.prefix(perRun)), Array(drawn.dropFirst(perRun).prefix(perRun)))
            ofConcept.append(try ConceptVector(concept: Array(shown), random: first))
            ofRandom.append(try ConceptVector(concept: second, random: first))
        }
        let scores = [ofConcept, ofRandom].map { vectors in
            vectors.map { vector in ConceptVector.score(gradients.map(vector.sensitivity)) }
        }
        func summary(_ values: [Double], _ vectors: [ConceptVector]) -> ConceptResult.Scores {
            func mean(_ values: [Double]) -> Double {
                (values.reduce(0, +) / Double(max(values.count, 1))).rounded(toPlaces: 4)
            }
            return ConceptResult.Scores(
                values: values.map { $0.rounded(toPlaces: 4) }, mean: mean(values),
                heldOutAccuracy: mean(vectors.map(\.heldOutAccuracy)))
        }
        return Tests(
            perRun: perRun, concept: summary(scores[0], ofConcept), random: summary(scores[1], ofRandom),
            probability: StudentTest(scores[0], scores[1])?.probability ?? 1,
            isConverged: (ofConcept + ofRandom).allSatisfy(\.isConverged))
    }
}
