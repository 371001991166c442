import Foundation
import HTTPTypes
import Hummingbird

/// The page's own files, which are part of the program.
package enum WebAssets {
    /// One file: where the browser finds it, and what it is.
    struct Asset: Sendable {
        let bytes: [UInt8]
        let type: String

        static func html(_ bytes: [UInt8]) -> Asset { Asset(bytes: bytes, type: "text/html; charset=utf-8") }
        static func css(_ bytes: [UInt8]) -> Asset { Asset(bytes: bytes, type: "text/css; charset=utf-8") }
        static func script(_ bytes: [UInt8]) -> Asset { Asset(bytes: bytes, type: "text/javascript; charset=utf-8") }
        static func svg(_ bytes: [UInt8]) -> Asset { Asset(bytes: bytes, type: "image/svg+xml") }
    }

    /// The page's files as text, by path: for who checks them.
    package static var texts: [String: String] { byPath.mapValues { String(decoding: $0.bytes, as: UTF8.self) } }

    static let byPath: [String: Asset] = [
        "/": .html(WebPages.photos),
        "/photo": .html(WebPages.photo),
        "/time": .html(WebPages.time),
        "/models": .html(WebPages.models),
        "/assets/page.css": .css(PackageResources.page_css),
        "/assets/photo.css": .css(PackageResources.photo_css),
        "/assets/icon.svg": .svg(PackageResources.icon_svg),
        "/assets/api.js": .script(PackageResources.api_js),
        "/assets/caption.js": .script(PackageResources.caption_js),
        "/assets/charts.js": .script(PackageResources.charts_js),
        "/assets/correct.js": .script(PackageResources.correct_js),
        "/assets/dom.js": .script(PackageResources.dom_js),
        "/assets/evidence.js": .script(PackageResources.evidence_js),
        "/assets/explain.js": .script(PackageResources.explain_js),
        "/assets/facts.js": .script(PackageResources.facts_js),
        "/assets/filters.js": .script(PackageResources.filters_js),
        "/assets/glance.js": .script(PackageResources.glance_js),
        "/assets/index.js": .script(PackageResources.index_js),
        "/assets/layers.js": .script(PackageResources.layers_js),
        "/assets/models.js": .script(PackageResources.models_js),
        "/assets/photo.js": .script(PackageResources.photo_js),
        "/assets/time.js": .script(PackageResources.time_js),
        "/assets/trends.js": .script(PackageResources.trends_js),
        "/assets/units.js": .script(PackageResources.units_js),
        "/assets/upload.js": .script(PackageResources.upload_js),
        "/assets/wall.js": .script(PackageResources.wall_js),
        "/assets/words.js": .script(PackageResources.words_js),
    ]

    /// What a report may link into its script, by file name.
    static var modules: [String: String] {
        var modules = ["report.js": String(decoding: PackageResources.report_js, as: UTF8.self)]
        for (path, text) in texts where path.hasSuffix(".js") {
            modules[String(path.split(separator: "/").last ?? "")] = text
        }
        return modules
    }

    static func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        for (path, asset) in byPath {
            router.get(RouterPath(path)) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: asset.type, .cacheControl: "no-cache"],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes)))
            }
        }
    }
}
