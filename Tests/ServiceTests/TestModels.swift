import Foundation
import Logging
import Service

/// The models that come with the project, loaded once.
enum TestModels {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let classifiers = Result { try store("Tests/Fixtures/first-edition/petshop") }
    private static let segmenters = Result { try store("Tests/Fixtures/models/petmask") }

    /// Tells cats, dogs and others apart; others are background.
    static var petshop: LoadedModel { get throws { try classifiers.get().models[0] } }
    /// Tells the pet's pixels from background.
    static var petmask: LoadedModel { get throws { try segmenters.get().models[0] } }

    private static func store(_ folder: String) throws -> ModelStore {
        try ModelStore(
            directories: [root.appending(path: folder)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}
