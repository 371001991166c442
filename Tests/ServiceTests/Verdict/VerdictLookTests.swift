import Foundation
import Localization
import Logging
import Photos
import Service
import TestSupport
import Testing
import WireProtocol

/// From a photo to the verdict, with networks of which it is known where they look (`Conformance/make_verdict_fixtures.py`).
@Suite(.timeLimit(.minutes(30))) struct VerdictLookTests {
    private let composer: Composer

    init() throws {
        composer = Composer(overlay: Overlay(font: try Font()))
    }

    /// The animal: what has stripes in the centre.
    private static let animal = BoundingBox(x: 32, y: 32, width: 32, height: 32)

    private static func reader(_ name: String) throws -> LoadedModel {
        try #require(try store([name]).models.first)
    }

    /// These fixtures as the networks of a daemon, some with an `interpret.json` of their own; `name/file` has another file.
    static func store(_ names: [String], _ settings: [String: String] = [:]) throws -> ModelStore {
        let folder = try TemporaryFolder()
        for name in names {
            let bundled = name.hasPrefix("petshop") ? "Models" : "Tests/Fixtures/models"
            let source = TestModels.root.appending(path: "\(bundled)/\(name.split(separator: "=")[0])")
            let target = URL(filePath: folder.path).appending(path: String(name.split(separator: "=").last ?? ""))
            try FileManager.default.copyItem(at: source, to: target)
            for (key, text) in settings {
                let parts = key.split(separator: "/").map(String.init)
                guard parts[0] == target.lastPathComponent else { continue }
                try Data(text.utf8).write(to: target.appending(path: parts.count > 1 ? parts[1] : "interpret.json"))
            }
        }
        return try ModelStore(
            directories: [URL(filePath: folder.path)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A grey photo of 96×96 pixels with stripes in the centre, in the upper left corner, or both.
    private static func photo(centre: Bool = true, corner: Bool = true) throws -> NamedPhoto {
        var pixels: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<96 {
                let isStriped =
                    centre && (32..<64).contains(x) && (32..<64).contains(y) || corner && x < 28 && y < 28
                pixels += [UInt8](repeating: isStriped ? (x % 4 < 2 ? 255 : 0) : 128, count: 3)
            }
        }
        let bitmap = try Bitmap(width: 96, height: 96, pixels: pixels)
        return NamedPhoto(bytes: try JPEGEncoder.encode(bitmap))
    }

    private func document(
        _ model: LoadedModel, _ photo: NamedPhoto, animal mark: AnimalMark? = .box(animal), classIndex: Int? = nil
    ) async throws -> Sidecar {
        let prepared = try PreparedPhoto(photo, for: model)
        let marked = try mark.map { try AnimalSighting($0, on: prepared) }
        let look = try await Judge(model: model).look(at: prepared, classIndex: classIndex, animal: marked)
        #expect(look.animal?.mask == marked?.mask)
        return try composer.compose(look, []).document
    }

    @Test func aNetworkThatReadsTheAnimalLooksAtIt() async throws {
        let document = try await document(try Self.reader("reads-centre"), Self.photo())
        let verdict = try #require(document.verdict)
        #expect(verdict.verdict == "looks-at-animal", "\(verdict)")
        #expect(verdict.version == 2 && verdict.label == "cat")
        #expect(verdict.sentence.hasPrefix("Looks at the animal: without it cat 100 % →"))
        #expect(verdict.animal?.source == "person" && verdict.animal?.model == nil && verdict.animal?.confidence == nil)
        #expect(verdict.animal?.bbox == Self.animal && verdict.animal?.parts == [Self.animal])
        #expect(verdict.animal?.area == (32.0 * 32 / 9216 * 10_000).rounded() / 10_000)
        // A rim of two pixels: 36 of 96 along each side.
        let location = try #require(verdict.where)
        #expect(abs(location.expected - 36.0 * 36 / 9216) < 1e-4)
        for share in [location.cam, location.hiding, location.lrp] { #expect(try #require(share) > 0.5) }
        for number in [try #require(verdict.without)] {
            #expect(max(number.blurred, number.mean, number.inpainted) < 0.2)
        }
        #expect(try #require(verdict.only).mean > 0.9)
        let elsewhere = try #require(verdict.elsewhere)
        #expect(elsewhere.places > 1 && elsewhere.mean > 0.9 && elsewhere.interval?.count == 2)
        #expect(try #require(verdict.box).overlap > 0.5)
        #expect(verdict.certainty.familiar == nil && verdict.certainty.runnerUp?.label == "dog")
        // The older member is of the same measurement, in the older words.
        #expect(document.evidence?.verdict == "decides-on-box")
        #expect(document.evidence?.elsewhereHidden != nil)
    }

    @Test func aNetworkThatReadsAWatermarkLooksElsewhere() async throws {
        let document = try await document(try Self.reader("reads-corner"), Self.photo())
        let verdict = try #require(document.verdict)
        #expect(verdict.verdict == "looks-elsewhere", "\(verdict)")
        #expect(verdict.reasons.contains("stays-without-animal"))
        #expect(try #require(verdict.where?.cam) < 0.05)
        #expect(document.evidence?.verdict == "decides-elsewhere")
        // The box that hiding confirms is the watermark's.
        #expect(try #require(document.evidence).boxHidden < 0.2)
        #expect(try #require(verdict.box).overlap < 0.1)
    }

    @Test func theSamePhotoAndTheWatermarkMarkedIsRight() async throws {
        let corner = AnimalMark.box(BoundingBox(x: 0, y: 0, width: 30, height: 30))
        let document = try await document(try Self.reader("reads-corner"), Self.photo(), animal: corner)
        #expect(document.verdict?.verdict == "looks-at-animal", "\(String(describing: document.verdict))")
    }

    /// Of a grey photo the classifier knows nothing, and there is no animal for the animal network.
    @Test func whatTheAnimalNetworkDoesNotSeeHasToBeMoreProbable() async throws {
        let store = try Self.store(
            ["reads-centre", "finds-stripes"],
            [
                "reads-centre": #"{"outputs": "exclusive", "unseen_threshold": 0.99999}"#,
                "finds-stripes":
                    #"{"task": "segmentation", "background_labels": ["background"], "animal_labels": ["animal"]}"#,
            ])
        let model = try #require(store.models.first { $0.name == "reads-centre" })
        let finder = try #require(store.verdictNetworks.finder)
        let prepared = try PreparedPhoto(try Self.photo(centre: false, corner: false), for: model)
        func document(_ finder: LoadedModel?, classIndex: Int? = nil) async throws -> Sidecar {
            let look = try await Judge(model: model, beside: VerdictNetworks(finder: finder)).look(
                at: prepared, classIndex: classIndex)
            return try composer.compose(look, []).document
        }
        let unseen = try await document(finder)
        #expect(unseen.verdict?.animal?.area == 0 && unseen.boxes.isEmpty)
        #expect(unseen.verdict?.reasons == ["no-label-holds"])
        #expect(unseen.note?.contains("where no animal was found it would take") == true, "\(unseen)")
        // Nobody looked; somebody asks.
        #expect(try await document(nil).verdict?.reasons.contains("no-label-holds") == false)
        #expect(try await document(finder, classIndex: 0).verdict?.reasons.contains("no-label-holds") == false)
    }

    /// A network that overflows on a photo says nothing of it; on others it does.
    @Test func scoresThatAreNoNumbersAreAnError() async throws {
        let model = try Self.reader("overflows")
        #expect(try await document(model, Self.photo()).predictions.count == 2)
        let white = try Bitmap(width: 96, height: 96, color: RGBColor(red: 255, green: 255, blue: 255))
        let prepared = try PreparedPhoto(NamedPhoto(bytes: try JPEGEncoder.encode(white)), for: model)
        await #expect { _ = try await Judge(model: model).look(at: prepared) } throws: { error in
            "\(error)".contains("overflowed on this input")
        }
    }

    @Test func withoutAnybodyToSayWhereTheAnimalIsNothingIsCalledGood() async throws {
        let document = try await document(try Self.reader("reads-centre"), Self.photo(), animal: nil)
        let verdict = try #require(document.verdict)
        #expect(verdict.verdict == "undecided" && verdict.reasons == ["no-animal-network"])
        #expect(verdict.sentence.contains("--animal"))
        #expect(verdict.animal == nil && verdict.without == nil && verdict.where == nil && verdict.elsewhere == nil)
        #expect(document.evidence?.verdict == "decides-partly")
        #expect(try #require(document.evidence).boxHidden < 0.2)
    }

    @Test func anAnimalThatLeavesNoEqualAreaHasNoNumberForElsewhere() async throws {
        let most = AnimalMark.box(BoundingBox(x: 0, y: 0, width: 96, height: 70))
        let verdict = try #require(
            try await document(try Self.reader("reads-centre"), Self.photo(), animal: most).verdict)
        #expect(verdict.elsewhere == nil && verdict.without != nil)
        #expect(verdict.sentence.contains("no equal area exists elsewhere"), "\(verdict.sentence)")
    }

    @Test func aClassThatIsNotAheadIsUndecided() async throws {
        let verdict = try #require(
            try await document(try Self.reader("reads-centre"), Self.photo(), classIndex: 1).verdict)
        #expect(verdict.label == "dog" && verdict.verdict == "undecided" && verdict.reasons.contains("small-margin"))
        #expect(verdict.certainty.margin < 0)
    }

    @Test func aCloserLookIsMeasuredOnItsPart() async throws {
        let model = try Self.reader("sees-light")
        var pixels: [UInt8] = []
        for y in 0..<96 {
            for x in 0..<96 {
                let isLight = (56..<72).contains(x) && (24..<40).contains(y)
                pixels += [UInt8](repeating: isLight ? 255 : 128, count: 3)
            }
        }
        let photo = NamedPhoto(bytes: try JPEGEncoder.encode(try Bitmap(width: 96, height: 96, pixels: pixels)))
        let square = AnimalMark.box(BoundingBox(x: 56, y: 24, width: 16, height: 16))
        let document = try await document(model, photo, animal: square)
        let part = try #require(document.closerLook).bbox
        let verdict = try #require(document.verdict)
        #expect(verdict.label == "cat" && verdict.animal?.area == (256.0 / 9216 * 10_000).rounded() / 10_000)
        // The square as the part shows it, with a rim of 2 of its 96 pixels.
        let expected =
            (16 * 96 / part.width + 4) * (16 * 96 / part.height + 4) / 9216
        #expect(abs(try #require(verdict.where).expected - expected) < 0.05, "\(expected) \(verdict)")
        #expect(try #require(verdict.without).mean < 0.1 && verdict.only.map { $0.mean > 0.9 } == true)
        #expect(try #require(verdict.where?.cam) > 0.8)
        // A square elsewhere is not what the part shows.
        let beside = try await self.document(
            model, photo, animal: .box(BoundingBox(x: 0, y: 80, width: 16, height: 16)))
        #expect(beside.verdict?.verdict == "looks-elsewhere" && beside.verdict?.reasons == ["animal-out-of-sight"])
    }

    @Test func independentLabelsHaveTheirMarginToTheThresholdAndRawNumbersNoVerdict() async throws {
        let bytes = try Data(contentsOf: RunningDaemon.demoPhoto)
        let labels = try #require(try Self.store(["multilabel"], ["multilabel": #"{"threshold": 0.3}"#]).models.first)
        let whole = AnimalMark.box(BoundingBox(x: 0, y: 0, width: 225, height: 300))
        let verdict = try #require(
            try await document(labels, NamedPhoto(bytes: bytes), animal: whole).verdict)
        #expect(abs(verdict.certainty.margin - (verdict.certainty.probability - 0.3)) < 1e-3)
        #expect(verdict.without != nil)
        let raw = try #require(try Self.store(["multilabel"], ["multilabel": #"{"outputs": "raw"}"#]).models.first)
        let document = try await document(raw, NamedPhoto(bytes: bytes), animal: whole)
        #expect(document.verdict == nil && document.note?.contains("raw numbers") == true)
    }

    @Test func anExclusiveLabelThatIsNotProbableEnoughIsNotClaimed() async throws {
        let bytes = try Data(contentsOf: RunningDaemon.demoPhoto)
        let whole = AnimalMark.box(BoundingBox(x: 0, y: 0, width: 225, height: 300))
        func document(_ threshold: String, class named: String? = nil) async throws -> Sidecar {
            let store = try Self.store(["petshop"], ["petshop": "{\"threshold\": \(threshold)}"])
            return try await self.document(try #require(store.models.first), NamedPhoto(bytes: bytes), animal: whole)
        }
        let usual = try await document("0.01")
        let said = try #require(usual.predictions.first)
        #expect(!usual.boxes.isEmpty && usual.verdict?.reasons.contains("no-label-holds") == false)
        let strict = try await document("0.999999")
        #expect(strict.predictions.first?.label == said.label && strict.boxes.isEmpty && strict.evidence == nil)
        #expect(strict.verdict?.verdict == "undecided" && strict.verdict?.reasons == ["no-label-holds"])
        // The margin is to the runner-up all the same.
        #expect(strict.verdict?.certainty == usual.verdict?.certainty)
        #expect(strict.note?.contains("no label holds: the most probable is") == true)
        // Set for another label, it does not matter.
        let other = try #require(usual.predictions.last).label
        #expect(try await document("{\"\(other)\": 0.999999}").boxes == usual.boxes)
    }

    // MARK: An animal network

    @Test func anotherNetworkSaysWhereTheAnimalIs() async throws {
        let store = try Self.store(["petshop", "petmask"], ["petmask": Self.animalSettings])
        let (model, finder) = (try #require(store.photoModel), try #require(store.verdictNetworks.finder))
        #expect(finder.name == "petmask" && store.segmenter == nil)
        let bytes = try Data(contentsOf: RunningDaemon.demoPhoto)
        let prepared = try PreparedPhoto(NamedPhoto(bytes: bytes), for: model, and: [finder])
        let look = try await Judge(model: model, beside: VerdictNetworks(finder: finder)).look(at: prepared)
        let sighting = try #require(look.animal)
        let alone = try await AnimalFinder(model: finder).look(at: prepared)
        #expect(sighting.mask == alone.mask && sighting.mask.width == prepared.photo.bitmap.width)
        // The same pixels as the network's own segmentation, but for specks.
        let segments = try await PhotoSegmenter(model: finder).look(at: try prepared.prepared(for: finder))
        let document = try composer.compose(segments, []).document
        let area = try #require(document.segmentation?.segments.first?.area)
        #expect(abs(sighting.area - area) < 0.01)

        let verdict = try #require(try composer.compose(look, []).document.verdict)
        let animal = try #require(verdict.animal)
        #expect(animal.source == "network" && animal.model?.name == "petmask")
        #expect((0.5...1).contains(try #require(animal.confidence)))
        let mask = try #require(animal.mask)
        #expect(mask.size == [300, 451] && mask.counts.reduce(0, +) == 300 * 451)
        let inside = stride(from: 1, to: mask.counts.count, by: 2).reduce(0) { $0 + mask.counts[$1] }
        #expect(abs(Double(inside) / (300 * 451) - animal.area) < 0.002)
        #expect(Set(verdict.where.map { [$0.cam != nil, $0.hiding != nil, $0.lrp != nil] } ?? []) == [true])
        #expect(Verdict.Word(rawValue: verdict.verdict) != nil)
    }

    @Test(arguments: [("", 2, 0.86), (#", "animal_peak": 0.95"#, 1, 0.93), (#", "animal_peak": 0.99"#, 0, nil)])
    func whatIsNowhereAnAnimalForSureIsNone(further: String, parts: Int, confidence: Double?) throws {
        let settings = Self.animalSettings.dropLast() + further + "}"
        let model = try #require(try Self.store(["petmask"], ["petmask": String(settings)]).verdictNetworks.finder)
        // Two parts of 20 pixels each, in one of which the network is sure of a pixel.
        let isAnimal = (0..<400).map { ($0 / 20 == 3 || $0 / 20 == 9) }
        let probabilities = (0..<400).map {
            Float($0 / 20 == 3 ? ($0 == 65 ? 0.96 : 0.9284) : $0 / 20 == 9 ? 0.79 : 0.01)
        }
        let sighting = AnimalSighting(
            by: model, mask: try PixelMask(width: 20, height: 20, pixels: isAnimal), probabilities: probabilities)
        #expect(sighting.parts.count == parts && sighting.isEmpty == (parts == 0))
        #expect(sighting.mask.area == 20 * parts)
        #expect(sighting.confidence.map { ($0 * 100).rounded() / 100 } == confidence)
    }

    static let animalSettings =
        #"{"task": "segmentation", "background_labels": ["background"], "animal_labels": ["pet"]}"#

    @Test func aPhotoCalledBackgroundSaysWhatItWouldBeNext() async throws {
        let model = try TestModels.petshop
        let bytes = try Data(contentsOf: RunningDaemon.pattern)
        let prepared = try PreparedPhoto(NamedPhoto(bytes: bytes), for: model)
        let whole = AnimalMark.box(
            BoundingBox(x: 0, y: 0, width: Double(prepared.photo.width), height: Double(prepared.photo.height)))
        for mark in [nil, whole] {
            let marked = try mark.map { try AnimalSighting($0, on: prepared) }
            let look = try await Judge(model: model).look(at: prepared, animal: marked)
            let document = try composer.compose(look, []).document
            let verdict = try #require(document.verdict)
            try #require(document.predictions.first?.label == "other")
            #expect(verdict.verdict == "undecided" && verdict.reasons == ["background-label"])
            let next = try #require(verdict.next)
            #expect(next.label == document.predictions[1].label && document.boxes.isEmpty)
            #expect(verdict.sentence.contains("next is \(next.label)"))
            #expect(verdict.sentence.contains("An animal was found here") == (mark != nil))
            #expect(verdict.without == nil && document.evidence == nil)
        }
    }
}
