extension DecodingError {
    /// What does not fit in JSON, and what was expected, for people.
    ///
    /// - Parameter document: what the JSON as a whole is called.
    package func problem(in document: String) -> String {
        func place(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
            let path = (context.codingPath + [last].compactMap { $0 }).reduce("") { path, key in
                path + (key.intValue.map { "[\($0)]" } ?? (path.isEmpty ? "" : ".") + key.stringValue)
            }
            return path.isEmpty ? document : "'\(path)'"
        }
        return switch self {
        case .typeMismatch(let type, let context): "\(place(context)) should be \(Self.jsonName(of: type))"
        case .valueNotFound(let type, let context): "\(place(context)) is null and should be \(Self.jsonName(of: type))"
        case .keyNotFound(let key, let context): "\(place(context, key)) is missing"
        case .dataCorrupted(let context):
            // What the standard library says where an enumeration has no case of that value.
            if let value = context.debugDescription.firstMatch(of: /from invalid String value (.*)$/)?.1 {
                "\(place(context)) cannot be '\(value)'"
            } else {
                "\(place(context)) is not valid: \(context.debugDescription)"
            }
        @unknown default: "\(self)"
        }
    }

    private static func jsonName(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "of another kind"
        }
    }
}
