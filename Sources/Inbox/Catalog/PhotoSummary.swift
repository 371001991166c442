public import WireProtocol

/// The line of the catalog, and of `interpretctl photos`, about a photo that is done.
public struct PhotoSummary: Codable, Sendable, Hashable {
    /// SHA-256 of the bytes that were interpreted, lower-case hexadecimal.
    public var sha256: String
    public var model: String?
    /// SHA-256 of the model's network; nil where an older version of the program did not note it.
    public var modelSHA256: String?
    /// See ``PhotoJudge/everything``; nil where an older version of the program did not note it.
    public var judge: String?
    /// The best class, and its probability (0…1).
    public var label: String?
    /// Other classes that have boxes, in their order.
    public var furtherLabels: [String]
    public var probability: Double?
    /// From the best class's probability to the next one's, or to an independent label's threshold (0…1).
    public var margin: Double?
    /// The verdict's word (``Sidecar/Verdict/verdict``); nil where there is none.
    public var verdict: String?
    /// Whether a person should look at it (``Doubt``).
    public var isDoubtful: Bool
    public var boxCount: Int
    /// Something a person should know although the photo is done, such as a truncated file.
    public var warning: String?
    /// How long the work took, from the first byte to the last picture.
    public var milliseconds: Double?

    public init(
        sha256: String, model: String? = nil, modelSHA256: String? = nil, judge: String? = nil,
        label: String? = nil,
        furtherLabels: [String] = [], probability: Double? = nil, margin: Double? = nil, verdict: String? = nil,
        isDoubtful: Bool = false,
        boxCount: Int, warning: String? = nil, milliseconds: Double? = nil
    ) {
        self.sha256 = sha256
        self.model = model
        self.modelSHA256 = modelSHA256
        self.judge = judge
        self.label = label
        self.furtherLabels = furtherLabels
        self.probability = probability
        self.margin = margin
        self.verdict = verdict
        self.isDoubtful = isDoubtful
        self.boxCount = boxCount
        self.warning = warning
        self.milliseconds = milliseconds
    }

    /// What the catalog keeps of a photo's document.
    ///
    /// - Parameters:
    ///   - sha256: of the photo's bytes.
    ///   - warning: what a person should know.
    public init(of document: Sidecar, sha256: String, warning: String?) {
        self.init(DocumentExcerpt(document), sha256: sha256, warning: warning)
    }

    /// Said of a photo that a part of it decided.
    package static let closerLook = "a part of the photo decided, which was looked at again"

    package init(_ document: DocumentExcerpt, sha256: String, warning: String? = nil) {
        // Of labels that hold or not, one that does.
        let best = document.predictions?.first { $0.holds ?? true }
        let label = best?.label ?? document.boxes.first?.label
        // What a segmentation network finds beside a classifier bears names of its own.
        let boxes = document.boxes.filter { best == nil || $0.method != Sidecar.Box.segmentation }
        let further = boxes.compactMap(\.label).filter { $0 != label }
        let margin = document.verdict?.certainty.margin ?? document.marginOfClasses
        let warnings = [warning, document.closerLook.map { _ in PhotoSummary.closerLook }].compactMap { $0 }
        self.init(
            sha256: sha256, model: document.model?.name, modelSHA256: document.model?.sha256,
            judge: document.judge, label: label,
            furtherLabels: further.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
            probability: best?.probability, margin: margin,
            verdict: document.verdict?.verdict,
            isDoubtful: Doubt.exists(
                verdict: document.verdict?.verdict, reasons: document.verdict?.reasons ?? [], margin: margin,
                isDamaged: document.photo?.damage != nil, isOfPart: document.closerLook != nil),
            boxCount: document.boxes.count, warning: warnings.isEmpty ? nil : warnings.joined(separator: "; "),
            milliseconds: document.milliseconds?["total"])
    }
}
