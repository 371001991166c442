import Foundation
import Service

/// `config.yaml`, checked as at a start.
@Sendable func readConfiguration(_ data: Data) {
    let file = Scratch.file("config.yaml", data)
    waiting { _ = try? await ConfigurationSources.check(file.path) }
}
