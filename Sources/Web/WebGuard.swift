import HTTPTypes
import Hummingbird

/// What every request must show, and every answer bears.
///
/// - The `Host` header names this machine. A page of the network cannot have a name of its own lead here and read what
///   the daemon answers (DNS rebinding).
/// - Beyond loopback, the token: as a cookie, or as `Authorization: Bearer`. With `?token=` at the first visit, which
///   sets the cookie and takes the token out of the address.
/// - What is not read alone (`POST`) comes from the page itself: its `Origin` is the address that was asked.
struct WebGuard<Context: Hummingbird.RequestContext>: RouterMiddleware {
    static var cookieName: String { "interpretd" }
    private static var tokenParameter: String { "token" }

    let isLoopback: Bool
    /// Nil where none is needed.
    let token: WebToken?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await answer(request, context, next)
        } catch let error as any HTTPResponseError {
            response = try error.response(from: request, context: context)
        }
        for (name, value) in WebGuard.headers where response.headers[name] == nil { response.headers[name] = value }
        return response
    }

    private func answer(
        _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let authority = request.head.authority, let host = HostName.host(ofHeader: authority), isOurs(host) else {
            throw HTTPError(
                .misdirectedRequest,
                message: "this page answers only under the address of its machine; see Documentation/EvidencePage.md")
        }
        if let token {
            if let shown = request.uri.queryParameters[Substring(WebGuard.tokenParameter)], token.matches(String(shown))
            {
                return welcome(request, String(shown))
            }
            let shown = request.cookies[WebGuard.cookieName]?.value ?? WebGuard.bearer(of: request)
            guard let shown, token.matches(shown) else {
                throw HTTPError(
                    .unauthorized,
                    message: "open the page once with ?token=…; the daemon says in its log where the token is")
            }
        }
        if request.method != .get, request.method != .head {
            guard let origin = request.headers[.origin],
                ["http://", "https://"].contains(where: { $0 + authority == origin })
            else { throw HTTPError(.forbidden, message: "only the page itself may ask this (header Origin)") }
        }
        return try await next(request, context)
    }

    private func isOurs(_ host: String) -> Bool {
        if HostName.isLoopback(host) { return true }
        guard !isLoopback else { return false }
        // No name of a stranger can be an address.
        return HostName.isIPv4(host) || HostName.isIPv6(host) || host == HostName.own || host == HostName.own + ".local"
    }

    private static func bearer(of request: Request) -> String? {
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else { return nil }
        return String(header.dropFirst("Bearer ".count))
    }

    /// Takes the token out of the address, where it could be read over a shoulder or passed on.
    private func welcome(_ request: Request, _ token: String) -> Response {
        let rest = request.uri.queryParameters.filter { $0.key != Substring(WebGuard.tokenParameter) }
        let query = rest.map { "\($0.key)=\($0.value.addingPercentEncoding())" }.joined(separator: "&")
        var response = Response(
            status: .seeOther, headers: [.location: request.uri.path + (query.isEmpty ? "" : "?" + query)])
        response.setCookie(
            Cookie(
                name: WebGuard.cookieName, value: token, maxAge: 30 * 86_400, path: "/", httpOnly: true,
                sameSite: .strict))
        return response
    }

    /// No script but the page's own files, no other page around it, nothing kept by others.
    private static var headers: [(HTTPField.Name, String)] {
        [
            (
                .contentSecurityPolicy,
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
                    + "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            (.xContentTypeOptions, "nosniff"),
            (HTTPField.Name("Referrer-Policy")!, "no-referrer"),
            (HTTPField.Name("Cross-Origin-Opener-Policy")!, "same-origin"),
            (HTTPField.Name("Cross-Origin-Resource-Policy")!, "same-origin"),
            (.cacheControl, "no-store"),
        ]
    }
}

extension Substring {
    /// For the value of a query's member.
    fileprivate func addingPercentEncoding() -> String {
        utf8.map { byte in
            let isPlain =
                Character(UnicodeScalar(byte)).isASCII
                && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + digits
        }.joined()
    }
}
