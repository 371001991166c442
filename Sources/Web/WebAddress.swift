import Glibc

/// Where the page is served: an address of this machine and a port.
public struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address in its usual form, or `localhost`.
    public let host: String
    /// 0 for one that the system chooses.
    public let port: Int

    /// Reads `127.0.0.1:8780`, `[::1]:8780` or `localhost:8780`.
    ///
    /// - Throws: `WebError.address`. Names other than `localhost` are not taken: which addresses they mean is somebody
    ///   else's to say, and the page must not become public by that.
    public init(_ text: String) throws(WebError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw .address(text)
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard HostName.isIPv6(host) else { throw .address(text) }
        } else if host != "localhost", !HostName.isIPv4(host) {
            throw .address(text)
        }
        self.host = host
        self.port = Int(port)
    }

    /// Whether only programs of this machine can connect.
    public var isLoopback: Bool { HostName.isLoopback(host) }

    /// As it stands in the browser, with the port that was given by the system where it had to choose.
    func url(port: Int? = nil) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port ?? self.port)/"
    }

    public var description: String { url() }
}

/// What a `Host` header may name.
enum HostName {
    static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || (isIPv4(host) && host.hasPrefix("127."))
    }

    /// The host of a `Host` header, without its port; nil where it is none.
    static func host(ofHeader header: String) -> String? {
        if header.hasPrefix("[") {
            guard let end = header.firstIndex(of: "]") else { return nil }
            let host = String(header[header.index(after: header.startIndex)..<end])
            return isIPv6(host) && isPort(header[header.index(after: end)...]) ? host : nil
        }
        let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, isPort(header.dropFirst(host.count)) else { return nil }
        return host.lowercased()
    }

    /// Whether it is nothing, or a colon and a number.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.first == ":" && UInt16(text.dropFirst()) != nil)
    }

    /// The name that this machine has for itself.
    static let own: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased()
    }()
}
