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
