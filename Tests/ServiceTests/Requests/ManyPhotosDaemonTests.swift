import Foundation
import Photos
import Service
import TestSupport
import Testing
import WireProtocol

/// Neighbours, concepts and comparisons, with the built daemon and networks of which it is known where they look.
@Suite(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) struct ManyPhotosDaemonTests {
    @Test func theNearestPhotosAreThoseThatTheNetworkSeesAlike() async throws {
        let models = try StripedPhoto.models("reads-corner")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        for number in 0..<8 {
            try StripedPhoto.jpeg(number, corner: number < 4)
                .write(to: daemon.inbox.appending(path: "\(number).jpg"))
        }
        let parameters = NeighboursParameters(
            source: .bytes(try StripedPhoto.jpeg(20, corner: true)), count: 4, images: true)
        func ask() async throws -> NeighboursResult {
            try await daemon.result(of: RPCMethods.neighbours, parameters)
        }
        #expect(try await eventually { try await ask().photos == 8 })
        let result = try await ask()
        #expect(result.label == "cat" && result.withoutFeatures == 0)
        let names = result.neighbours.map { URL(filePath: $0.photo).lastPathComponent }
        #expect(
            Set(names) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"] && result.neighbours.allSatisfy { $0.label == "cat" })
        #expect(result.neighbours.map(\.distance) == result.neighbours.map(\.distance).sorted())
        #expect(result.representers == nil && result.sheet?.starts(with: [0xff, 0xd8]) == true)
        // The photo itself is no neighbour of its own.
        let own = try await daemon.result(
            of: RPCMethods.neighbours, NeighboursParameters(source: .path(daemon.inbox.path + "/2.jpg")))
        #expect(own.photos == 7 && !own.neighbours.contains { $0.photo.hasSuffix("/2.jpg") })
    }

    @Test func aMislabelledPhotoIsFound() async throws {
        let models = try StripedPhoto.models("reads-corner")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let labelled = try TemporaryFolder()
        try StripedPhoto.folder("cat", in: labelled.path, (0..<8).map { try StripedPhoto.jpeg($0, corner: true) })
        // The last one shows stripes.
        try StripedPhoto.folder(
            "dog", in: labelled.path, (10..<18).map { try StripedPhoto.jpeg($0, corner: $0 == 17) })
        let source = PhotoSource.bytes(try StripedPhoto.jpeg(30, corner: true))
        let result = try await daemon.result(
            of: RPCMethods.neighbours, NeighboursParameters(source: source, labelled: labelled.path))
        let found = try #require(result.representers)
        #expect(found.photos == 16 && found.labels == ["cat", "dog"] && found.isConverged && found.label == "cat")
        #expect(found.leastBelieved.first?.photo.hasSuffix("/dog/7.jpg") == true)
        #expect(found.away.first?.photo.hasSuffix("/dog/7.jpg") == true)
        #expect(found.towards.allSatisfy { $0.label == "cat" && $0.share ?? 0 > 0 } && !found.towards.isEmpty)
        #expect(found.shipped.residual != nil && found.shipped.agree == 16)

        try StripedPhoto.folder("horse", in: labelled.path, [try StripedPhoto.jpeg(40, corner: false)])
        await #expect(throws: RPCError.self) {
            try await daemon.result(
                of: RPCMethods.neighbours, NeighboursParameters(source: source, labelled: labelled.path))
        }
    }

    @Test func aConceptThatTheClassDependsOnIsTold() async throws {
        let models = try StripedPhoto.models("reads-corner")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let folders = try TemporaryFolder()
        try StripedPhoto.folder("stripes", in: folders.path, (0..<9).map { try StripedPhoto.jpeg($0, corner: true) })
        try StripedPhoto.folder("random", in: folders.path, (20..<40).map { try StripedPhoto.jpeg($0, corner: false) })
        func parameters(layer: String, examples: String? = nil) -> ConceptParameters {
            ConceptParameters(
                photos: folders.path + "/stripes", against: folders.path + "/random", examples: examples,
                classLabel: "cat", layer: layer, runs: 6)
        }
        let result = try await daemon.result(
            of: RPCMethods.concept, parameters(layer: "cells", examples: folders.path + "/stripes"))
        #expect(result.examples == 9 && result.perRun == 9 && result.skipped.isEmpty)
        #expect(result.concept.values == [1, 1, 1, 1, 1, 1] && result.concept.heldOutAccuracy == 1)
        #expect(result.random.values.count == 6 && (0...1).contains(result.probability))
        // There is no such layer, and no photo of the class in the inbox.
        for wrong in [parameters(layer: "nothing", examples: folders.path + "/stripes"), parameters(layer: "cells")] {
            await #expect(throws: RPCError.self) { try await daemon.result(of: RPCMethods.concept, wrong) }
        }
    }

    @Test func mapsOfNetworksThatReadOtherPlacesDiffer() async throws {
        let models = try StripedPhoto.models("reads-corner", "reads-centre")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        let source = PhotoSource.bytes(try StripedPhoto.jpeg(1, corner: true, centre: true))
        let result = try await daemon.result(
            of: RPCMethods.compare,
            CompareParameters(
                source: source, methods: ["cam", "grad-cam"], models: ["reads-corner", "reads-centre"],
                classLabel: "cat", images: true))
        #expect(result.maps.map(\.method) == ["cam", "grad-cam", "cam", "grad-cam"])
        #expect(result.maps.map(\.model) == ["reads-corner", "reads-corner", "reads-centre", "reads-centre"])
        #expect(result.maps.allSatisfy { $0.label == "cat" && $0.probability ?? 0 > 0.9 && !$0.boxes.isEmpty })
        #expect(result.pairs.map { [$0.first, $0.second] } == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])
        // Grad-CAM reads the same stripes in finer maps; the two networks' places have nothing in common.
        #expect(try #require(result.pairs[0].rankCorrelation) > 0.9)
        #expect(try #require(result.pairs[1].rankCorrelation) < 0.2)
        #expect(try #require(result.pairs[1].boxOverlap) < 0.2)
        let sheet = try PhotoDecoder.size(of: try #require(result.sheet))
        #expect(sheet.width > 2 * 448 && sheet.height > 2 * 448)
        await #expect(throws: RPCError.self) {
            try await daemon.result(
                of: RPCMethods.compare, CompareParameters(source: source, methods: ["cam"], models: ["reads-corner"]))
        }
    }
}
