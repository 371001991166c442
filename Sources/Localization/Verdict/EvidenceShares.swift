public import Tensors

/// How much of what speaks for a class lies on the animal, by three methods that do not share a mistake: one reads the
/// network's last maps, one hides and asks again, one follows the score back.
public struct EvidenceShares: Sendable, Hashable {
    /// One method's answer.
    public enum Share: Sendable, Hashable {
        /// Of the positive evidence, 0…1.
        case measured(Double)
        /// Why the method has no answer.
        case absent(String)

        /// Nil where there is none.
        public var value: Double? { if case .measured(let share) = self { share } else { nil } }
        public var reason: String? { if case .absent(let reason) = self { reason } else { nil } }
    }

    /// What a map would have that knows nothing of the animal: the animal's share of the network's input, 0…1.
    public var expected: Double
    /// Class activation map, or Grad-CAM where there is none.
    public var cam: Share
    /// Score lost by hiding pieces: occlusion.
    public var hiding: Share
    /// Layer-wise relevance propagation.
    public var lrp: Share

    public init(expected: Double, cam: Share, hiding: Share, lrp: Share) {
        self.expected = expected
        self.cam = cam
        self.hiding = hiding
        self.lrp = lrp
    }

    /// Those that answered.
    public var measured: [Double] { [cam, hiding, lrp].compactMap(\.value) }

    /// Of those that answered, the one in the middle; the mean of two. Nil where none did.
    public var median: Double? {
        let sorted = measured.sorted()
        guard !sorted.isEmpty else { return nil }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    /// How far a share is above or below what is expected, −1…1: of the way to all, or to nothing.
    public func lead(of share: Double) -> Double {
        share >= expected
            ? (expected < 1 ? (share - expected) / (1 - expected) : 0)
            : (share - expected) / max(expected, .leastNormalMagnitude)
    }
}

extension EvidenceShares.Share {
    /// The share of a map's positive values that lies on `region`; each pixel has the value of the map's cell it lies in.
    ///
    /// - Parameters:
    ///   - map: [h,w] over the whole of the input, any resolution.
    ///   - box: counts only what lies in it, in pixels of the input; all where nil.
    public init(of map: Tensor, on region: PixelMask, within box: PixelBox? = nil) {
        guard map.shape.rank == 2, map.count > 0 else {
            self = .absent("it has no map [h,w]")
            return
        }
        let (rows, columns) = (map.shape[0], map.shape[1])
        var (inside, total) = (0.0, 0.0)
        map.withUnsafeValues { values in
            let box = box ?? PixelBox(x: 0, y: 0, width: region.width, height: region.height)
            for y in max(box.y, 0)..<max(min(box.y + box.height, region.height), max(box.y, 0)) {
                let row = y * rows / region.height * columns
                for x in max(box.x, 0)..<max(min(box.x + box.width, region.width), max(box.x, 0)) {
                    let value = Double(max(values[row + x * columns / region.width], 0))
                    total += value
                    if region.pixels[y * region.width + x] { inside += value }
                }
            }
        }
        self =
            total > 0 && total.isFinite
            ? .measured(inside / total) : .absent("by this method nothing speaks for the class")
    }

    /// The share of the score lost by hiding pieces of nearly equal area that is lost on the animal; what rises counts as 0.
    public init(of losses: Counterfactuals.PieceLosses) {
        let (on, beside) = (losses.onAnimal, losses.beside)
        let inside = on.reduce(0) { $0 + max($1, 0) }
        let total = inside + beside.reduce(0) { $0 + max($1, 0) }
        self =
            total > 0 && total.isFinite
            ? .measured(inside / total) : .absent("by this method nothing speaks for the class")
    }

    /// The share of a signed attribution [C,H,W] that lies on `region`, whose channels are added up first.
    public init(ofAttribution attribution: Tensor, on region: PixelMask) {
        guard attribution.shape.rank == 3, attribution.count > 0,
            let shape = try? Shape(Array(attribution.shape.dimensions.dropFirst()))
        else {
            self = .absent("it has no attribution [C,H,W]")
            return
        }
        let sum = Tensor(shape: shape) { target in
            attribution.withUnsafeValues { values in
                for index in values.indices { target[index % target.count] += values[index] }
            }
        }
        self.init(of: sum, on: region)
    }
}
