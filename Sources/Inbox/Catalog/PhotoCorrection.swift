public import Files
public import Foundation

/// What a person says of a photo. It belongs to the photo's bytes: a photo that is renamed, done again or gone keeps it.
public struct PhotoCorrection: Sendable, Hashable {
    public enum Answer: String, Sendable, CaseIterable {
        /// Label and box are right.
        case yes
        /// The label is wrong; the person's is in its place.
        case no
        /// The label is right and the box is not.
        case wrongBox = "wrong-box"
    }

    /// As SQLite and JSON write it: pixels of the upright photo, origin top left.
    public struct Box: Codable, Sendable, Hashable {
        public var x: Double
        public var y: Double
        public var width: Double
        public var height: Double

        public init(x: Double, y: Double, width: Double, height: Double) {
            self.x = x
            self.y = y
            self.width = width
            self.height = height
        }
    }

    /// A box beside the first, and what is in it.
    public struct LabelledBox: Codable, Sendable, Hashable {
        public var label: String
        public var box: Box

        public init(label: String, box: Box) {
            self.label = label
            self.box = box
        }
    }

    /// Of the photo's bytes.
    public var sha256: String
    /// Where the photo lay when it was answered.
    public var path: FilePath
    public var answer: Answer
    /// What the photo shows, as the person says.
    public var label: String
    /// Where; nil where there is nothing to find.
    public var box: Box?
    /// The other boxes, where all of them are right.
    public var furtherBoxes: [LabelledBox]
    /// Of the upright photo, in pixels.
    public var width: Int
    public var height: Int
    /// What the network said, and which.
    public var predicted: String?
    public var model: String?
    /// Whether a person should have looked at the photo before one has; then it is so again when the answer is taken back.
    public var wasDoubtful: Bool
    public var at: Date

    public init(
        sha256: String, path: FilePath, answer: Answer, label: String, box: Box?, furtherBoxes: [LabelledBox] = [],
        width: Int, height: Int, predicted: String?, model: String?, wasDoubtful: Bool, at: Date
    ) {
        self.sha256 = sha256
        self.path = path
        self.answer = answer
        self.label = label
        self.box = box
        self.furtherBoxes = furtherBoxes
        self.width = width
        self.height = height
        self.predicted = predicted
        self.model = model
        self.wasDoubtful = wasDoubtful
        self.at = at
    }
}
