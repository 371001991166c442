import Foundation
import Photos
import Service
import TestSupport
import Testing
import WireProtocol

/// An audit of the inbox's photos, with the built daemon and a network of which it is known that it reads the upper left
/// corner (`Conformance/make_verdict_fixtures.py`).
@Suite(.enabled(if: RunningDaemon.isBuilt), .timeLimit(.minutes(30))) struct AuditDaemonTests {
    private static let photos = 30

    @Test func whatIsReadInACornerIsFlaggedAndDrawn() async throws {
        let models = try StripedPhoto.models("reads-corner")
        let daemon = try await RunningDaemon(models: URL(filePath: models.path))
        for number in 0..<Self.photos {
            try StripedPhoto.jpeg(number, corner: true).write(to: daemon.inbox.appending(path: "\(number).jpg"))
        }
        func audit(_ parameters: AuditParameters) async throws -> AuditResult {
            try await daemon.result(of: RPCMethods.audit, parameters)
        }
        #expect(try await eventually { try await audit(AuditParameters()).photos == Self.photos })

        let result = try await audit(AuditParameters(label: "cat", images: true, members: true))
        #expect(result.classes.map(\.label) == ["cat"] && result.classes.first?.photos == Self.photos)
        #expect(result.withoutDecision == 0 && result.withoutMap == 0)
        #expect(result.ways.allSatisfy { $0.flags == ["same-corner"] && $0.corner == "upper left" }, "\(result.ways)")
        let members = result.ways.flatMap { $0.members ?? [] }.map(\.photo)
        #expect(Set(members).count == Self.photos && members.count == Self.photos)
        // The mean map is over the photo: all of it lies in the corner's cells.
        let map = try #require(result.ways.first).map
        #expect(map.count == 16 && map.prefix(6).allSatisfy { $0.count == 16 })
        #expect(map.prefix(6).reduce(0) { $0 + $1.prefix(6).reduce(0, +) } > 0.9)
        let sheet = try PhotoDecoder.size(of: try #require(result.sheet))
        #expect(sheet.width > 6 * 224 && sheet.height > 2 * 224)

        #expect(try await audit(AuditParameters(label: "dog")).photos == 0)
        let later = Date(timeIntervalSinceNow: 3600)
        #expect(try await audit(AuditParameters(since: later)).ways.isEmpty)
    }
}
