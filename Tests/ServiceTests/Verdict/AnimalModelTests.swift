import Foundation
import Service
import Testing

/// Which network says where the animal is, and what `interpret.json` may say.
@Suite struct AnimalModelTests {
    private static func finder(_ further: String = "") -> String {
        #"{"task": "segmentation", "background_labels": ["background"], "animal_labels": ["pet"]\#(further)}"#
    }

    @Test func aPlainSegmentationNetworkStaysWhatItIs() throws {
        let store = try VerdictLookTests.store(["petshop", "petmask"])
        #expect(store.segmenter?.name == "petmask" && store.verdictNetworks.finder == nil)
    }

    @Test func anAnimalNetworkMakesNoMasksForTheInbox() throws {
        let store = try VerdictLookTests.store(
            ["petshop", "petmask", "petmask=animal"], ["animal": Self.finder()])
        #expect(store.segmenter?.name == "petmask" && store.verdictNetworks.finder?.name == "animal")
        // Alone, it explains no photos either.
        let alone = try VerdictLookTests.store(["petmask=animal"], ["animal": Self.finder()])
        #expect(alone.photoModel == nil && alone.verdictNetworks.finder?.name == "animal")
    }

    @Test func onesOwnGoesBeforeTheBundledOneAndTheMarkedOneBeforeAll() throws {
        let own = try VerdictLookTests.store(
            ["petmask=animal", "petmask=zebra"], ["animal": Self.finder(), "zebra": Self.finder()])
        #expect(own.verdictNetworks.finder?.name == "zebra")
        let marked = try VerdictLookTests.store(
            ["petmask=animal", "petmask=zebra"],
            ["animal": Self.finder(#", "default": true"#), "zebra": Self.finder()])
        #expect(marked.verdictNetworks.finder?.name == "animal")
        let several = try VerdictLookTests.store(
            ["petmask=animal", "petmask=yak", "petmask=zebra"],
            ["animal": Self.finder(), "yak": Self.finder(), "zebra": Self.finder()])
        #expect(several.verdictNetworks.finder?.name == "yak")
    }

    @Test(arguments: [
        (#"{"task": "segmentation", "animal_labels": ["cow"]}"#, "'cow', which is no label"),
        (#"{"task": "segmentation", "animal_labels": ["pet", "background"]}"#, "all labels"),
        (#"{"task": "segmentation", "animal_labels": []}"#, "names none"),
        (#"{"task": "features", "animal_labels": ["pet"]}"#, "task is features"),
        (#"{"animal_label": ["pet"]}"#, "no key 'animal_label'; the nearest is 'animal_labels'"),
        (#"{"task": "segmentation", "Threshold": 0.5}"#, "the nearest is 'threshold'"),
        (#"{"task": "segmentation", "animal_labels": ["pet"], "animal_peak": 1}"#, "less than 1"),
        (
            #"{"task": "segmentation", "animal_labels": ["pet"], "animal_confirmation": -0.1}"#,
            "animal_confirmation should be 0 or more"
        ),
        (#"{"familiar_energy": "high"}"#, "familiar_energy"),
        (#"{"task": "segmentation", "doubt_below": 0.01}"#, "\"doubt_below\" is for classifiers"),
        (#"{"task": "features", "doubt_below": 0.01}"#, "\"doubt_below\" is for classifiers"),
        (#"{"doubt_below": "0.01"}"#, "'doubt_below' should be a number"),
        (#"{"doubt_below": 1}"#, "doubt_below should be 0 or more, and less than 1"),
    ])
    func whatIsNotUnderstoodIsRefusedByName(settings: String, words: String) throws {
        let store = try VerdictLookTests.store(["petmask"], ["petmask": settings])
        let refused = try #require(store.refused.first)
        #expect(refused.error.file == "interpret.json" && refused.error.reason.contains(words), "\(refused.error)")
    }

    @Test func allKeysTogetherAreKnown() throws {
        let settings = #"""
            {"task": "segmentation", "background_labels": ["background"], "animal_labels": ["pet"], "animal_peak": 0.5,
             "animal_confirmation": 0.5, "default": false,
             "cam_threshold": 0.2, "familiar_energy": 1.5, "layout": "nchw", "threshold": 0.5, "inputs": {},
             "preprocessing": {"size": 128}}
            """#
        let store = try VerdictLookTests.store(["petmask"], ["petmask": settings])
        #expect(store.refused.isEmpty && store.verdictNetworks.finder != nil, "\(store.refused)")
    }
}
