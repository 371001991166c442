/// Every error the protocol knows: the stable word in `data.code`, and the number JSON-RPC wants beside it.
///
/// Programs compare the word. The numbers are JSON-RPC's own where it has one, ours count down from −32000.
public enum ErrorCode: String, Sendable, Hashable, CaseIterable, Codable {
    case parseError = "parse-error"
    case invalidRequest = "invalid-request"
    case methodNotFound = "method-not-found"
    case invalidParameters = "invalid-params"
    case `internal` = "internal"

    case noSuchPhoto = "no-such-photo"
    case photoUnreadable = "photo-unreadable"
    case noSuchModel = "no-such-model"
    case noSuchClass = "no-such-class"
    case methodNotApplicable = "method-not-applicable"
    case badParameter = "bad-parameter"
    case noSuchLayer = "no-such-layer"
    case busy = "busy"
    case shuttingDown = "shutting-down"
    case cancelled = "cancelled"
    case lineTooLong = "line-too-long"
    case notPermitted = "not-permitted"

    /// The `code` member of the error object.
    public var number: Int {
        switch self {
        case .parseError: -32700
        case .invalidRequest: -32600
        case .methodNotFound: -32601
        case .invalidParameters: -32602
        case .internal: -32603
        case .noSuchPhoto: -32000
        case .photoUnreadable: -32001
        case .noSuchModel: -32002
        case .noSuchClass: -32003
        case .methodNotApplicable: -32004
        case .badParameter: -32005
        case .noSuchLayer: -32006
        case .busy: -32007
        case .shuttingDown: -32008
        case .cancelled: -32009
        case .lineTooLong: -32010
        case .notPermitted: -32011
        }
    }
}
