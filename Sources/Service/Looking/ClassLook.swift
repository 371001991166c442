import DatasetSearch
package import Interpretation
package import Localization
import Networks
package import Photos
import Tensors

/// What a classifier sees in a photo and where it sees a class: values only, nothing is drawn.
package struct ClassLook: Sendable {
    let prepared: PreparedPhoto
    let model: LoadedModel
    /// Scores of what decided, before softmax or sigmoid, by class index.
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
    /// Of all labels that were found, the explained class's and the highest score first; empty where there is nothing to find.
    var boxes: [Box]
    /// Each of several animals by itself; empty where there is one, and where labels do not exclude one another.
    var animals: [NamedAnimal] = []
    /// Class and probability, and the method where it was asked for by name.
    let caption: String
    /// Milliseconds by step.
    var steps: [String: Double]
    // What only a judge looks for.
    var closerLook: Judgement.CloserLook?
    /// Where somebody saw the animal who did not ask the classifier; nil where nobody looked.
    package var animal: AnimalSighting?
    /// Whether the network looks at it; nil where the network gives raw numbers, and of a method that was asked for by
    /// name.
    package var verdict: Verdict?
    /// Whose second opinion the verdict has, if it has one.
    var opinionModel: LoadedModel?
    /// The small part of the animal that costs the class most, in pixels of the bitmap.
    var spot: PixelRectangle?
    /// The class's probability with its first box hidden.
    var evidence: Evidence?
    /// For a class that means nothing to find: the one that it would be next, whose heat map is then drawn.
    var next: Next?
    var hiddenWindows: HiddenWindows?
    var units: Result<UnitPeaks, DatasetSearchError>?
    /// What the linear layer behind the scores read of the whole photo [C]; nil where nobody asked, or there is none.
    var features: [Float]?
    /// Whether the photo is said to show the class.
    let isFound: Bool
    /// What a reader of the numbers should know.
    var note: String?

    var label: String { model.label(of: classIndex) }

    /// Where a label was found.
    struct Box: Sendable {
        let classIndex: Int
        /// In pixels of the bitmap.
        let rectangle: PixelRectangle
        /// The label's probability, where there is one, times the region's strength, 0…1.
        let score: Double
        /// The label and its probability.
        let caption: String
    }

    /// A class that a photo would have next.
    struct Next: Sendable {
        let classIndex: Int
        /// 0…1.
        let probability: Double
        /// Where most speaks for it, in pixels of the bitmap.
        let rectangle: PixelRectangle?
    }

    /// What one method says of a class.
    ///
    /// - Parameters:
    ///   - wasAsked: whether a person named the class; else a label that does not hold gets no boxes.
    ///   - milliseconds: that the method took.
    package init(
        _ explanation: Explanation, by method: any InterpretationMethod, of prepared: PreparedPhoto,
        _ model: LoadedModel, wasAsked: Bool, milliseconds: Double
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
        isFound =
            !model.isBackground(explanation.classIndex)
            && (wasAsked || model.isClaimed(explanation.classIndex, explanation.scores))
        if method.localizes, isFound {
            // Most methods draw the map that they locate by; it is brought to the picture's size once.
            let located =
                explanation.picture.hasValues(of: explanation.map)
                ? drawn
                : try PlacedHeatMap(
                    explanation.map, region: prepared.region, without: prepared.photo.missing)
            boxes = ClassLook.boxes(in: located, explanation.classIndex, explanation.scores, model)
        } else {
            boxes = []
        }
        caption = "\(model.caption(explanation.classIndex, explanation.scores)), \(method.card.name)"
        steps = ["explain": milliseconds]
        let remarks = [isFound ? nil : ClassLook.absence(of: explanation.classIndex, scores, model), model.scoreRemark]
        note = ClassLook.note(remarks)
    }

    /// What a judge says.
    init(_ judgement: Judgement, of prepared: PreparedPhoto, _ model: LoadedModel) throws(PhotoError) {
        self.prepared = prepared
        self.model = model
        scores = judgement.scores
        classIndex = judgement.classIndex
        method = judgement.heatMap?.method ?? "gradient"
        map = judgement.heatMap?.map
        isFound = judgement.isFound
        saliency = judgement.saliency
        var boxes: [Box] = []
        var heatMap: PlacedHeatMap?
        if judgement.isFound {
            for (label, map) in [(judgement.classIndex, judgement.heatMap)] + judgement.further {
                guard let map else { continue }
                let placed = try PlacedHeatMap(map.map, region: prepared.region, without: prepared.photo.missing)
                if label == judgement.classIndex { heatMap = placed }
                boxes += ClassLook.boxes(in: placed, label, judgement.scores, model)
            }
        }
        var caption = model.caption(judgement.classIndex, judgement.scores)
        if let next = judgement.next, let probability = model.probability(of: next.classIndex, judgement.scores) {
            let placed = try next.heatMap.map { (map) throws(PhotoError) in
                try PlacedHeatMap(map.map, region: prepared.region, without: prepared.photo.missing)
            }
            let strongest = placed?.boxes(model.boxFinder).first?.rectangle
            self.next = Next(classIndex: next.classIndex, probability: probability, rectangle: strongest)
            heatMap = placed
            caption += "; " + model.caption(next.classIndex, judgement.scores)
            if strongest != nil { caption += ", strongest here" }
        }
        self.heatMap = heatMap
        self.boxes = boxes.sorted { $0.score > $1.score }
        closerLook = judgement.closerLook
        units = judgement.units
        features = judgement.features
        self.caption = caption
        steps = ["forward": judgement.forward, "explain": judgement.explain]
        note = ClassLook.note(ClassLook.remarks(on: judgement, model) + [model.scoreRemark])
    }

    // MARK: Boxes and words

    private static func boxes(
        in heatMap: PlacedHeatMap, _ classIndex: Int, _ scores: [Float], _ model: LoadedModel
    ) -> [Box] {
        let probability = model.probability(of: classIndex, scores) ?? 1
        return heatMap.boxes(model.boxFinder).map { box in
            Box(
                classIndex: classIndex, rectangle: box.rectangle, score: probability * Double(box.strength),
                caption: model.caption(classIndex, scores))
        }
    }

    private static func remarks(on judgement: Judgement, _ model: LoadedModel) -> [String?] {
        var remarks: [String?] = []
        if !judgement.isFound {
            remarks.append(absence(of: judgement.classIndex, judgement.scores, model, judgement.obstacle))
        } else if judgement.heatMap == nil {
            remarks.append("this network has no layer whose maps could be read, so there are no boxes")
        } else if judgement.closerLook != nil {
            remarks.append("the whole photo was judged as background; the predictions are of the part in closerLook")
        }
        if judgement.unexplained > 0 {
            remarks.append(
                "\(judgement.unexplained) further labels hold and have no boxes; ask for one with --class")
        }
        if !model.kind.hasProbabilities {
            remarks.append(
                "the scores are raw numbers (\(model.network.classifier?.reason ?? "no classifier")), so there are no "
                    + "probabilities, and nothing says whether the decision rests on the boxes")
        }
        return remarks
    }

    /// Why there is nothing to find.
    private static func absence(
        of classIndex: Int, _ scores: [Float], _ model: LoadedModel, _ obstacle: Judgement.UnseenObstacle? = nil
    ) -> String {
        if let opinion = obstacle?.opinion {
            return "no animal was found, and where the network sees \(model.caption(classIndex, scores)) another sees "
                + "\(caption(opinion.label, opinion.probability)), so there are no boxes"
        }
        var unseen: Double?
        if case .improbable(let needed)? = obstacle { unseen = needed }
        if model.isBackground(classIndex) {
            return "'\(model.label(of: classIndex))' means that there is nothing to find, so there are no boxes"
        }
        let share = (model.probability(of: classIndex, scores) ?? 0) * 100
        let threshold = (unseen ?? model.threshold(of: classIndex) ?? 0.5) * 100
        return
            "no label holds: the most probable is '\(model.label(of: classIndex))' with \(share.rounded(toPlaces: 2)) %, and "
            + (unseen == nil ? "" : "where no animal was found ")
            + "it would take \(threshold.rounded(toPlaces: 2)) %, so there are no boxes"
    }

    static func note(_ remarks: [String?]) -> String? {
        let said = remarks.compactMap { $0 }
        return said.isEmpty ? nil : said.joined(separator: "; ")
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
