public import Foundation
import Photos

extension Drawing {
    /// The drawing as an SVG file on white.
    public var svg: Data {
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            font-family="DejaVu Sans, sans-serif" font-weight="bold">
            <rect width="\(width)" height="\(height)" fill="#ffffff"/>

            """
        for mark in marks {
            switch mark {
            case .rectangle(let x, let y, let width, let height, let color):
                text += """
                    <rect x="\(number(x))" y="\(number(y))" width="\(number(width))" height="\(number(height))" \
                    fill="\(hex(color))"/>

                    """
            case .line(let from, let to, let thickness, let color):
                text += """
                    <line x1="\(number(from.0))" y1="\(number(from.1))" x2="\(number(to.0))" y2="\(number(to.1))" \
                    stroke="\(hex(color))" stroke-width="\(number(thickness))"/>

                    """
            case .text(let words, let x, let y, let size, let anchor, let color):
                text += """
                    <text x="\(number(x))" y="\(number(y))" font-size="\(size)" text-anchor="\(anchor.rawValue)" \
                    fill="\(hex(color))">\(escaped(words))</text>

                    """
            }
        }
        return Data((text + "</svg>\n").utf8)
    }

    private func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    private func hex(_ color: RGBColor) -> String {
        "#" + [color.red, color.green, color.blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Labels are somebody else's text; what XML cannot hold is left out.
    private func escaped(_ words: String) -> String {
        var text = ""
        for scalar in words.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            default: if scalar.value >= 0x20, scalar.value < 0xFFFE { text.unicodeScalars.append(scalar) }
            }
        }
        return text
    }
}
