import Foundation
import Logging
import WireProtocol

/// What happens to one line.
extension SocketConnection {
    /// - Parameter share: of the budget, for the line.
    func receive(_ line: Data, _ share: SocketBudgetShare, into group: inout DiscardingTaskGroup) async {
        // A person at `nc -U` presses Enter twice.
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return }
        do throws(MalformedRequest) {
            let request = try Request(line: line)
            guard rights.contains(RPCMethods.right(of: request.method)) else {
                return await answer(request, .failure(.notPermitted(request.method)))
            }
            switch request.method {
            case RPCMethods.watch.name: await watch(request, into: &group)
            case RPCMethods.unwatch.name: await unwatch(request)
            case RPCMethods.cancel.name: await cancel(request)
            default: await start(request, share, into: &group)
            }
        } catch {
            await send(Reply(id: error.id, outcome: .failure(error.error)))
        }
    }

    private func start(
        _ request: Request, _ share: SocketBudgetShare, into group: inout DiscardingTaskGroup
    ) async {
        do throws(RPCError) {
            let ticket = try requests.admit(request.id)
            group.addTask {
                await perform(request, ticket)
                withExtendedLifetime(share) {}
            }
        } catch {
            await answer(request, .failure(error))
        }
    }

    private func perform(_ request: Request, _ ticket: SocketRequestRegistry.Ticket) async {
        let reporter = request.id.map(ProgressReporter.init)
        let sender = request.id.map { id in
            FileSender(id: id) { part in try await notify(RPCMethods.fileNotification, part) }
        }
        let passed = files()
        let context = RequestContext(
            connection: number, events: events, reporter: reporter, files: sender, passed: passed)
        // A task of its own, so that `cancel` stops the work and not the answer.
        let work = SocketRequestRegistry.Work {
            do throws(RPCError) {
                return .success(try await handler.handle(request, context: context))
            } catch {
                return .failure(Task.isCancelled ? RPCError(.cancelled, "the request was cancelled") : error)
            }
        }
        requests.attach(work, to: ticket)
        let outcome = await withDiscardingTaskGroup { group in
            if let reporter { group.addTask { await sendProgress(reporter) } }
            let outcome = await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
            reporter?.finish()
            return outcome
        }
        requests.release(request.id, of: ticket)
        await answer(request, outcome)
        withExtendedLifetime(passed) {}
        requests.finish(ticket)
    }

    private func sendProgress(_ reporter: ProgressReporter) async {
        do {
            for await update in reporter.notifications { try await notify(RPCMethods.progressNotification, update) }
        } catch {
            logger.debug("cannot send progress", metadata: ["connection": "\(number)", "error": "\(error)"])
        }
    }

    private func watch(_ request: Request, into group: inout DiscardingTaskGroup) async {
        do throws(RPCError) {
            _ = try RPCMethods.watch.parameters(of: request)
        } catch {
            return await answer(request, .failure(error))
        }
        // Subscribed first, so that nothing is missed; sent second, so that the answer comes before the first event.
        let subscription = watcher.start(events)
        await answer(request, with: WatchResult(watching: true))
        guard let subscription else { return }
        group.addTask {
            do {
                for await event in subscription { try await notify(RPCMethods.eventNotification, event) }
            } catch {
                logger.debug("cannot send event", metadata: ["connection": "\(number)", "error": "\(error)"])
            }
            subscription.cancel()
        }
    }

    private func unwatch(_ request: Request) async {
        do throws(RPCError) {
            _ = try RPCMethods.unwatch.parameters(of: request)
            watcher.pause()
            await answer(request, with: WatchResult(watching: false))
        } catch {
            await answer(request, .failure(error))
        }
    }

    private func cancel(_ request: Request) async {
        do throws(RPCError) {
            let parameters = try RPCMethods.cancel.parameters(of: request)
            await answer(request, with: CancelResult(cancelled: requests.cancel(parameters.id)))
        } catch {
            await answer(request, .failure(error))
        }
    }

    private func answer(_ request: Request, with result: some Encodable) async {
        do {
            await answer(request, .success(try JSONText(encoding: result)))
        } catch {
            await answer(request, .failure(RPCError(.internal, "the result cannot be written: \(error)")))
        }
    }

    /// Notifications have no id and get no answer, whatever became of them.
    private func answer(_ request: Request, _ outcome: Result<JSONText, RPCError>) async {
        if let id = request.id { await send(Reply(id: id, outcome: outcome)) }
    }
}
