import DatasetSearch
package import Interpretation
import Localization
package import Photos
import Tensors

/// What a classifier sees in a photo and where it sees a class: values only, nothing is drawn.
package struct ClassLook: Sendable {
    let prepared: PreparedPhoto
    let model: LoadedModel
    /// Pre-softmax scores of what decided, by class index.
    let scores: [Float]
    /// The class explained.
    let classIndex: Int
    /// The method that says where.
    let method: String
    /// The method's own map [h,w]; nil where the network has no layer to read one from.
    let map: Tensor?
    /// What is laid over the photo; nil for nothing.
    let heatMap: PlacedHeatMap?
    /// What the grey picture shows, [h,w] over the network's input.
    let saliency: Tensor
    /// Strongest first; empty where there is nothing to find.
    let boxes: [PlacedHeatMap.Box]
    /// Class and probability, and the method where it was asked for by name.
    let caption: String
    /// Milliseconds by step.
    var steps: [String: Double]
    // What only a judge looks for.
    var closerLook: Judgement.CloserLook?
    /// The class's probability with the first box hidden.
    var evidence: Evidence?
    var hiddenWindows: HiddenWindows?
    var units: Result<UnitPeaks, DatasetSearchError>?
    /// What a reader of the numbers should know.
    var note: String?

    var label: String { model.labels[classIndex] }
    var probability: Double { Double(softmax(scores)[classIndex]) }

    /// What one method says of a class.
    ///
    /// - Parameter milliseconds: that the method took.
    package init(
        _ explanation: Explanation, by method: any InterpretationMethod, of prepared: PreparedPhoto,
        _ model: LoadedModel, milliseconds: Double
    ) throws(PhotoError) {
        self.prepared = prepared
        self.model = model
        scores = explanation.scores
        classIndex = explanation.classIndex
        self.method = method.card.name
        map = explanation.map
        saliency = explanation.picture
        let drawn = try PlacedHeatMap(
            explanation.picture, region: prepared.region, without: prepared.photo.missing)
        heatMap = drawn
        if method.localizes, !model.isBackground(explanation.classIndex) {
            // Most methods draw the map that they locate by; it is brought to the picture's size once.
            let located =
                explanation.picture.hasValues(of: explanation.map)
                ? drawn
                : try PlacedHeatMap(
                    explanation.map, region: prepared.region, without: prepared.photo.missing)
            boxes = located.boxes(model.boxFinder)
        } else {
            boxes = []
        }
        let probability = Double(softmax(explanation.scores)[explanation.classIndex])
        caption = "\(ClassLook.caption(model.labels[explanation.classIndex], probability)), \(method.card.name)"
        steps = ["explain": milliseconds]
    }

    /// What a judge says.
    init(_ judgement: Judgement, of prepared: PreparedPhoto, _ model: LoadedModel) throws(PhotoError) {
        self.prepared = prepared
        self.model = model
        scores = judgement.scores
        classIndex = judgement.classIndex
        method = judgement.heatMap?.method ?? "gradient"
        map = judgement.heatMap?.map
        saliency = judgement.saliency
        if let heatMap = judgement.heatMap, !model.isBackground(judgement.classIndex) {
            let placed = try PlacedHeatMap(
                heatMap.map, region: prepared.region, without: prepared.photo.missing)
            self.heatMap = placed
            boxes = placed.boxes(model.boxFinder)
        } else {
            heatMap = nil
            boxes = []
        }
        closerLook = judgement.closerLook
        units = judgement.units
        let label = model.labels[judgement.classIndex]
        caption = ClassLook.caption(label, Double(softmax(judgement.scores)[judgement.classIndex]))
        steps = ["forward": judgement.forward, "explain": judgement.explain]
        if model.isBackground(judgement.classIndex) {
            note = "'\(label)' means that there is nothing to find, so there are no boxes"
        } else if judgement.heatMap == nil {
            note = "this network has no layer whose maps could be read, so there are no boxes"
        } else if judgement.closerLook != nil {
            note = "the whole photo was judged as background; the predictions are of the part in closerLook"
        }
    }

    /// "cat 92 %"
    static func caption(_ label: String, _ probability: some BinaryFloatingPoint) -> String {
        "\(label) \(Int((probability * 100).rounded())) %"
    }
}

extension Tensor {
    fileprivate func hasValues(of other: Tensor) -> Bool {
        shape == other.shape && withUnsafeValues { own in other.withUnsafeValues { own.elementsEqual($0) } }
    }
}
