import Photos
import Testing

@Suite struct TextFittingTests {
    private let fitting: TextFitting

    init() throws {
        fitting = TextFitting(font: try Font(environment: [:]), size: 12)
    }

    private func isWhole(_ text: String) -> Bool {
        text.split(whereSeparator: { !$0.isNumber }).allSatisfy { text[$0.endIndex...].hasPrefix(" %") }
    }

    @Test(arguments: Array(stride(from: 20, through: 400, by: 5))) func aNumberIsNeverPartedFromItsUnit(width: Int) {
        let text = "Hiding the box: cat 52 % → 8 %. Elsewhere: 100 %, 97 % alone."
        for lines in 1...5 {
            for line in fitting.wrapped(text, width: width, lines: lines) {
                #expect(isWhole(line), "'\(line)'")
                #expect(fitting.font.width(of: line, size: 12) <= width)
            }
        }
        if let line = fitting.oneLine("Löwenköpfchen 98 %", width: width) { #expect(isWhole(line.text)) }
    }

    @Test func whatDoesNotFitEndsInAnEllipsis() throws {
        let line = try #require(fitting.oneLine("an animal with a very long name", width: 80))
        #expect(line.text.hasSuffix("…") && line.text.hasPrefix("an"))
        #expect(fitting.oneLine("x", width: 1) == nil)
        #expect(fitting.wrappedWhole("an animal with a very long name", width: 80, lines: 2) == nil)
        #expect(
            fitting.wrappedWhole("an animal with a very long name", width: 80, lines: 9)?.joined(separator: " ")
                == "an animal with a very long name")
    }

    @Test func aDotBetweenStatementsBeginsNoLine() {
        for width in 40...200 {
            let lines = fitting.wrapped("cat 96 % · looks at the animal", width: width, lines: 4)
            #expect(lines.allSatisfy { !$0.hasPrefix("·") })
        }
    }
}
