import DatasetSearch
import Execution
import Interpretation
import Localization
import Networks
import Photos
import Tensors

/// What a network says of a photo, and where: everything that is read from the network for one photo.
struct Judgement: Sendable {
    /// Pre-softmax scores of the deciding look.
    let scores: [Float]
    /// The class explained.
    let classIndex: Int
    /// Class evidence over the network's input [h,w], and the method it is from; nil where the network has none.
    let evidence: (map: Tensor, method: String)?
    /// |∂s/∂x|, [H,W] of the network's input.
    let saliency: Tensor
    let closerLook: CloserLook?
    /// What the units answered to the whole photo, where that was to be read.
    let peaks: UnitPeaks?
    /// What decided: the whole photo as the network saw it, or the part.
    let decisiveInput: NetworkInput
    /// Milliseconds.
    let forward: Double
    let explain: Double

    /// The input pixels that belong to a rectangle of the bitmap; nil where what decided does not show it.
    func inputBox(_ rectangle: PixelRectangle, on bitmap: Bitmap) throws -> PixelBox? {
        var (rectangle, geometry) = (rectangle, decisiveInput.geometry)
        if let part = closerLook?.part {
            rectangle.x -= part.x
            rectangle.y -= part.y
        } else {
            geometry = try geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        }
        guard let inside = geometry.inputRectangle(rectangle) else { return nil }
        let left = Int(inside.x.rounded(.down))
        let top = Int(inside.y.rounded(.down))
        return PixelBox(
            x: left, y: top, width: min(Int((inside.x + inside.width).rounded(.up)), geometry.inputWidth) - left,
            height: min(Int((inside.y + inside.height).rounded(.up)), geometry.inputHeight) - top)
    }

    /// A second look at a part of the photo, in pixels of the bitmap.
    struct CloserLook: Sendable {
        let part: PixelRectangle
        let wholePhotoScores: [Float]
    }
}

/// Looks at a photo through a classifier.
struct Judge {
    let model: LoadedModel
    /// Whether to read what the units answer, from the same pass.
    var readsUnits = false

    /// A part that the network calls an animal with at least this probability is believed over "nothing here".
    static let closerLookProbability: Float = 0.7
    /// The part looked at closer: where the evidence for the best animal reaches this multiple of the box threshold.
    static let closerLookFactor: Float = 2

    /// Compiles the plans for photos, so that the first one does not wait for them.
    func warmUp() async throws {
        guard let preprocessor = model.preprocessor else { return }
        let bitmap = try Bitmap(width: 320, height: 240, color: RGBColor(red: 128, green: 128, blue: 128))
        _ = try await judge(
            preprocessor.input(from: bitmap), of: bitmap, preprocessor: preprocessor, classIndex: nil)
    }

    /// Classifies and explains.
    ///
    /// An animal that is small in the photo drowns in the average over all places. So where the whole photo is called
    /// background, the place with the most evidence for an animal is looked at by itself, and where the network is
    /// sure of that, the photo is judged by it.
    ///
    /// - Parameter classIndex: the class to explain; the most probable one where nil.
    func judge(
        _ input: NetworkInput, of bitmap: Bitmap, preprocessor: Preprocessor, classIndex: Int?
    ) async throws -> Judgement {
        try await model.network.session.perform { (evaluator) throws(any Error) in
            let clock = ContinuousClock()
            let start = clock.now
            var pass = try firstPass(input.tensor, evaluator)
            var scores = pass.scores
            let peaks = readsUnits ? try model.unitPeaks { [pass] in try pass.activation($0) } : nil
            let forwardEnd = clock.now
            var explained = try pass.resolve(classIndex)
            var closerLook: Judgement.CloserLook?
            var decisiveInput = input
            if classIndex == nil, model.isBackground(explained),
                let found = try await look(closerAt: pass, input.tensor, bitmap, preprocessor, evaluator)
            {
                closerLook = Judgement.CloserLook(part: found.part, wholePhotoScores: scores)
                scores = found.scores
                explained = found.classIndex
                decisiveInput = found.input
                pass = try firstPass(input.tensor, evaluator)
            }
            let evidence = try await heatMap(pass, input.tensor, explained, evaluator)
            let signal = try pass.signals(ofClass: explained)[0] ?? Tensor(shape: input.tensor.shape)
            return Judgement(
                scores: scores, classIndex: explained, evidence: evidence, saliency: channelMaximum(signal),
                closerLook: closerLook, peaks: peaks, decisiveInput: decisiveInput,
                forward: (forwardEnd - start) / .milliseconds(1),
                explain: (clock.now - forwardEnd) / .milliseconds(1))
        }
    }

    private func firstPass(_ input: Tensor, _ evaluator: Evaluator) throws(InterpretationError) -> ClassificationPass {
        try model.firstPass(input, on: evaluator, readingUnits: readsUnits)
    }

    /// Where the class evidence lies: CAM where the head allows it, Grad-CAM (which is the same there) where not.
    private func heatMap(
        _ pass: ClassificationPass, _ input: Tensor, _ classIndex: Int, _ evaluator: Evaluator
    ) async throws(InterpretationError) -> (map: Tensor, method: String)? {
        if model.network.classifier?.classActivation != nil {
            return (try pass.classActivationMap(ofClass: classIndex, of: model.network), "cam")
        }
        let method = GradCAM()
        guard method.obstacle(for: model.network) == nil else { return nil }
        let question = Question(network: model.network, input: input, classIndex: classIndex)
        return (try await method.explain(question, on: evaluator).map, method.card.name)
    }

    /// What the decision rests on: the class's probability with the box hidden, with as much hidden elsewhere, and
    /// with only the box.
    func evidence(_ judgement: Judgement, box: PixelRectangle, on bitmap: Bitmap) async throws -> Evidence? {
        guard let box = try judgement.inputBox(box, on: bitmap) else { return nil }
        return try await model.network.session.perform { (evaluator) throws(any Error) in
            try Evidence.measure(
                model.network, input: judgement.decisiveInput.tensor, classIndex: judgement.classIndex, box: box,
                on: evaluator)
        }
    }

    /// The part with the most evidence for something that is not background, if the network is sure of it.
    private func look(
        closerAt whole: ClassificationPass, _ input: Tensor, _ bitmap: Bitmap, _ preprocessor: Preprocessor,
        _ evaluator: Evaluator
    ) async throws -> (part: PixelRectangle, input: NetworkInput, scores: [Float], classIndex: Int)? {
        let foreground = whole.scores.indices.filter { !model.isBackground($0) }
        guard let best = foreground.max(by: { whole.scores[$0] < whole.scores[$1] }),
            let evidence = try await heatMap(whole, input, best, evaluator)
        else { return nil }
        let placed = try EvidencePlacement(evidence.map, on: bitmap, preprocessor)
        guard let region = placed.regions(above: model.boxFinder.threshold * Judge.closerLookFactor).first else {
            return nil
        }
        let part = try preprocessor.input(from: try bitmap.crop(region))
        let pass = try ClassificationPass(model.network, part.tensor, on: evaluator)
        let classIndex = try pass.resolve(nil)
        guard !model.isBackground(classIndex), pass.probabilities[classIndex] >= Judge.closerLookProbability else {
            return nil
        }
        return (region, part, pass.scores, classIndex)
    }
}
