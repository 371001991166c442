import Foundation
import Interpretation
import Testing

@Suite("Transforms and parametrizations of images") struct ImageTransformTests {
    static let extents: [ImageExtents] = [(3, 9, 7), (1, 8, 8), (2, 5, 12)].compactMap {
        try? ImageExtents(channels: $0.0, height: $0.1, width: $0.2)
    }

    static let transforms: [(String, any ImageTransform)] = [
        ("jitter", Jitter(down: 3, right: -5)), ("far jitter", Jitter(down: -40, right: 41)),
        ("turn", Similarity(angle: 0.4, scale: 1)), ("enlargement", Similarity(angle: 0, scale: 1.7)),
        ("turned reduction", Similarity(angle: -2.1, scale: 0.6)), ("blur", GaussianBlur(sigma: 1.3)),
        ("blur wider than the image", GaussianBlur(sigma: 9)), ("no blur", GaussianBlur(sigma: 0)),
    ]

    static func numbers(_ count: Int, seed: Int) -> [Float] {
        (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 2039 - 1019) / 1024 }
    }

    static func product(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    @Test("⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩", arguments: transforms.indices)
    func adjoints(index: Int) {
        let (name, transform) = Self.transforms[index]
        #expect(Self.extents.count == 3)
        for extents in Self.extents {
            let (x, y) = (Self.numbers(extents.count, seed: 1), Self.numbers(extents.count, seed: 2))
            let left = Self.product(transform.applied(to: x, extents), y)
            let right = Self.product(x, transform.adjoint(of: y, extents))
            #expect(abs(left - right) < 1e-4, "\(name) \(extents)")
        }
    }

    @Test("transforms that change nothing change nothing")
    func identities() {
        let extents = Self.extents[0]
        let x = Self.numbers(extents.count, seed: 3)
        let still: [any ImageTransform] = [
            Jitter(down: 0, right: 0), Jitter(down: 9, right: -14), Similarity(angle: 0, scale: 1),
            GaussianBlur(sigma: 0),
        ]
        for transform in still { #expect(transform.applied(to: x, extents) == x) }
    }

    @Test("a blur keeps a flat image flat, up to its edges")
    func flat() {
        let extents = Self.extents[2]
        let flat = [Float](repeating: 0.5, count: extents.count)
        for value in GaussianBlur(sigma: 2).applied(to: flat, extents) { #expect(abs(value - 0.5) < 1e-5) }
    }

    @Test("the total variation's gradient is that of its value, by finite differences")
    func totalVariation() {
        for extents in Self.extents {
            let x = Self.numbers(extents.count, seed: 4)
            let gradient = TotalVariation.valueAndGradient(of: x, extents).gradient
            for index in stride(from: 0, to: x.count, by: 5) {
                var (up, down) = (x, x)
                up[index] += 1e-3
                down[index] -= 1e-3
                let difference =
                    (TotalVariation.valueAndGradient(of: up, extents).value
                        - TotalVariation.valueAndGradient(of: down, extents).value) / 2e-3
                #expect(abs(difference - Double(gradient[index])) < 1e-2)
            }
        }
        let flat = [Float](repeating: 2, count: Self.extents[0].count)
        #expect(TotalVariation.valueAndGradient(of: flat, Self.extents[0]).value == 0)
    }

    @Test(
        "the Hartley transform is its own inverse and keeps lengths", arguments: [[1, 1], [4, 4], [5, 7], [9, 2]])
    func hartley(extents: [Int]) {
        let transform = HartleyTransform(height: extents[0], width: extents[1])
        let x = Self.numbers(2 * extents[0] * extents[1], seed: 5)
        let there = transform.applied(to: x)
        for (back, value) in zip(transform.applied(to: there), x) { #expect(abs(back - value) < 1e-5) }
        #expect(abs(Self.product(there, there) - Self.product(x, x)) < 1e-4)
    }

    @Test("a wave has one frequency: its coefficients of other lengths are zero")
    func frequencies() {
        let (height, width) = (8, 12)
        let transform = HartleyTransform(height: height, width: width)
        let wave = (0..<height * width).map { index in
            Float(cos(2 * Double.pi * (Double(index / width) * 2 / 8 + Double(index % width) * 3 / 12) + 0.7))
        }
        let length = hypot(2.0 / 8, 3.0 / 12)
        for (coefficient, frequency) in zip(transform.applied(to: wave), transform.frequencies) {
            if abs(frequency - length) > 1e-9 { #expect(abs(coefficient) < 1e-5) }
        }
    }

    @Test("the parametrization's gradient is the transpose of its Jacobian", arguments: [true, false])
    func fourier(knowsColours: Bool) throws {
        let extents = try ImageExtents(channels: 3, height: 6, width: 5)
        let parametrization = FourierParametrization(
            extents,
            normalization: knowsColours ? .init(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]) : nil)
        #expect(parametrization.isBounded == knowsColours)
        let (z, signal) = (Self.numbers(90, seed: 6), Self.numbers(90, seed: 7))
        let gradient = parametrization.gradient(at: parametrization.image(of: z), signal: signal)
        for index in stride(from: 0, to: 90, by: 7) {
            var (up, down) = (z, z)
            up[index] += 1e-2
            down[index] -= 1e-2
            let difference =
                (Self.product(parametrization.image(of: up), signal)
                    - Self.product(parametrization.image(of: down), signal)) / 2e-2
            #expect(abs(difference - Double(gradient[index])) < 1e-2)
        }
    }

    @Test("parameters of variance 1 give waves of variance 1, coarse ones stronger than fine ones")
    func spectrum() throws {
        let extents = try ImageExtents(channels: 1, height: 32, width: 32)
        let parametrization = FourierParametrization(extents, normalization: nil)
        let z = Self.numbers(extents.count, seed: 8).map { $0 > 0 ? Float(1) : -1 }
        let image = parametrization.image(of: z)
        #expect(abs(Self.product(image, image) / 1024 - 1) < 1e-3)
        let strengths = HartleyTransform(height: 32, width: 32).applied(to: image).map { abs($0) }
        #expect(strengths[1] > 5 * strengths[16])
    }

    @Test("likeness has the gradient of its value, and maps without likeness have none")
    func diversity() {
        let maps = (0..<3).map { Self.numbers(4 * 6, seed: 10 + $0) }
        let (_, gradients) = Diversity.valueAndGradient(of: maps, units: 4)
        for index in stride(from: 0, to: 24, by: 3) {
            var (up, down) = (maps, maps)
            up[1][index] += 1e-2
            down[1][index] -= 1e-2
            let difference =
                (Diversity.valueAndGradient(of: up, units: 4).value
                    - Diversity.valueAndGradient(of: down, units: 4).value) / 2e-2
            #expect(abs(difference - Double(gradients[1][index])) < 1e-3)
        }
        #expect(abs(Diversity.valueAndGradient(of: [maps[0], maps[0]], units: 4).value - 1) < 1e-6)
        #expect(Diversity.valueAndGradient(of: [[0, 0], [1, 1]], units: 1).value == 0)
    }
}
