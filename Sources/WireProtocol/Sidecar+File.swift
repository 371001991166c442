public import Foundation

extension Sidecar {
    /// The contents of `IMG_1.jpg.boxes.json`: for people as well as for programs.
    public func fileContents() throws -> Data {
        let encoder = WireCoding.encoder()
        encoder.outputFormatting.insert(.prettyPrinted)
        return try encoder.encode(self) + Data("\n".utf8)
    }
}
