import Foundation
import WireProtocol

/// What a client sends: bytes are cut into lines, lines are requests, and requests have parameters of their method. The same
/// lines are read as a client reads what the daemon sends.
@Sendable func readLines(_ data: Data) {
    // In two pieces, since a line need not come at once.
    for pieces in [[data], [data.prefix(data.count / 2), data.dropFirst(data.count / 2)]] {
        var framing = LineFraming(limit: 4096)
        for piece in pieces {
            framing.append(piece)
            while let line = try? framing.nextLine() { read(line) }
        }
    }
}

private func read(_ line: Data) {
    if let request = try? Request(line: line) {
        // Whatever it is about: parameters of every method.
        for method in RPCMethods.all { try? method.check(request) }
        guard let written = try? request.line(), (try? Request(line: written.dropLast())) != nil else {
            fatalError("a request that was read cannot be written and read again")
        }
    }
    guard case .notification(let notification)? = try? ServerMessage(line: line) else { return }
    _ = try? notification.params.decoded(as: FilePart.self)
    _ = try? notification.params.decoded(as: ProgressNotification.self)
}
