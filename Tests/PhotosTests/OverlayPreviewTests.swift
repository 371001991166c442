import Foundation
import Photos
import Tensors
import Testing

@Suite struct OverlayPreviewTests {
    private let overlay: Overlay
    private let scene: OverlayScene

    init() throws {
        overlay = Overlay(font: try Font(environment: [:]))
        let photo = try Bitmap(width: 900, height: 600, color: RGBColor(red: 90, green: 120, blue: 60))
        scene = OverlayScene(
            photo: photo,
            boxes: [OverlayBox(rectangle: PixelRectangle(x: 300, y: 200, width: 300, height: 200), label: "cat")],
            verdict: OverlayVerdict(sign: .check, words: "cat"))
    }

    @Test(arguments: [(80, 48, 72, 48), (80, 100, 80, 53), (2, 2, 2, 1), (640, 640, 640, 427), (2000, 2000, 900, 600)])
    func itFitsIntoTheRoomInThePhotosProportions(width: Int, height: Int, expectedWidth: Int, expectedHeight: Int)
        throws
    {
        let preview = try overlay.preview(of: scene, width: width, height: height)
        #expect((preview.width, preview.height) == (expectedWidth, expectedHeight))
    }

    @Test func aSmallOneHasNoWordsAndAFrameThatIsSeen() throws {
        let small = try overlay.preview(of: scene, width: 90, height: 60)
        // Where the verdict is on a large one.
        #expect(small[3, 3] == scene.photo[3, 3])
        #expect(try overlay.preview(of: scene, width: 600, height: 600)[20, 12] != scene.photo[20, 12])
        // The frame begins at a tenth of 300, 200: cyan, one pixel thick.
        let edge = (28...33).map { small[$0, 30] }
        #expect(edge.contains { $0.blue > 150 && Int($0.blue) > Int($0.red) + 60 })
    }
}
