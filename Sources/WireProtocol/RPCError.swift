/// The error object of an answer (JSON-RPC 2.0, section 5.1).
public struct RPCError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The number; `ErrorCode.number` for the codes this version knows.
    public let number: Int
    /// One sentence for a person: what is wrong and what to do next.
    public let message: String
    /// `code`, the stable word, and whatever else helps a program.
    public let data: [String: JSONValue]

    /// - Parameter details: further members of `data`, the photo's own code under `reason` for example.
    public init(_ code: ErrorCode, _ message: String, details: [String: JSONValue] = [:]) {
        number = code.number
        self.message = message
        data = details.merging(["code": .string(code.rawValue)]) { _, code in code }
    }

    /// The code, or nil for one that a newer daemon sent.
    public var code: ErrorCode? { data["code"]?.stringValue.flatMap(ErrorCode.init) }

    /// What made a photo unreadable, in `photo-unreadable`: `permission-denied`, `truncated` and so on.
    public var reason: String? { data["reason"]?.stringValue }

    public var description: String { message }
}

extension RPCError: Codable {
    private enum CodingKeys: String, CodingKey { case code, message, data }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        number = try container.decode(Int.self, forKey: .code)
        message = try container.decode(String.self, forKey: .message)
        switch try container.decodeIfPresent(JSONValue.self, forKey: .data) {
        case .object(let members): data = members
        case let value?: data = ["value": value]
        case nil: data = [:]
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(number, forKey: .code)
        try container.encode(message, forKey: .message)
        try container.encode(data, forKey: .data)
    }
}

extension RPCError {
    /// What `unreadable` says when the daemon itself may not read a photo that the client names; a client that may
    /// read it sends the bytes instead.
    public static let permissionDenied = "permission-denied"

    /// What `unreadable` says where no open file has come under the name that a request gives; the client sends the bytes
    /// instead.
    public static let notPassed = "not-passed"

    /// A `photo-unreadable` error.
    ///
    /// - Parameter reason: the photo's own code, `permission-denied` where the daemon lacks the right to read it.
    public static func unreadable(photo: String, reason: String, message: String) -> RPCError {
        RPCError(.photoUnreadable, message, details: ["photo": .string(photo), "reason": .string(reason)])
    }

    /// Names the member that does not fit and what was expected.
    init(invalidParameters error: DecodingError, of method: String) {
        self.init(.invalidParameters, "\(method): \(error.problem(in: "params"))")
    }
}
