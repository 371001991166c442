public import Foundation
public import WireProtocol

/// A file to be written beside a photo.
public struct SidecarFile: Sendable {
    public let kind: SidecarKind
    public let contents: Data

    public init(_ kind: SidecarKind, contents: Data) {
        self.kind = kind
        self.contents = contents
    }
}
