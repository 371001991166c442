import Photos

/// One colour a class: those of Pascal VOC (Everingham et al. 2010), which other programs use too.
enum ClassPalette {
    /// The bits of the index, from the lowest, go to red, green and blue in turn, each from its highest bit.
    static func color(of index: Int) -> RGBColor {
        var (rest, red, green, blue) = (index, UInt8(0), UInt8(0), UInt8(0))
        for shift in 0..<8 {
            red |= UInt8(rest & 1) << UInt8(7 - shift)
            green |= UInt8(rest >> 1 & 1) << UInt8(7 - shift)
            blue |= UInt8(rest >> 2 & 1) << UInt8(7 - shift)
            rest >>= 3
        }
        return RGBColor(red: red, green: green, blue: blue)
    }
}
