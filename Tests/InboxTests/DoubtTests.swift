import Foundation
import Inbox
import Testing
import WireProtocol

@Suite("Doubt: which photos a person should look at")
struct DoubtTests {
    @Test(
        arguments: [
            ("looks-at-animal", [], 0.9, false), ("looks-at-animal", [], 0.1, true),
            ("looks-partly", ["animal-needed"], 0.9, true), ("looks-elsewhere", ["stays-without-animal"], 0.9, true),
            ("undecided", ["background-label"], 0.9, false), ("undecided", ["background-label"], 0.19, true),
            ("undecided", ["no-animal-network"], 0.9, false), ("undecided", ["no-animal-found"], 0.9, true),
            ("undecided", ["animal-unsure", "small-margin"], 0.9, true), (nil, [], 0.9, false), (nil, [], 0.1, true),
            (nil, [], nil, false),
        ] as [(String?, [String], Double?, Bool)])
    func rule(verdict: String?, reasons: [String], margin: Double?, isDoubtful: Bool) {
        #expect(Doubt.exists(verdict: verdict, reasons: reasons, margin: margin) == isDoubtful)
    }

    @Test("a damaged picture, and a part that was looked at again, are for a person to see")
    func whole() {
        #expect(Doubt.exists(verdict: "looks-at-animal", reasons: [], margin: 0.9, isDamaged: true))
        #expect(Doubt.exists(verdict: "looks-at-animal", reasons: [], margin: 0.9, isOfPart: true))
    }

    @Test("so a document says it, with the reason in words")
    func closerLook() throws {
        let text =
            #"{"photo":{"sha256":"cafe","damage":{"sentence":"cut"}},"boxes":[],"model":{"name":"petshop"},"closerLook":{"region":[0,0,1,1]}}"#
        let excerpt = try JSONDecoder().decode(DocumentExcerpt.self, from: Data(text.utf8))
        let summary = PhotoSummary(excerpt, sha256: "cafe", warning: "cut off")
        #expect(summary.isDoubtful && summary.warning == "cut off; \(PhotoSummary.closerLook)")
        #expect(PhotoSummary(excerpt, sha256: "cafe").warning == PhotoSummary.closerLook)
    }

    @Test("what a document says of verdict, margin and network comes into the catalog")
    func summary() throws {
        let sidecar = Sidecar(
            photo: nil, model: .init(name: "petshop", sha256: "f00d"),
            predictions: [
                .init(label: "cat", score: 2, probability: 0.75), .init(label: "dog", score: 1, probability: 0.125),
            ],
            boxes: ["dog", "cat", "dog"].map {
                .init(label: $0, score: 1, bbox: BoundingBox(x: 0, y: 0, width: 1, height: 1), method: "cam")
            }, milliseconds: ["total": 12.5])
        let summary = PhotoSummary(of: sidecar, sha256: "cafe", warning: "cut off")
        #expect(
            summary
                == PhotoSummary(
                    sha256: "cafe", model: "petshop", modelSHA256: "f00d", label: "cat", furtherLabels: ["dog"],
                    probability: 0.75, margin: 0.625, boxCount: 3, warning: "cut off", milliseconds: 12.5))
    }
}
