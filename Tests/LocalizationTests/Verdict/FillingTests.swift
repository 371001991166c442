import Foundation
import Localization
import Tensors
import Testing

/// What is put where a part is hidden. Independent references: a dense solve in double precision, and brute force.
@Suite("Fillings")
struct FillingTests {
    /// Two channels of smooth waves with a texture.
    static func image(width: Int, height: Int) throws -> Tensor {
        Tensor(shape: try Shape([1, 2, height, width])) { values in
            for index in values.indices {
                let (y, x) = (index % (width * height)).quotientAndRemainder(dividingBy: width)
                let wave = sin(Float(x) / 5 + Float(index / (width * height))) + cos(Float(y) / 4)
                values[index] = wave + Float((x * 7 + y * 13) % 5) / 10
            }
        }
    }

    static func mask(width: Int, height: Int, _ isInside: (_ x: Int, _ y: Int) -> Bool) throws -> PixelMask {
        try PixelMask(
            width: width, height: height, pixels: (0..<width * height).map { isInside($0 % width, $0 / width) })
    }

    /// A blob with a notch, and a single pixel in the corner.
    static func blob(width: Int, height: Int) throws -> PixelMask {
        try mask(width: width, height: height) { x, y in
            let (dx, dy) = (Double(x) - Double(width) * 0.55, Double(y) - Double(height) * 0.45)
            let isInBlob = dx * dx / Double(width * width) + dy * dy / Double(height * height) < 0.07
            return isInBlob && !(x == width / 2 && y % 2 == 0) || x == 0 && y == 0
        }
    }

    @Test("what is not hidden stays as it is, and no hidden value has any influence", arguments: Filling.allCases)
    func nothingLeaks(filling: Filling) throws {
        let (width, height) = (37, 29)
        let input = try Self.image(width: width, height: height)
        let blob = try Self.blob(width: width, height: height)
        for hidden in [blob, blob.complement] {
            let filled = try filling.fill(input, hidden)
            var other = input
            for index in 0..<other.count where hidden.pixels[index % (width * height)] { other[index] = .nan }
            #expect(try filling.fill(other, hidden) == filled)
            for index in 0..<input.count where !hidden.pixels[index % (width * height)] {
                #expect(filled[index] == input[index])
            }
            #expect(filled.values.allSatisfy { $0.isFinite })
        }
    }

    @Test("mean is 0 where it hides, exactly")
    func mean() throws {
        let blob = try Self.blob(width: 20, height: 16)
        let filled = try Filling.mean.fill(Self.image(width: 20, height: 16), blob)
        for index in 0..<filled.count where blob.pixels[index % blob.pixels.count] { #expect(filled[index] == 0) }
    }

    @Test("an image that is hidden altogether becomes 0", arguments: Filling.allCases)
    func everything(filling: Filling) throws {
        let all = try Self.mask(width: 9, height: 7) { _, _ in true }
        #expect(try filling.fill(Self.image(width: 9, height: 7), all).values.allSatisfy { $0 == 0 })
    }

    @Test("nothing hidden changes nothing", arguments: Filling.allCases)
    func nothing(filling: Filling) throws {
        let none = try Self.mask(width: 9, height: 7) { _, _ in false }
        let input = try Self.image(width: 9, height: 7)
        #expect(try filling.fill(input, none) == input)
    }

    @Test("a mask of another size is refused", arguments: Filling.allCases)
    func otherSize(filling: Filling) throws {
        let mask = try Self.mask(width: 8, height: 7) { _, _ in true }
        #expect(throws: LocalizationError.self) { try filling.fill(Self.image(width: 9, height: 7), mask) }
    }

    @Test("blurred and inpainted keep to the range of what is around", arguments: [Filling.blurred, .inpainted])
    func range(filling: Filling) throws {
        let (width, height) = (90, 70)
        let input = try Self.image(width: width, height: height)
        let hidden = try Self.mask(width: width, height: height) { x, y in x < 88 && y < 69 }
        let filled = try filling.fill(input, hidden)
        let plane = width * height
        for channel in 0..<2 {
            let around = (0..<plane).filter { !hidden.pixels[$0] }.map { input[channel * plane + $0] }
            let (low, high) = (try #require(around.min()), try #require(around.max()))
            for pixel in 0..<plane {
                #expect((low - 0.05...high + 0.05).contains(filled[channel * plane + pixel]))
            }
        }
    }

    @Test("blurred is the Gaussian mean of what is not hidden, where the cells are single pixels")
    func normalizedConvolution() throws {
        // 40 pixels make cells of one pixel; a deviation of two of them reaches all of a hole of five.
        let side = 40
        let input = try Self.image(width: side, height: side)
        let hidden = try Self.mask(width: side, height: side) { x, y in (18..<23).contains(x) && (18..<23).contains(y) }
        let filled = try Filling.blurred.fill(input, hidden)
        for (x, y) in [(18, 18), (20, 20), (22, 19)] {
            var (sum, weights) = (0.0, 0.0)
            for v in 0..<side {
                for u in 0..<side where !hidden.pixels[v * side + u] && abs(u - x) <= 6 && abs(v - y) <= 6 {
                    let weight = exp(-Double((u - x) * (u - x) + (v - y) * (v - y)) / 8)
                    sum += weight * Double(input[v * side + u])
                    weights += weight
                }
            }
            #expect(abs(Double(filled[y * side + x]) - sum / weights) < 1e-4)
        }
    }

    @Test("diffusion is the solution of the linear equations")
    func denseSolve() throws {
        let (width, height) = (13, 11)
        let input = try Self.image(width: width, height: height)
        let blob = try Self.blob(width: width, height: height)
        for hidden in [blob, blob.complement] {
            var values = input.values
            Diffusion(tolerance: 1e-6).fill(&values, hidden)
            for channel in 0..<2 {
                let plane = Array(input.values[channel * width * height..<(channel + 1) * width * height])
                for (pixel, expected) in Self.laplace(plane, hidden) {
                    #expect(abs(Double(values[channel * width * height + pixel]) - expected) < 1e-4)
                }
            }
        }
    }

    /// Gaussian elimination of: neighbours in the picture · value = sum of the neighbours.
    private static func laplace(_ values: [Float], _ hidden: PixelMask) -> [(pixel: Int, value: Double)] {
        let unknown = hidden.pixels.indices.filter { hidden.pixels[$0] }
        let row = Dictionary(uniqueKeysWithValues: unknown.enumerated().map { ($1, $0) })
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: unknown.count + 1), count: unknown.count)
        for (index, pixel) in unknown.enumerated() {
            let (y, x) = pixel.quotientAndRemainder(dividingBy: hidden.width)
            for (u, v) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
            where (0..<hidden.width).contains(u) && (0..<hidden.height).contains(v) {
                matrix[index][index] += 1
                if let other = row[v * hidden.width + u] {
                    matrix[index][other] -= 1
                } else {
                    matrix[index][unknown.count] += Double(values[v * hidden.width + u])
                }
            }
        }
        for pivot in unknown.indices {
            let best = (pivot..<unknown.count).max { abs(matrix[$0][pivot]) < abs(matrix[$1][pivot]) } ?? pivot
            matrix.swapAt(pivot, best)
            for other in unknown.indices where other != pivot {
                let factor = matrix[other][pivot] / matrix[pivot][pivot]
                for column in pivot...unknown.count { matrix[other][column] -= factor * matrix[pivot][column] }
            }
        }
        return unknown.enumerated().map { ($1, matrix[$0][unknown.count] / matrix[$0][$0]) }
    }

    @Test("diffusion reproduces a ramp, to its tolerance")
    func ramp() throws {
        let (width, height) = (64, 48)
        let ramp = Tensor(shape: try Shape([1, 1, height, width])) { values in
            for index in values.indices { values[index] = Float(index % width) / 20 - Float(index / width) / 30 }
        }
        let hidden = try Self.mask(width: width, height: height) { x, y in
            (10..<50).contains(x) && (8..<40).contains(y)
        }
        let filled = try Filling.inpainted.fill(ramp, hidden)
        #expect(zip(filled.values, ramp.values).allSatisfy { abs($0 - $1) < 0.05 })
    }

    @Test("the residual is what is documented, in a hole that is most of a picture")
    func residual() throws {
        let (width, height) = (96, 80)
        let hidden = try Self.mask(width: width, height: height) { x, y in
            !((40..<56).contains(x) && (30..<50).contains(y))
        }
        let values = try Filling.inpainted.fill(Self.image(width: width, height: height), hidden).values
        for pixel in hidden.pixels.indices where hidden.pixels[pixel] {
            let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
            let around = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
                .filter { (0..<width).contains($0.0) && (0..<height).contains($0.1) }
                .map { values[$0.1 * width + $0.0] }
            // Those that were relaxed first have moved since by as much again.
            #expect(abs(around.reduce(0, +) / Float(around.count) - values[pixel]) <= 2 * Diffusion().tolerance)
        }
    }
}
