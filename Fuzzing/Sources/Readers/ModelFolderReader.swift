import Foundation
import Photos

@testable import Service

/// The files of a network's folder that are JSON. The bytes are taken as each of them; where they say how photos become
/// input, a small photo does.
@Sendable func readModelFolder(_ data: Data) {
    for name in ["config.json", "preprocessor_config.json", "interpret.json"] {
        let folder = Scratch.folder.appending(path: "as-\(name)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        _ = Scratch.file("as-\(name)/\(name)", data)
        guard let model = try? ModelFolder(folder) else { continue }
        for size in [nil, (width: 8, height: 6)] {
            guard let preprocessing = try? model.preprocessing(networkSize: size) else { continue }
            let preprocessor = Preprocessor(configuration: preprocessing.configuration)
            // Large inputs take long and show no more.
            guard let geometry = try? preprocessor.geometry(photoWidth: bitmap.width, photoHeight: bitmap.height),
                geometry.inputWidth * geometry.inputHeight <= 10_000
            else { continue }
            _ = try? preprocessor.input(from: bitmap)
        }
    }
}

private let bitmap: Bitmap = {
    guard let bitmap = try? Bitmap(width: 13, height: 9, color: .black) else { fatalError("a photo of 13×9 pixels") }
    return bitmap
}()
