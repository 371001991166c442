extension Sidecar {
    /// What a segmentation network sees in the photo.
    public struct Segmentation: Codable, Sendable, Hashable {
        /// All pixels of one class.
        public struct Segment: Codable, Sendable, Hashable {
            public var label: String
            /// Of the class in the mask picture, `#rrggbb`; JPEG keeps it only nearly.
            public var color: String
            /// Share of the photo, 0…1.
            public var area: Double
            /// Over the upright photo: what exactly belongs to the class.
            public var mask: SegmentResult.RunLengths

            public init(label: String, color: String, area: Double, mask: SegmentResult.RunLengths) {
                self.label = label
                self.color = color
                self.area = area
                self.mask = mask
            }
        }

        /// The network that was asked.
        public var model: Model
        /// Largest first; background is left out.
        public var segments: [Segment]

        public init(model: Model, segments: [Segment]) {
            self.model = model
            self.segments = segments
        }
    }
}
