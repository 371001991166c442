import Foundation
package import WireProtocol

/// Pixels in kitty's graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/): base64 in commands of at most
/// 4096 characters, of which the first says what it is.
package enum KittyEncoder {
    package static let largestPiece = 4096

    /// - Parameter columns: how many characters wide it is shown; its height follows.
    /// - Returns: the commands and a line end, so that what follows stands below the picture.
    package static func encode(_ picture: PicturePixels, columns: Int) -> String {
        let base64 = Array(picture.rgb.base64EncodedData())
        var text = ""
        text.reserveCapacity(base64.count + base64.count / 256 + 128)
        for start in stride(from: 0, to: base64.count, by: largestPiece) {
            let piece = base64[start..<min(start + largestPiece, base64.count)]
            let more = piece.endIndex < base64.count ? 1 : 0
            // Transmit and show, 24 bits a pixel; 2: do not answer.
            let first = start == 0 ? "a=T,f=24,s=\(picture.width),v=\(picture.height),c=\(columns),q=2," : ""
            text += "\u{1B}_G\(first)m=\(more);\(String(decoding: piece, as: UTF8.self))\u{1B}\\"
        }
        return text + "\n"
    }
}
