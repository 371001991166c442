import Tensors
import Testing

/// IEEE 754 binary16, with patterns of its own tables.
@Suite struct HalfTests {
    @Test func everyHalfSurvivesTheWayThroughAFloat() {
        for pattern in 0...UInt16.max {
            let value = Float(halfPattern: pattern)
            #expect(value.isNaN || value.halfPattern == pattern)
        }
    }

    @Test(
        arguments: [
            (1, 0x3c00), (-0.5, 0xb800), (65504, 0x7bff), (65519.9, 0x7bff), (65520, 0x7c00), (-.infinity, 0xfc00),
            // The smallest, half of it to the even 0, and a little more than half.
            (0x1p-24, 1), (0x1p-25, 0), (0x1.8p-25, 1), (0x1p-14, 0x0400),
            // Midway between 1 and the next: to the even one. Midway between that and the one after: up.
            (1 + 0x1p-11, 0x3c00), (1 + 3 * 0x1p-11, 0x3c02),
        ] as [(Float, UInt16)]) func theNearestHalfIsTaken(value: Float, pattern: UInt16)
    {
        #expect(value.halfPattern == pattern)
    }

    @Test func whatIsNoNumberStaysNone() {
        #expect(Float(halfPattern: Float.nan.halfPattern).isNaN)
    }
}
