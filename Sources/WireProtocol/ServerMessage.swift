public import Foundation

/// The answer to one request.
public struct Reply: Sendable, Equatable {
    public let id: RequestID
    public let outcome: Result<JSONText, RPCError>

    public init(id: RequestID, outcome: Result<JSONText, RPCError>) {
        self.id = id
        self.outcome = outcome
    }

    /// The line to send, its end included.
    public func line() throws -> Data {
        var line = Data(#"{"jsonrpc":"2.0","id":"#.utf8) + (try id.text).utf8
        switch outcome {
        case .success(let result): line += Data(#","result":"#.utf8) + result.utf8
        case .failure(let error): line += Data(#","error":"#.utf8) + (try JSONText(encoding: error)).utf8
        }
        return line + Data("}\n".utf8)
    }
}

/// A message from the daemon that answers nothing: `progress`, `event` or `file`.
public struct ServerNotification: Sendable, Equatable {
    public let method: String
    public let params: JSONText

    /// - Throws: `EncodingError`.
    public init(method: String, params: some Encodable) throws {
        self.method = method
        self.params = try JSONText(encoding: params)
    }

    init(method: String, text: JSONText) {
        self.method = method
        params = text
    }

    /// The line to send, its end included.
    public func line() throws -> Data {
        Data(#"{"jsonrpc":"2.0","method":"#.utf8) + (try JSONText(encoding: method)).utf8
            + Data(#","params":"#.utf8) + params.utf8 + Data("}\n".utf8)
    }
}

/// What a client reads from the socket.
public enum ServerMessage: Sendable, Equatable {
    case reply(Reply)
    case notification(ServerNotification)

    /// A line that no daemon of this protocol sends.
    public struct Malformed: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    public init(line: Data) throws(Malformed) {
        let members: [String: JSONText]
        do throws(JSONSyntaxError) {
            members = try JSONText.scan(line).members ?? [:]
        } catch {
            throw Malformed(description: "the answer is \(error)")
        }
        if let method = try? members["method"]?.decoded(as: String.self) {
            self = .notification(ServerNotification(method: method, text: members["params"] ?? .emptyObject))
            return
        }
        guard let id = try? members["id"].map(RequestID.init(text:)) else {
            throw Malformed(description: "the answer has no id")
        }
        if let result = members["result"] {
            self = .reply(Reply(id: id, outcome: .success(result)))
        } else if let error = try? members["error"]?.decoded(as: RPCError.self) {
            self = .reply(Reply(id: id, outcome: .failure(error)))
        } else {
            throw Malformed(description: "the answer has neither result nor error")
        }
    }
}
