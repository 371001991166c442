/// Joins modules of the page into one script, for a file that has nothing beside it to import from.
///
/// Each module becomes a function that returns what it exports, called once, those first that others import from. Of the
/// forms of `import` and `export` only those are read that the page uses: `import { a, b } from "./x.js";` and `export`
/// before a declaration.
package enum LinkedScript {
    /// - Parameters:
    ///   - entry: the module whose script is wanted.
    ///   - modules: texts by file name.
    package static func text(of entry: String, among modules: [String: String]) -> String {
        var linked: [String] = []
        var isLinked: Set<String> = []
        func link(_ name: String) {
            guard isLinked.insert(name).inserted, let text = modules[name] else { return }
            for found in text.matches(of: importStatement) { link(String(found.2)) }
            linked.append(function(of: name, text))
        }
        link(entry)
        return "(() => {\n\"use strict\";\n" + linked.joined() + "})();\n"
    }

    private static func function(of name: String, _ text: String) -> String {
        let names = text.matches(of: exportedName).map { String($0.1) }
        let body = text.replacing(importStatement) { "const {\($0.1)} = \(variable(String($0.2)));\n" }
            .replacing(exportKeyword, with: "")
        return "const \(variable(name)) = (() => {\n\(body)return { \(names.joined(separator: ", ")) };\n})();\n"
    }

    /// `words.js` → `module_words`.
    private static func variable(_ name: String) -> String { "module_" + name.prefix { $0 != "." } }

    private static var importStatement: Regex<(Substring, Substring, Substring)> {
        /import \{([^}]*)\} from "\.\/([a-z]+\.js)";\n/
    }
    private static var exportKeyword: Regex<Substring> { #/^export /#.anchorsMatchLineEndings() }
    private static var exportedName: Regex<(Substring, Substring)> {
        #/^export (?:async )?(?:function|class|const|let) ([A-Za-z]+)/#.anchorsMatchLineEndings()
    }
}
