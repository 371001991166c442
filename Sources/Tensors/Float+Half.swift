extension Float {
    /// The number that `half` is the IEEE 754 binary16 pattern of. By hand: Float16 is not available on every platform
    /// Swift runs on.
    public init(halfPattern half: UInt16) {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10) & 0x1f
        let fraction = UInt32(half & 0x3ff)
        switch exponent {
        case 0:
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case 0x1f: self.init(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: self.init(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}

extension Float {
    /// The IEEE 754 binary16 pattern nearest to this number; of two equally near ones the even. What is too large becomes
    /// infinite.
    public var halfPattern: UInt16 {
        let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
        guard !isNaN else { return sign | 0x7e00 }
        let size = magnitude
        // The midpoint between the largest half and what would come next.
        guard size < 65520 else { return sign | 0x7c00 }
        // Below 2⁻¹⁴ halves lie 2⁻²⁴ apart.
        let exponent = max(size.exponent == .min ? -14 : Int(size.exponent), -14)
        let steps = (size * Float(sign: .plus, exponent: 10 - exponent, significand: 1)).rounded(.toNearestOrEven)
        // Steps of 1024 and above carry the hidden bit, which counts the exponent up by one.
        return sign | UInt16(Int(steps) + (exponent + 14) << 10)
    }
}
