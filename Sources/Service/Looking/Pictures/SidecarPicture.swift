import Foundation
import WireProtocol

/// One of the pictures beside a photo, drawn of what was seen. A further one is a file with a type like these, and the
/// row of its kind.
protocol SidecarPicture {
    /// - Returns: a file of the composer's format; nil where the look has nothing to be drawn.
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data?
    func drawn(_ look: SegmentationLook, by composer: Composer) throws -> Data?
}

extension SidecarPicture {
    func drawn(_ look: ClassLook, by composer: Composer) throws -> Data? { nil }
    func drawn(_ look: SegmentationLook, by composer: Composer) throws -> Data? { nil }
}

extension SidecarKind {
    /// How the picture is drawn; nil for what is no picture.
    var picture: (any SidecarPicture)? {
        switch self {
        case .saliency: SaliencyPicture()
        case .overlay: OverlayPicture()
        case .occlusion: OcclusionPicture()
        case .mask: MaskPicture()
        case .boxes, .error: nil
        }
    }
}
