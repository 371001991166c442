package import Files
package import Hummingbird
import Inbox
package import Logging
import NIOCore
import ServiceLifecycle
package import Socket

/// Serves the evidence page: the socket's requests over HTTP, small pictures of the inbox's photos, and the page's files.
///
/// Off unless an address is given. Knows no network.
package struct WebServer: ServiceLifecycle.Service {
    /// Clients that may be connected at a time.
    private static let connections = 128

    private let address: WebAddress
    private let tokenFile: String?
    private let uploads: WebUploads
    private let makeRouter: @Sendable () -> Router<BasicRequestContext>

    /// Where photos lie that people send, until they are explained or in the inbox.
    package static func spool(in state: FilePath) -> FilePath { state.appending("uploads") }

    /// What answers the requests; once ``prepare()`` is done.
    package var router: Router<BasicRequestContext> { makeRouter() }
    private let logger: Logger
    private let didListen: @Sendable (_ url: String) -> Void

    /// - Parameters:
    ///   - state: folder for uploads and the token.
    ///   - handler: answers the requests, as it does the socket's.
    ///   - didListen: called with the page's address once clients can connect.
    /// - Throws: `WebError.token`.
    package init(
        address: WebAddress, inbox: FilePath, state: FilePath, photos: any PhotoLookup, handler: any RequestHandling,
        events: EventHub, thumbnails: Thumbnails, logger: Logger,
        didListen: @escaping @Sendable (_ url: String) -> Void = { _ in }
    ) throws(WebError) {
        self.address = address
        self.logger = logger
        self.didListen = didListen
        tokenFile = address.isLoopback ? nil : state.appending("web-token").string
        var shared: WebToken?
        if let tokenFile { shared = try WebToken(keptIn: tokenFile) }
        let token = shared
        let uploads = WebUploads(spool: WebServer.spool(in: state), inbox: inbox, handler: handler, events: events)
        self.uploads = uploads
        makeRouter = {
            WebServer.router(
                isLoopback: address.isLoopback, token: token, photos: photos, thumbnails: thumbnails, handler: handler,
                events: events, uploads: uploads)
        }
    }

    static func router(
        isLoopback: Bool, token: WebToken?, photos: any PhotoLookup, thumbnails: Thumbnails,
        handler: any RequestHandling, events: EventHub, uploads: WebUploads
    ) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: WebGuard(isLoopback: isLoopback, token: token))
        WebAssets.add(to: router)
        WebPictures(photos: photos, thumbnails: thumbnails).add(to: router)
        WebRequests(handler: handler, events: events, photos: photos).add(to: router)
        WebReports(handler: handler, events: events).add(to: router)
        WebEvents(events: events).add(to: router)
        uploads.add(to: router)
        return router
    }

    /// Makes room for uploads.
    package func prepare() async throws { try await uploads.prepare() }

    /// - Throws: `WebError.cannotListen`.
    package func run() async throws {
        try await prepare()
        // What each request does is for whoever looks for a mistake.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil,
                availableConnectionsDelegate: .maximum(WebServer.connections, logger: quiet)),
            onServerRunning: { [address, tokenFile, logger, didListen] channel in
                let url = address.url(port: channel.localAddress?.port)
                var metadata: Logger.Metadata = ["address": "\(url)"]
                if let tokenFile { metadata["token"] = "in \(tokenFile)" }
                logger.notice("the evidence page is served", metadata: metadata)
                didListen(url)
            },
            logger: quiet)
        do {
            try await application.run()
        } catch let error as IOError {
            throw WebError.cannotListen(address: address.description, reason: error.description)
        }
    }
}
