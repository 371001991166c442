import Interpretation
import Networks
import Photos
import Tensors
import WireProtocol

/// What hiding windows of a photo costs the class that it was judged as, with the method's defaults.
struct HiddenWindows: Sendable {
    let document: Sidecar.Occlusion
    /// Score lost by hiding, averaged over the windows over a pixel [H,W] of the network's input.
    let lost: Tensor
    /// What the network saw, in pixels of the bitmap.
    let region: PixelRectangle

    init(_ explanation: Explanation, of prepared: PreparedPhoto, _ judgement: Judgement, _ model: LoadedModel) {
        lost = explanation.picture
        let input = judgement.decisive.input
        region = judgement.closerLook?.part ?? prepared.region
        let (height, width) = (input.tensor.shape[2], input.tensor.shape[3])
        let defaults = OcclusionDefaults(height: height, width: width)
        let columns = max(explanation.map.shape[1], 1)
        let remains = explanation.map.values
        let (vertical, horizontal) = (region.height / Double(height), region.width / Double(width))
        let corner = region
        func window(_ index: Int) -> PixelRectangle {
            let (top, left) = (index / columns * defaults.stride, index % columns * defaults.stride)
            return PixelRectangle(
                x: corner.x + Double(left) * horizontal, y: corner.y + Double(top) * vertical,
                width: Double(min(defaults.window, width - left)) * horizontal,
                height: Double(min(defaults.window, height - top)) * vertical)
        }
        // A window over rows that the file does not have hides nothing.
        let missing = prepared.photo.missing
        let whole = remains.indices.filter { index in missing.map { !window(index).overlaps($0) } ?? true }
        let worst =
            (whole.isEmpty ? Array(remains.indices) : whole)
            .min { remains[$0] < remains[$1] } ?? 0
        let lowest = Double(remains[worst]).rounded(toPlaces: 4)
        document = Sidecar.Occlusion(
            window: defaults.window, stride: defaults.stride, windows: remains.count,
            probability: model.probability(of: explanation.classIndex, explanation.scores)?.rounded(toPlaces: 4),
            lowestProbability: model.kind.hasProbabilities ? lowest : nil,
            score: model.kind.hasProbabilities
                ? nil : Double(explanation.scores[explanation.classIndex]).rounded(toPlaces: 4),
            lowestScore: model.kind.hasProbabilities ? nil : lowest, bbox: prepared.boundingBox(window(worst)))
    }
}
