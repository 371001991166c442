import Digests
import Foundation
import WireProtocol

/// The HTML of a report, but for its photos: one file that opens from disk and asks nothing from anywhere.
///
/// Its policy allows the script and the styles that are in it, by their digests, and pictures that are in it; nothing of a
/// photo's name or a label is ever read as HTML.
package enum ReportDocument {
    /// Up to where the photos stand that need a person; from there to the others; and the rest.
    struct Parts {
        let beforeDoubtful: String
        let beforeOthers: String
        let end: String
    }

    /// - Parameter about: the result without contents.
    /// - Throws: `EncodingError`.
    static func parts(_ about: ReportResult) throws -> Parts {
        let day = about.created.formatted(
            Date.ISO8601FormatStyle(timeZone: TimeZone(identifier: about.timeZone) ?? .gmt).year().month().day())
        var frame = frame
        frame.title = "Report of \(day)"
        let (before, after) = frame.parts()
        let body = String(decoding: PackageResources.report_html, as: UTF8.self)
            .replacing("{{about}}", with: try json(about)).replacing("{{script}}", with: script)
        let pieces = (before + body + after).split(separator: placeholder, omittingEmptySubsequences: false)
        precondition(pieces.count == 3, "report.html has a place for doubtful photos and one for the others")
        return Parts(
            beforeDoubtful: String(pieces[0]), beforeOthers: String(pieces[1]), end: String(pieces[2]))
    }

    private static var placeholder: Regex<Substring> { /\{\{doubtful\}\}\n|\{\{wall\}\}\n/ }

    /// The last part, with what the report shows.
    static func closing(_ end: String, _ contents: ReportResult.Contents) throws -> String {
        end.replacing("{{contents}}", with: try json(contents))
    }

    // MARK: Writing safely

    /// JSON that no script element ends early with.
    static func json(_ value: some Encodable) throws -> String {
        try JSONText(encoding: value).description
            .replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026")
            // Would be taken for a place to put something.
            .replacing("{{", with: "{\\u007b")
    }

    /// Text for between tags and for attributes in double quotes.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "{": escaped += "&#123;"
            // What HTML does not have.
            case _ where scalar.value < 32 && !"\t\n".unicodeScalars.contains(scalar): escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    // MARK: What is the same in every report

    private static let frame = PageFrame(
        title: "",
        head: [
            "<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">",
            "<meta name=\"referrer\" content=\"no-referrer\">",
            "<link rel=\"icon\" href=\"\(icon)\">", "<style>\(styles)</style>",
        ], home: "#main", icon: icon, navigation: "Parts of the report",
        links: [
            .init(address: "#doubtful", name: "Doubtful"), .init(address: "#photos", name: "Others"),
            .init(address: "#time", name: "Over time"), .init(address: "#networks", name: "Networks"),
            .init(address: "#answers", name: "Answers"),
        ])

    static let policy =
        "default-src 'none'; script-src '\(digest(script))'; style-src '\(digest(styles))'; img-src data:; "
        + "base-uri 'none'; form-action 'none'"

    package static let script = LinkedScript.text(of: "report.js", among: WebAssets.modules)
    static let styles = [PackageResources.page_css, PackageResources.photo_css, PackageResources.report_css]
        .map { String(decoding: $0, as: UTF8.self) }.joined()
    private static let icon = "data:image/svg+xml;base64," + Data(PackageResources.icon_svg).base64EncodedString()

    /// As Content-Security-Policy names an inline script or style (W3C CSP3, 2.3.1).
    private static func digest(_ text: String) -> String {
        let digits = Array(SHA256.hexDigest(of: Data(text.utf8)))
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        return "sha256-" + Data(bytes).base64EncodedString()
    }
}
