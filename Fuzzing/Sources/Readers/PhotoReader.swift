import Foundation
import Photos

/// A photo with its EXIF and XMP: its size, and its picture for two purposes.
@Sendable func readPhoto(_ data: Data) {
    var limits = DecodeLimits()
    // Large pictures take long and show no more.
    limits.pixels = 200_000
    limits.decodedBytes = 4 << 20
    limits.coefficientBytes = 4 << 20
    limits.scans = 20
    guard (try? PhotoDecoder.size(of: data, limits: limits)) != nil else { return }
    for target in [DecodeTarget.fullScale, .atLeast(inputWidth: 4, inputHeight: 4, longSide: 16)] {
        guard let photo = try? PhotoDecoder.decode(data, for: target, limits: limits) else { continue }
        // What people and the network are told of it.
        _ = (photo.camera, photo.warning, photo.missing, photo.colourProfile)
    }
}
