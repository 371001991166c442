public import Execution
import Foundation
public import Interpretation
import Networks
public import Tensors

/// What a box has to do with the decision, measured: the class's probability with the box hidden, with as much
/// hidden elsewhere, and with nothing but the box visible.
///
/// What is hidden is 0 in the network's normalized input, the mean colour where preprocessing subtracts it.
public struct Evidence: Sendable, Hashable {
    /// What the measurements say; see ``Evidence/verdict(probability:boxHidden:elsewhereHidden:onlyBox:)``.
    public enum Verdict: String, Sendable, Hashable, Codable {
        case decidesOnBox = "decides-on-box"
        case decidesPartly = "decides-partly"
        case decidesElsewhere = "decides-elsewhere"
    }

    /// Of the class, nothing hidden, 0…1.
    public let probability: Double
    public let boxHidden: Double
    /// Mean over several places outside of the box; the probability as it is where the box leaves no place.
    public let elsewhereHidden: Double
    public let onlyBox: Double
    /// Whether there was a place outside of the box to hide.
    public let hasElsewhere: Bool
    public let verdict: Verdict

    public init(
        probability: Double, boxHidden: Double, elsewhereHidden: Double, onlyBox: Double, hasElsewhere: Bool = true
    ) {
        self.probability = probability
        self.boxHidden = boxHidden
        self.elsewhereHidden = elsewhereHidden
        self.onlyBox = onlyBox
        self.hasElsewhere = hasElsewhere
        verdict = Evidence.verdict(
            probability: probability, boxHidden: boxHidden, elsewhereHidden: elsewhereHidden, onlyBox: onlyBox)
    }

    /// Hiding costs the share 1 − hidden/probability. The network
    /// - decides on the box where hiding it costs at least half, and hiding as much elsewhere at most half as much;
    /// - decides elsewhere where hiding the box costs less than a fifth and the box alone does not keep half of the
    ///   probability, or where hiding elsewhere costs a fifth or more and no less than hiding the box;
    /// - decides partly on the box otherwise: as where a second animal would do as well.
    public static func verdict(
        probability: Double, boxHidden: Double, elsewhereHidden: Double, onlyBox: Double
    ) -> Verdict {
        func cost(_ hidden: Double) -> Double { probability > 0 ? max(1 - hidden / probability, 0) : 0 }
        let (box, elsewhere) = (cost(boxHidden), cost(elsewhereHidden))
        if box >= 0.5, elsewhere <= box / 2 { return .decidesOnBox }
        if box < 0.2, onlyBox < probability / 2 { return .decidesElsewhere }
        if elsewhere >= 0.2, elsewhere >= box { return .decidesElsewhere }
        return .decidesPartly
    }

    /// "Hiding the box: dog 99 % → 8 %. Hiding as much elsewhere: 99 %."
    public func sentence(label: String) -> String {
        func percent(_ share: Double) -> String { "\(Int((100 * min(max(share, 0), 1)).rounded())) %" }
        let box = "Hiding the box: \(label) \(percent(probability)) → \(percent(boxHidden)). "
        guard hasElsewhere else { return box + "It covers the photo, so nothing else could be hidden." }
        return box + "Hiding as much elsewhere: \(percent(elsewhereHidden))."
    }

    /// Measures in one batch of at most seven images; a network that takes no batches is asked one by one. Runs on the
    /// session's thread.
    ///
    /// - Parameters:
    ///   - input: [1,C,H,W], normalized.
    ///   - box: in pixels of the input.
    /// - Throws: `noProbability` where the network gives raw numbers.
    public static func measure(
        _ network: Network, input: Tensor, classIndex: Int, box: PixelBox, on evaluator: Evaluator
    ) throws(LocalizationError) -> Evidence {
        guard network.kind.hasProbabilities else { throw .noProbability }
        guard input.shape.rank == 4, input.shape[0] == 1 else {
            throw .sizeMismatch("the input should be one image [1,C,H,W], got shape \(input.shape)")
        }
        let (height, width) = (input.shape[2], input.shape[3])
        guard box.isWithin(width: width, height: height) else {
            throw .boxOutsideImage(box, width: width, height: height)
        }
        let elsewhere = hiddenElsewhere(box, width: width, height: height)
        let inside = box.pixels(width: width, height: height)
        let hidden = [[Bool](repeating: false, count: width * height), inside, inside.map { !$0 }] + elsewhere
        let probabilities = try Evidence.probabilities(
            network, input: input, classIndex: classIndex, hidden: hidden, on: evaluator)
        let others = probabilities.dropFirst(3)
        return Evidence(
            probability: probabilities[0], boxHidden: probabilities[1],
            elsewhereHidden: others.isEmpty ? probabilities[0] : others.reduce(0, +) / Double(others.count),
            onlyBox: probabilities[2], hasElsewhere: !others.isEmpty)
    }

    /// The class's probability for each set of hidden pixels.
    private static func probabilities(
        _ network: Network, input: Tensor, classIndex: Int, hidden: [[Bool]], on evaluator: Evaluator
    ) throws(LocalizationError) -> [Double] {
        let batchSize = network.takesBatches ? hidden.count : 1
        let plane = input.shape[2] * input.shape[3]
        var probabilities: [Double] = []
        for start in stride(from: 0, to: hidden.count, by: batchSize) {
            do {
                let shape = try Shape([batchSize] + input.shape.dimensions.dropFirst())
                let batch = Tensor(shape: shape) { values in
                    input.withUnsafeValues { source in
                        for index in values.indices {
                            let (item, offset) = index.quotientAndRemainder(dividingBy: source.count)
                            values[index] = hidden[start + item][offset % plane] ? 0 : source[offset]
                        }
                    }
                }
                let pass = try ClassificationPass(network, batch, on: evaluator)
                let resolved = try pass.resolve(classIndex)
                probabilities += pass.batchScores.compactMap { scores in
                    pass.kind.probability(of: resolved, scores).map(Double.init)
                }
            } catch let error as InterpretationError {
                throw .interpretation(error)
            } catch {
                throw .sizeMismatch("\(error)")
            }
        }
        return probabilities
    }

    /// Up to four sets of as many pixels as the box has, none of them in it: the box moved elsewhere where it fits
    /// beside itself, spread over the image; otherwise what is left of, right of, above and below it, filled up from
    /// that side of the image. Less where the box leaves less, none where it covers all.
    static func hiddenElsewhere(_ box: PixelBox, width: Int, height: Int) -> [[Bool]] {
        let inside = box.pixels(width: width, height: height)
        let outside = inside.count { !$0 }
        guard outside > 0 else { return [] }
        var moved: [PixelBox] = []
        for row in 0..<5 {
            for column in 0..<5 {
                let other = PixelBox(
                    x: (width - box.width) * column / 4, y: (height - box.height) * row / 4, width: box.width,
                    height: box.height)
                if other.intersectionOverUnion(box) == 0, !moved.contains(other) { moved.append(other) }
            }
        }
        if !moved.isEmpty {
            let count = min(moved.count, 4)
            return (0..<count).map { index in
                moved[count == 1 ? 0 : index * (moved.count - 1) / (count - 1)].pixels(width: width, height: height)
            }
        }
        let amount = min(box.area, outside)
        let byRow = Array(inside.indices)
        let byColumn = byRow.sorted { ($0 % width, $0) < ($1 % width, $1) }
        return [byRow, byRow.reversed(), byColumn, byColumn.reversed()].map { order in
            var set = [Bool](repeating: false, count: inside.count)
            for pixel in order.lazy.filter({ !inside[$0] }).prefix(amount) { set[pixel] = true }
            return set
        }
    }
}

extension PixelBox {
    /// Whether the box has pixels and all of them are in the picture.
    public func isWithin(width pictureWidth: Int, height pictureHeight: Int) -> Bool {
        x >= 0 && y >= 0 && width > 0 && height > 0 && width <= pictureWidth && height <= pictureHeight
            && x <= pictureWidth - width && y <= pictureHeight - height
    }

    /// Which pixels of a picture are in the box, row by row.
    fileprivate func pixels(width pictureWidth: Int, height pictureHeight: Int) -> [Bool] {
        (0..<pictureWidth * pictureHeight).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: pictureWidth)
            return (x..<x + width).contains(column) && (y..<y + height).contains(row)
        }
    }
}
