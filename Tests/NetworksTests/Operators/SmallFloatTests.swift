import Networks
import Testing

@Suite struct SmallFloatTests {
    /// Every number of a format stands for itself, and numbers between two go to the nearer one.
    @Test(arguments: SmallFloat.allCases) func numbersOfTheFormatStay(_ format: SmallFloat) {
        let all = Set((0..<1 << format.width).map { format.value(ofBits: UInt8($0)) }.filter(\.isFinite)).sorted()
        #expect(all.last == format.largest)
        for value in all { #expect(format.rounded(value) == value) }
        guard format != .e8m0 else { return }
        for (low, high) in zip(all, all.dropFirst()) {
            let middle = low + (high - low) / 2
            #expect(format.rounded(low + (high - low) * 0.25) == low)
            #expect(format.rounded(low + (high - low) * 0.75) == high)
            #expect([low, high].contains(format.rounded(middle)))
        }
    }

    @Test func specialNumbersAreThoseOfTheFormat() {
        #expect(SmallFloat.e4m3.value(ofBits: 0x7f).isNaN)
        #expect(SmallFloat.e5m2.value(ofBits: 0x7c) == .infinity)
        #expect(SmallFloat.e4m3UnsignedZero.value(ofBits: 0x80).isNaN)
        #expect(SmallFloat.e4m3.rounded(1e6) == 448)
        #expect(SmallFloat.e4m3.rounded(-.infinity) == -448)
        #expect(SmallFloat.e4m3.rounded(1e6, saturates: false).isNaN)
        #expect(SmallFloat.e5m2.rounded(-1e6, saturates: false) == -.infinity)
        #expect(SmallFloat.e5m2.rounded(.nan).isNaN)
        // There is nothing in four bits that is no number.
        #expect(SmallFloat.e2m1.rounded(.nan) == 0)
    }

    @Test func powersOfTwoGoWhereTheyAreTold() {
        #expect(SmallFloat.e8m0.rounded(1.1) == 2)
        #expect(SmallFloat.e8m0.rounded(1.9, direction: .down) == 1)
        #expect(SmallFloat.e8m0.rounded(1.4, direction: .nearest) == 1)
        #expect(SmallFloat.e8m0.rounded(1.6, direction: .nearest) == 2)
        #expect(SmallFloat.e8m0.rounded(0) > 0)
    }
}
