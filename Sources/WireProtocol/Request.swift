public import Foundation

/// A line that is no request, with the id to answer it under: the request's own where it could be read, else null.
public struct MalformedRequest: Error, Equatable {
    public let id: RequestID
    public let error: RPCError
}

/// One call: a method and its named parameters, still as text.
public struct Request: Sendable, Equatable {
    /// Nil for a notification, which is carried out and never answered.
    public let id: RequestID?
    public let method: String
    /// An object; empty where the request has none.
    public let params: JSONText

    public init(id: RequestID?, method: String, params: JSONText = .emptyObject) {
        self.id = id
        self.method = method
        self.params = params
    }

    /// Reads one line.
    ///
    /// Batches (JSON-RPC 2.0, section 6) are refused: requests written one after the other run side by side as well,
    /// and each is answered as soon as it is done.
    public init(line: Data) throws(MalformedRequest) {
        let text: JSONText
        let members: [String: JSONText]?
        do throws(JSONSyntaxError) {
            (text, members) = try JSONText.scan(line)
        } catch {
            throw MalformedRequest(
                id: .null, error: RPCError(.parseError, "\(error); send one JSON object per line"))
        }
        guard let members else {
            let kind = text.firstByte == UInt8(ascii: "[") ? "batches are not served" : "a request is an object"
            throw MalformedRequest(
                id: .null, error: RPCError(.invalidRequest, "\(kind): send one JSON object per line"))
        }

        let id: RequestID?
        do {
            id = try members["id"].map(RequestID.init(text:))
        } catch {
            throw MalformedRequest(
                id: .null, error: RPCError(.invalidRequest, "'id' should be a string, a number or null"))
        }
        func refusal(_ code: ErrorCode, _ message: String) -> MalformedRequest {
            MalformedRequest(id: id ?? .null, error: RPCError(code, message))
        }
        guard let version = try? members["jsonrpc"]?.decoded(as: String.self), version == "2.0" else {
            throw refusal(.invalidRequest, "\"jsonrpc\":\"2.0\" is missing")
        }
        guard let method = try? members["method"]?.decoded(as: String.self) else {
            throw refusal(.invalidRequest, "'method' is missing or not a string")
        }
        switch members["params"]?.firstByte {
        case nil, UInt8(ascii: "{"): break
        case UInt8(ascii: "["): throw refusal(.invalidParameters, "'params' should be an object of named members")
        default: throw refusal(.invalidRequest, "'params' should be an object")
        }
        self.init(id: id, method: method, params: members["params"] ?? .emptyObject)
    }

    /// The line to send, its end included.
    public func line() throws -> Data {
        var line = Data(#"{"jsonrpc":"2.0","#.utf8)
        if let id {
            line += Data(#""id":"#.utf8) + (try id.text).utf8 + Data(",".utf8)
        }
        line += Data(#""method":"#.utf8) + (try JSONText(encoding: method)).utf8
        line += Data(#","params":"#.utf8) + params.utf8 + Data("}\n".utf8)
        return line
    }
}
