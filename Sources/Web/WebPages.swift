import Foundation

/// The head and the navigation that all pages have, and a report too; `frame.html` is where they stand.
struct PageFrame {
    struct Link {
        let address: String
        let name: String
        var isCurrent = false
    }

    static let icon = "/assets/icon.svg"

    var title: String
    /// Elements of the head: policy, styles, script.
    var head: [String]
    var home = "/"
    var icon = PageFrame.icon
    /// What the links are called together.
    var navigation = "Pages"
    var links: [Link]
    /// What stands beside the navigation.
    var tools = ""

    /// The page around a body: what comes before it, and what comes after.
    func parts() -> (before: String, after: String) {
        var text = String(decoding: PackageResources.frame_html, as: UTF8.self)
        let items = links.map { link in
            "<a href=\"\(link.address)\"\(link.isCurrent ? " aria-current=\"page\"" : "")>\(link.name)</a>"
        }
        for (name, value) in [
            ("title", title), ("head", head.joined(separator: "\n  ")), ("home", home), ("icon", icon),
            ("navigation", navigation), ("links", items.joined(separator: "\n      ")), ("tools", tools),
        ] {
            text = text.replacing("{{\(name)}}", with: value)
        }
        let pieces = text.split(separator: "{{body}}\n", maxSplits: 1)
        return (String(pieces.first ?? ""), String(pieces.count > 1 ? pieces[1] : ""))
    }
}

/// The pages of the daemon: a body each, in the same frame.
enum WebPages {
    static let photos = page("Photos", body: PackageResources.index_html, script: "index", current: "/", tools: live)
    static let photo = page(
        "Photo", body: PackageResources.photo_html, script: "photo", styles: ["page", "photo"], current: "/")
    static let time = page("Over time", body: PackageResources.time_html, script: "time", current: "/time")
    static let models = page("Models", body: PackageResources.models_html, script: "models", current: "/models")

    private static let links = [("/", "Photos"), ("/time", "Over time"), ("/models", "Models")]
    private static let live = """
        <span id="connection" class="connection" role="status">connecting …</span>
            <button id="ask-open" class="primary" type="button">Ask about a photo</button>
        """

    private static func page(
        _ title: String, body: [UInt8], script: String, styles: [String] = ["page"], current: String,
        tools: String = ""
    ) -> [UInt8] {
        let frame = PageFrame(
            title: title,
            head: ["<link rel=\"icon\" href=\"\(PageFrame.icon)\" type=\"image/svg+xml\">"]
                + styles.map { "<link rel=\"stylesheet\" href=\"/assets/\($0).css\">" }
                + ["<script type=\"module\" src=\"/assets/\(script).js\"></script>"],
            links: links.map { .init(address: $0.0, name: $0.1, isCurrent: $0.0 == current) }, tools: tools)
        let (before, after) = frame.parts()
        return Array(before.utf8) + body + Array(after.utf8)
    }
}
