import Foundation
import TestSupport
import WireProtocol

/// The examples of Protocol.md, for replaying against any daemon.
///
/// ```swift
/// let document = try ProtocolExamples(markdown: text)
/// for block in document.blocks where !block.isOnlyShown {
///     let mismatches = try await block.replay(over: SocketTestClient(path: path), replacing: ["/srv/inbox/cat.jpg": photo])
/// }
/// ```
struct ProtocolExamples {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// One fenced block of the language `jsonrpc`.
    struct Block: CustomStringConvertible {
        enum Step: Equatable {
            /// A line the client sends.
            case send(String)
            /// A line the daemon should send, with wildcards.
            case expect(String)
        }

        /// Number of the line that opens the block.
        let line: Int
        /// The block depends on circumstances that a test cannot make.
        let isOnlyShown: Bool
        var steps: [Step] = []

        var description: String { "Protocol.md:\(line)" }
    }

    private(set) var blocks: [Block] = []

    init(markdown: String) throws {
        var block: Block?
        for (index, line) in markdown.components(separatedBy: "\n").enumerated() {
            let place = "Protocol.md:\(index + 1)"
            if let open = block {
                if line == "```" {
                    guard !open.steps.isEmpty else { throw Failure(description: "\(place): an empty block") }
                    blocks.append(open)
                    block = nil
                } else if line.hasPrefix("→ ") {
                    block?.steps.append(.send(String(line.dropFirst(2))))
                } else if line.hasPrefix("← ") {
                    block?.steps.append(.expect(String(line.dropFirst(2))))
                } else {
                    throw Failure(description: "\(place): a line begins with neither → nor ←")
                }
            } else if line.hasPrefix("```jsonrpc") {
                let words = line.dropFirst(3).split(separator: " ")
                guard words == ["jsonrpc"] || words == ["jsonrpc", "shown"] else {
                    throw Failure(description: "\(place): unknown kind of block '\(line)'")
                }
                block = Block(line: index + 1, isOnlyShown: words.count > 1)
            }
        }
        if let block { throw Failure(description: "\(block): the block has no end") }
    }
}

extension ProtocolExamples.Block {
    /// Sends what the block sends and compares the answers that come back.
    ///
    /// Answers to requests that stand next to each other may come in any order, so each run of expected lines is compared
    /// with as many received ones, by id.
    ///
    /// - Parameter replacements: texts of the document and what stands for them here, paths for example; JSON-escaped.
    /// - Returns: what does not fit.
    func replay(
        over client: SocketTestClient, replacing replacements: [String: String] = [:]
    ) async throws -> [String] {
        var mismatches: [String] = []
        var expected: [JSONValue] = []
        func text(_ line: String) -> String {
            replacements.reduce(line) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
        }
        func compare() async throws {
            var received: [JSONValue] = []
            while received.count < expected.count {
                guard let line = try await client.line() else {
                    throw SocketTestClient.Failure(description: "\(self): the daemon closed the connection")
                }
                let message = try JSONText(validating: Data(line.utf8)).decoded(as: JSONValue.self)
                // Notifications come when they come.
                if message.member("method") == nil { received.append(message) }
            }
            for pattern in expected {
                guard let index = received.firstIndex(where: { $0.member("id") == pattern.member("id") }) else {
                    mismatches.append("no answer with id \(pattern.member("id") ?? .null)")
                    continue
                }
                mismatches += JSONPattern.mismatches(pattern, received.remove(at: index))
            }
            expected = []
        }
        for step in steps {
            switch step {
            case .send(let line):
                if !expected.isEmpty { try await compare() }
                try await client.send(text(line) + "\n")
            case .expect(let line):
                expected.append(try JSONText(validating: Data(text(line).utf8)).decoded(as: JSONValue.self))
            }
        }
        try await compare()
        return mismatches.map { "\(self): \($0)" }
    }
}

extension JSONValue {
    func member(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }
}
