extension Sidecar {
    /// Whether the network looks at the animal that it names, and every number that the answer comes from.
    public struct Verdict: Codable, Sendable, Hashable {
        /// Version of this member. What was version 1 is the sidecar's `evidence`.
        public static let currentVersion = 2

        public var version: Int
        /// `looks-at-animal`, `looks-partly`, `looks-elsewhere` or `undecided`.
        public var verdict: String
        /// The class that it is about.
        public var label: String
        /// The same for people.
        public var sentence: String
        /// How much the decision rests on the animal and nothing less, 0…1: the geometric mean of what hiding it costs and
        /// what it keeps alone, times what is left without one small spot that is enough by itself. Nil where that was not
        /// measured.
        public var reliance: Double?
        /// The conditions that decided, by name.
        public var reasons: [String]
        /// Nil where nobody looked for it; without mask where nobody saw one.
        public var animal: Animal?
        public var `where`: Location?
        /// The class's probability with the animal hidden, by what hides it.
        public var without: Fillings?
        /// With everything but the animal hidden.
        public var only: Fillings?
        /// With as much hidden elsewhere; nil where no equal area exists.
        public var elsewhere: Elsewhere?
        /// With a small spot of the animal hidden, and with nothing but it; of several the one whose hiding costs most; nil
        /// where there is none.
        public var spot: Spot?
        /// How the first box and the animal go together; nil where one of them is not there.
        public var box: Box?
        public var certainty: Certainty
        /// What another network calls the animal, or what is in the box where no animal was found and it doubts the label; nil
        /// where none is there, and where it does not know the label.
        public var opinion: Opinion?
        /// For a class that means nothing to find: the one that it would be next.
        public var next: Next?

        public init(
            version: Int = Verdict.currentVersion, verdict: String, label: String, sentence: String,
            reliance: Double? = nil,
            reasons: [String],
            animal: Animal? = nil, where: Location? = nil, without: Fillings? = nil, only: Fillings? = nil,
            elsewhere: Elsewhere? = nil, spot: Spot? = nil, box: Box? = nil, certainty: Certainty,
            opinion: Opinion? = nil, next: Next? = nil
        ) {
            self.version = version
            self.verdict = verdict
            self.label = label
            self.sentence = sentence
            self.reliance = reliance
            self.reasons = reasons
            self.animal = animal
            self.where = `where`
            self.without = without
            self.only = only
            self.elsewhere = elsewhere
            self.spot = spot
            self.box = box
            self.certainty = certainty
            self.opinion = opinion
            self.next = next
        }
    }
}

extension Sidecar.Verdict {
    /// The animal as somebody saw it who did not ask the classifier.
    public struct Animal: Codable, Sendable, Hashable {
        /// `network` or `person`.
        public var source: String
        /// The animal network.
        public var model: Sidecar.Model?
        /// Share of the photo, 0…1; 0 where none was seen.
        public var area: Double
        /// Mean probability over the mask, 0…1; nil of a person's, and where none was seen.
        public var confidence: Double?
        /// Around all of it.
        public var bbox: BoundingBox?
        /// Around its connected parts, largest first: several animals, or one behind a fence.
        public var parts: [BoundingBox]
        /// Over the upright photo.
        public var mask: SegmentResult.RunLengths?

        public init(
            source: String, model: Sidecar.Model?, area: Double, confidence: Double?, bbox: BoundingBox?,
            parts: [BoundingBox], mask: SegmentResult.RunLengths?
        ) {
            self.source = source
            self.model = model
            self.area = area
            self.confidence = confidence
            self.bbox = bbox
            self.parts = parts
            self.mask = mask
        }
    }

    /// The share of the positive evidence that lies on the animal, 0…1, by three methods.
    public struct Location: Codable, Sendable, Hashable {
        /// What a map would have that knows nothing of the animal: its share, with a rim, of the network's input.
        public var expected: Double
        public var cam: Double?
        /// `occlusion` in JSON.
        public var hiding: Double?
        public var lrp: Double?
        /// Why a method has no number, by its name.
        public var absent: [String: String]?

        private enum CodingKeys: String, CodingKey {
            case expected, cam
            case hiding = "occlusion"
            case lrp, absent
        }

        public init(expected: Double, cam: Double?, hiding: Double?, lrp: Double?, absent: [String: String]? = nil) {
            self.expected = expected
            self.cam = cam
            self.hiding = hiding
            self.lrp = lrp
            self.absent = absent
        }
    }

    /// A probability for each way to fill what is hidden, 0…1.
    public struct Fillings: Codable, Sendable, Hashable {
        public var blurred: Double
        public var mean: Double
        public var inpainted: Double

        public init(blurred: Double, mean: Double, inpainted: Double) {
            self.blurred = blurred
            self.mean = mean
            self.inpainted = inpainted
        }
    }

    public struct Elsewhere: Codable, Sendable, Hashable {
        /// Of the probabilities at the places.
        public var mean: Double
        /// 95 % interval of the mean; nil of a single place.
        public var interval: [Double]?
        public var places: Int

        public init(mean: Double, interval: [Double]?, places: Int) {
            self.mean = mean
            self.interval = interval
            self.places = places
        }
    }

    public struct Spot: Codable, Sendable, Hashable {
        /// The class's probability without it.
        public var without: Double
        /// The class's probability with nothing but it; nil in documents of before it was asked.
        public var alone: Double?
        /// Where it is; nil where it cannot be said of the photo.
        public var bbox: BoundingBox?

        public init(without: Double, alone: Double?, bbox: BoundingBox?) {
            self.without = without
            self.alone = alone
            self.bbox = bbox
        }
    }

    public struct Box: Codable, Sendable, Hashable {
        /// Intersection over union with the animal, or with the part of it that fits best, 0…1.
        public var overlap: Double
        /// Share of the evidence within the box that lies on the animal, 0…1; nil where there is none.
        public var evidence: Double?

        public init(overlap: Double, evidence: Double?) {
            self.overlap = overlap
            self.evidence = evidence
        }
    }

    public struct Certainty: Codable, Sendable, Hashable {
        public var probability: Double
        /// To the runner-up's probability, or to an independent label's threshold.
        public var margin: Double
        public var runnerUp: RunnerUp?
        /// log Σ exp of the scores.
        public var energy: Double
        /// Whether the photo is like those that the network learned from; nil where that is not judged, since the model's
        /// folder does not say from which energy on.
        public var familiar: Bool?

        public init(probability: Double, margin: Double, runnerUp: RunnerUp?, energy: Double, familiar: Bool?) {
            self.probability = probability
            self.margin = margin
            self.runnerUp = runnerUp
            self.energy = energy
            self.familiar = familiar
        }
    }

    public struct RunnerUp: Codable, Sendable, Hashable {
        public var label: String
        public var probability: Double

        public init(label: String, probability: Double) {
            self.label = label
            self.probability = probability
        }
    }

    /// A second opinion on the animal's name.
    public struct Opinion: Codable, Sendable, Hashable {
        /// The network that was asked.
        public var model: Sidecar.Model?
        /// What it calls the animal, and how probable that is to it, 0…1.
        public var label: String
        public var probability: Double
        /// How probable the verdict's label is to it, 0…1.
        public var agreement: Double
        /// Below this agreement it doubts the label.
        public var doubtBelow: Double

        public init(
            model: Sidecar.Model?, label: String, probability: Double, agreement: Double, doubtBelow: Double
        ) {
            self.model = model
            self.label = label
            self.probability = probability
            self.agreement = agreement
            self.doubtBelow = doubtBelow
        }
    }

    public struct Next: Codable, Sendable, Hashable {
        public var label: String
        public var probability: Double
        /// Where most speaks for it; nil where the network has no map.
        public var bbox: BoundingBox?

        public init(label: String, probability: Double, bbox: BoundingBox?) {
            self.label = label
            self.probability = probability
            self.bbox = bbox
        }
    }
}
