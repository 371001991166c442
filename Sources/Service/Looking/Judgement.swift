import DatasetSearch
import Localization
import Photos
import Tensors

/// What a classifier says of a photo, and where: everything that is read from it in one visit.
struct Judgement: Sendable {
    /// Where something speaks for a class.
    struct HeatMap: Sendable {
        /// Over the network's input [h,w].
        let map: Tensor
        /// The method that it is from.
        let method: String
    }

    /// Scores of the deciding look, before softmax or sigmoid.
    let scores: [Float]
    /// The class explained: the one asked for or the most probable one; of independent labels the most probable of those
    /// that hold.
    let classIndex: Int
    /// Whether the photo is said to show the class: not where it means that there is nothing to find, nor where it is not
    /// probable enough.
    var isFound: Bool
    /// Why the photo is not said to show the class because the animal network found nothing; nil where that made no
    /// difference.
    private(set) var obstacle: UnseenObstacle?
    /// Of the class; nil where the network has no layer to read it from.
    let heatMap: HeatMap?
    /// The other labels that hold, most probable first, with what their maps are read from.
    let further: [(classIndex: Int, heatMap: HeatMap?)]
    /// Of a class that means nothing to find: the one that it would be next, and where most speaks for that.
    let next: (classIndex: Int, heatMap: HeatMap?)?
    /// How many labels hold that were not explained, since there are too many.
    let unexplained: Int
    /// |∂s/∂x|, [H,W] of the network's input.
    let saliency: Tensor
    let closerLook: CloserLook?
    /// What the units answered to the whole photo, where that was to be read; an error where one of them overflowed.
    let units: Result<UnitPeaks, DatasetSearchError>?
    /// What the linear layer behind the scores read of the whole photo [C], where that was to be read and there is one.
    let features: [Float]?
    /// What decided: the whole photo, or the part.
    let decisive: SeenInput
    /// Milliseconds.
    let forward: Double
    let explain: Double

    /// What the animal network does not see is claimed from another probability on.
    mutating func expectMore(of model: LoadedModel) {
        guard isFound, let probability = model.probability(of: classIndex, scores), probability < model.unseenThreshold
        else { return }
        stopAt(.improbable(needed: model.unseenThreshold))
    }

    mutating func stopAt(_ obstacle: UnseenObstacle) {
        isFound = false
        self.obstacle = obstacle
    }

    /// What stands against a class of which the animal network sees nothing.
    enum UnseenObstacle: Sendable {
        /// - Parameter needed: the probability that it would take, 0…1.
        case improbable(needed: Double)
        /// Another network sees something else in the box.
        case doubted(VerdictFindings.Opinion)

        var opinion: VerdictFindings.Opinion? { if case .doubted(let opinion) = self { opinion } else { nil } }
    }

    /// A second look at a part of the photo, in pixels of the bitmap.
    struct CloserLook: Sendable {
        let part: PixelRectangle
        let wholePhotoScores: [Float]
    }
}
