import Foundation
import Testing
import WireProtocol

/// Where a person says that an animal is, over the wire.
@Suite struct AnimalMarkTests {
    private func refusal(_ animal: String) throws -> String? {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"explain","params":{"photo":"/a.jpg","animal":\#(animal)}}"#
        do {
            _ = try RPCMethods.explain.parameters(of: try Request(line: Data(line.utf8)))
            return nil
        } catch let error as RPCError {
            return error.message
        }
    }

    @Test(arguments: [
        AnimalMark.box(BoundingBox(x: 1, y: 2.5, width: 3, height: 4)), .mask(.init(size: [2, 3], counts: [1, 2, 3])),
        .picture(Data([1, 2, 3])),
    ])
    func aMarkSurvivesTheRoundTrip(mark: AnimalMark) throws {
        #expect(try JSONDecoder().decode(AnimalMark.self, from: try JSONEncoder().encode(mark)) == mark)
    }

    @Test(arguments: [
        ("{}", "exactly one of 'bbox', 'mask' and 'picture'"),
        (#"{"bbox":[1,2,3,4],"picture":"AAAA"}"#, "exactly one of"),
        (#"{"bbox":[1,2,3]}"#, "[x, y, width, height], got 3"),
        (#"{"bbox":[1,2,3,4,5]}"#, "got 5"),
        (#"{"bbox":[1,2,3,"x"]}"#, "animal"),
        (#"{"mask":{"size":[2,3]}}"#, "counts"),
        (#"{"mask":{"size":[2,3],"counts":[1.5]}}"#, "not valid"),
        ("7", "animal"),
    ])
    func whatIsNoMarkIsRefused(animal: String, words: String) throws {
        let message = try #require(try refusal(animal))
        #expect(message.contains(words), "\(message)")
    }
}
