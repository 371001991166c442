/// A share as a bar of characters.
package enum Bar {
    /// Eighths of a block, from 1 to 7.
    private static let parts = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// - Parameter share: 0…1, else clamped.
    /// - Returns: `width` characters, spaces behind the bar.
    package static func text(_ share: Double, width: Int = 20) -> String {
        let eighths = share > 0 ? Int((min(share, 1) * Double(width * 8)).rounded()) : 0
        let bar =
            String(repeating: "█", count: eighths / 8) + (eighths.isMultiple(of: 8) ? "" : parts[eighths % 8 - 1])
        return bar + String(repeating: " ", count: width - bar.count)
    }
}
