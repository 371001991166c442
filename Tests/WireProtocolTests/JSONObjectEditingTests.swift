import Foundation
import Testing
import WireProtocol

@Suite struct JSONObjectEditingTests {
    private func set(_ text: String) throws -> String {
        String(
            decoding: try JSONObjectEditing.setting("calibration", to: "{\"t\":2}", in: Data(text.utf8)), as: UTF8.self)
    }

    @Test(arguments: [
        ("", "{\n  \"calibration\": {\"t\":2}\n}\n"),
        ("{}\n", "{\"calibration\": {\"t\":2}}\n"),
        ("{\"default\": true}", "{\"default\": true, \"calibration\": {\"t\":2}}"),
        (
            "{\n  \"a\": 1,\n  \"b\" : [1,  2]\n}\n",
            "{\n  \"a\": 1,\n  \"b\" : [1,  2],\n  \"calibration\": {\"t\":2}\n}\n"
        ),
        (
            "{ \"calibration\" :{ \"old\": 1 },\r\n\t\"ö\": \"}\" }",
            "{ \"calibration\" :{\"t\":2},\r\n\t\"ö\": \"}\" }"
        ),
    ])
    func onlyTheMemberChanges(text: String, expected: String) throws { #expect(try set(text) == expected) }

    @Test(arguments: ["[1]", "{", "{\"a\": 1} x", "true"])
    func whatIsNoObjectIsRefused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try set(text) }
    }
}
