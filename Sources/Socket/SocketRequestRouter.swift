public import WireProtocol

/// A `RequestHandling` made of one closure per row of the method table, with parameters and results in their own types.
///
/// ```swift
/// var router = RequestRouter()
/// router.on(RPCMethods.version) { _, _ in .current }
/// ```
public struct RequestRouter: RequestHandling {
    private typealias Route = @Sendable (Request, RequestContext) async -> Result<JSONText, RPCError>

    private var routes: [String: Route] = [:]

    public init() {}

    /// Answers a method.
    public mutating func on<Parameters, Output>(
        _ method: RPCMethod<Parameters, Output>,
        _ body: @escaping @Sendable (Parameters, RequestContext) async throws(RPCError) -> Output
    ) {
        // A throwing closure would say the same; the compiler of Swift 6.3 crashes on one with a typed error here.
        routes[method.name] = { request, context in
            do throws(RPCError) {
                let output = try await body(try method.parameters(of: request), context)
                return .success(try RequestRouter.text(of: output, from: method.name))
            } catch {
                return .failure(error)
            }
        }
    }

    public func handle(_ request: Request, context: RequestContext) async throws(RPCError) -> JSONText {
        guard let route = routes[request.method] else {
            // `watch`, `unwatch` and `cancel` belong to the connection, which answers them itself.
            let names = RPCMethods.all.map(\.name).sorted().joined(separator: ", ")
            throw RPCError(.methodNotFound, "there is no method '\(request.method)'; there are \(names)")
        }
        return try await route(request, context).get()
    }

    private static func text(of output: some Encodable, from method: String) throws(RPCError) -> JSONText {
        do {
            return try JSONText(encoding: output)
        } catch {
            // A number that is not finite, for one: JSON has no way to write it.
            throw RPCError(.internal, "\(method): the result cannot be written: \(error)")
        }
    }
}
