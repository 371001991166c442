import Foundation
import Testing
import Web

@Suite("Modules joined into one script")
struct LinkedScriptTests {
    @Test("each module is there once, after what it imports, and hands out what it exports")
    func order() {
        let script = LinkedScript.text(
            of: "main.js",
            among: [
                "main.js": "import { b } from \"./b.js\";\nimport {\n  a,\n  c\n} from \"./a.js\";\nb(a, c);\n",
                "b.js": "import { a } from \"./a.js\";\nexport async function b() { return a; }\n",
                "a.js": "export const a = 1;\nexport class c {}\nconst hidden = 2;\n",
                "unused.js": "export const unused = 1;\n",
            ])
        #expect(script.ranges(of: "const module_a = ").count == 1 && !script.contains("unused"))
        let places = ["module_a = ", "module_b = ", "module_main = "].compactMap {
            script.firstRange(of: $0)?.lowerBound
        }
        #expect(places.count == 3 && places == places.sorted())
        #expect(script.contains("return { a, c };") && script.contains("return { b };"))
        #expect(script.contains("const {\n  a,\n  c\n} = module_a;") && script.contains("async function b()"))
    }

    @Test("nothing of the report's modules is left that only a module may have, and nothing that ends a script")
    func report() {
        let script = ReportDocument.script
        #expect(!script.contains(#/^(import|export) /#.anchorsMatchLineEndings()))
        #expect(!script.contains("</script") && !script.contains("<!--") && !script.contains("fetch("))
        #expect(script.contains("module_words = ") && script.contains("module_charts = "))
    }
}
