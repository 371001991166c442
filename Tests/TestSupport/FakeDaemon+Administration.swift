import Socket
import WireProtocol

extension FakeDaemon {
    func administration(in router: inout RequestRouter) {
        router.on(RPCMethods.redo) { parameters, _ async throws(RPCError) in
            switch (parameters.photos, parameters.which) {
            case (nil, _?): return RedoResult(queued: 2, inHand: [])
            case ([FakeDaemon.photo]?, nil): return RedoResult(queued: 1, inHand: [])
            case (let photos?, nil):
                throw RPCError(.noSuchPhoto, "there is no photo \(photos.first ?? "") in the inbox /srv/inbox")
            default: throw RPCError(.invalidParameters, "redo: give either 'photos', at least one, or 'which'")
            }
        }
        router.on(RPCMethods.reload) { _, _ in
            ReloadResult(models: ["petshop"], inboxModel: "petshop", loaded: [], removed: [], refused: [], notices: [])
        }
        router.on(RPCMethods.clean) { _, _ in CleanResult(sidecars: 0, temporary: 0) }
        router.on(RPCMethods.doctor) { _, _ in
            DoctorResult(checks: [
                .init("catalog", .ok, "whole"),
                .init("photos that failed", .warn, "1", remedy: "see 'interpretctl photos --state failed'"),
            ])
        }
    }
}
