import Photos
import Tensors
import Testing

@Suite struct ResamplingTests {
    /// Expected: Pillow's `Image.resize`; the same arithmetic, hence the same bits.
    @Test(
        arguments: ResamplingFilter.allCases.filter { $0 != .sampledBilinear },
        [(12, 9), (50, 37), (9, 40), (47, 6), (33, 11), (1, 1)])
    func aResizedPictureIsPillowsBitForBit(filter: ResamplingFilter, size: (Int, Int)) throws {
        let resized = try Fixtures.bitmap("resize-source").resized(toWidth: size.0, height: size.1, filter: filter)
        #expect(resized == (try Fixtures.bitmap("resize-\(filter)-\(size.0)x\(size.1)")))
    }

    /// Expected: Pillow's `Image.resize` in mode "F"; sums in double precision, so only the last bit may differ.
    @Test(arguments: [(40, 31), (5, 3), (9, 20)])
    func aResizedMapIsPillows(size: (Int, Int)) throws {
        let resized = try Resampling.bilinear(
            map: Fixtures.tensor("map-source"), toWidth: size.0, height: size.1)
        #expect(largestDifference(resized, try Fixtures.tensor("map-\(size.0)x\(size.1)")) <= 1e-6)
    }

    @Test func theSameSizeIsTheSamePicture() throws {
        let source = try Fixtures.bitmap("resize-source")
        for filter in ResamplingFilter.allCases {
            #expect(try source.resized(toWidth: 33, height: 25, filter: filter) == source)
        }
    }

    @Test func anImpossibleSizeIsRefused() throws {
        let source = try Fixtures.bitmap("resize-source")
        for (width, height) in [(0, 5), (5, -1), (65_501, 5), (Int.max, Int.max), (65_000, 65_000)] {
            #expect(throws: PhotoError.self) { try source.resized(toWidth: width, height: height, filter: .box) }
            #expect(throws: PhotoError.self) {
                try Resampling.bilinear(map: Tensor(shape: Shape([2, 2])), toWidth: width, height: height)
            }
        }
    }

    @Test func onlyAPlaneIsAMap() throws {
        #expect(throws: PhotoError.self) {
            try Resampling.bilinear(map: Tensor(shape: Shape([3, 2, 2])), toWidth: 4, height: 4)
        }
        let leading = try Resampling.bilinear(
            map: Tensor(shape: Shape([1, 1, 2, 2]), repeating: 3), toWidth: 4, height: 5)
        #expect(leading == (try Tensor(shape: Shape([5, 4]), repeating: 3)))
    }
}

@Suite struct BitmapTests {
    @Test func aCropIsThePartInsideThePicture() throws {
        let source = try Fixtures.bitmap("resize-source")
        let crop = try source.crop(PixelRectangle(x: 30, y: -4, width: 10, height: 6))
        #expect(crop.width == 3 && crop.height == 2)
        #expect(crop[0, 0] == source[30, 0] && crop[2, 1] == source[32, 1])
        #expect(throws: PhotoError.self) { try source.crop(PixelRectangle(x: 40, y: 0, width: 5, height: 5)) }
        #expect(throws: PhotoError.self) { try source.crop(PixelRectangle(x: .nan, y: 0, width: 5, height: 5)) }
    }

    @Test func samplesMustFillThePicture() {
        #expect(throws: PhotoError.self) { try Bitmap(width: 2, height: 2, pixels: [1, 2, 3]) }
        #expect(throws: PhotoError.self) { try Bitmap(width: 0, height: 2, pixels: []) }
        #expect(throws: PhotoError.self) { try GreyBitmap(width: Int.max, height: 3, pixels: [1]) }
    }
}
