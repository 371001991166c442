/// Why the page cannot be served.
public enum WebError: Error, Equatable, CustomStringConvertible {
    case address(String)
    case token(file: String, reason: String)
    case cannotListen(address: String, reason: String)

    public var description: String {
        switch self {
        case .address(let text):
            "'\(text)' is no address to serve the page at; give one of this machine and a port, such as 127.0.0.1:8780"
        case .token(let file, let reason):
            "the page's token cannot be kept in \(file): \(reason)"
        case .cannotListen(let address, let reason):
            "the page cannot be served at \(address): \(reason); choose another port with --web"
        }
    }

    /// Whether starting the daemon again the same way cannot help.
    public var isLasting: Bool {
        if case .address = self { true } else { false }
    }
}
