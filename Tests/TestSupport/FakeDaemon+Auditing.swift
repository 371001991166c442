import Socket
import WireProtocol

extension FakeDaemon {
    func auditing(in router: inout RequestRouter) {
        router.on(RPCMethods.audit) { parameters, _ async throws(RPCError) in try FakeDaemon.audit(parameters) }
    }

    private static func audit(_ parameters: AuditParameters) throws(RPCError) -> AuditResult {
        guard ["cat", nil].contains(parameters.label) else {
            throw RPCError(.noSuchClass, "model 'petshop' knows no class '\(parameters.label ?? "")'")
        }
        var result = AuditResult(
            model: .init(name: "petshop", sha256: modelSHA256), photos: 0, withoutDecision: 0, withoutMap: 0,
            method: nil, classes: [], ways: [], milliseconds: ["read": 1, "cluster": 2])
        guard parameters.since == nil else { return result }
        result.photos = 1
        result.method = "cam"
        result.classes = [.init(label: "cat", photos: 1, ways: 1, eigenvalues: [])]
        let none = AuditResult.Rate(photos: 0, of: 0)
        let all = AuditResult.Rate(photos: 1, of: 1)
        result.ways = [
            AuditResult.Way(
                label: "cat", share: all, suspicion: 0, flags: [], reasons: [], offAnimal: none, smallSpot: none,
                corner: nil, inCorner: nil, origin: "the folder /srv/inbox", fromOrigin: all, typical: [photo],
                map: [[1]], members: parameters.members == true ? [.init(photo: photo, x: 0, y: 0)] : nil)
        ]
        if parameters.images == true { result.sheet = overlay }
        return result
    }
}
