import Socket
import WireProtocol

extension FakeDaemon {
    func auditing(in router: inout RequestRouter) {
        router.on(RPCMethods.audit) { parameters, _ async throws(RPCError) in try FakeDaemon.audit(parameters) }
        router.on(RPCMethods.neighbours) { parameters, _ async throws(RPCError) in
            try FakeDaemon.neighbours(parameters)
        }
        router.on(RPCMethods.concept) { parameters, _ async throws(RPCError) in try FakeDaemon.concept(parameters) }
        router.on(RPCMethods.compare) { parameters, _ async throws(RPCError) in try FakeDaemon.compare(parameters) }
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

    private static func neighbours(_ parameters: NeighboursParameters) throws(RPCError) -> NeighboursResult {
        guard (1...100).contains(parameters.count ?? 10) else {
            throw RPCError(.badParameter, "count should lie between 1 and 100, got \(parameters.count ?? 10)")
        }
        var result = NeighboursResult(
            model: .init(name: "petshop", sha256: modelSHA256), label: "cat", probability: 0.9182, photos: 0,
            withoutFeatures: 0, neighbours: [])
        if parameters.images == true { result.sheet = overlay }
        guard let folder = parameters.labelled else { return result }
        guard folder != "/nowhere" else {
            throw RPCError(.badParameter, "the daemon cannot read the folder \(folder); let its user or group read it")
        }
        result.photos = 2
        result.neighbours = [.init(photo: "/srv/inbox/kitten.jpg", label: "cat", probability: 0.9, distance: 1.25)]
        let point = NeighboursResult.Point(photo: "\(folder)/dog/cat.jpg", label: "dog", share: -0.5, probability: 0.1)
        result.representers = NeighboursResult.Representers(
            labels: ["cat", "dog"], photos: 40, penalty: parameters.penalty ?? 0.003, isConverged: true, residual: 1e-6,
            label: "cat", score: 2.5, bias: 0.1, towards: [], away: [point], leastBelieved: [point],
            shipped: .init(agree: 39, difference: 0.05, residual: 0.4), skipped: [:])
        return result
    }

    private static func compare(_ parameters: CompareParameters) throws(RPCError) -> CompareResult {
        let methods = parameters.methods ?? ["cam"]
        let models = parameters.models ?? ["petshop"]
        guard methods.count * models.count > 1 else {
            throw RPCError(
                .badParameter,
                "compare takes 2 to 12 maps, methods times networks; these are 1: name several methods, or several networks"
            )
        }
        let box = BoundingBox(x: 76, y: 50, width: 200, height: 134)
        let maps = models.flatMap { model in
            methods.map { method in
                CompareResult.Map(
                    model: model, method: method, label: "cat", probability: 0.9182, boxes: [box], milliseconds: 4.5,
                    warnings: [])
            }
        }
        return CompareResult(
            photo: .init(file: "cat.jpg", width: 451, height: 300, sha256: modelSHA256), maps: maps,
            pairs: [.init(first: 0, second: 1, rankCorrelation: 0.25, boxOverlap: nil)],
            sheet: parameters.images == true ? overlay : nil)
    }

    private static func concept(_ parameters: ConceptParameters) throws(RPCError) -> ConceptResult {
        guard parameters.photos.hasPrefix("/") else {
            throw RPCError(.badParameter, "concept: folders should be absolute paths, got '\(parameters.photos)'")
        }
        return ConceptResult(
            model: .init(name: "petshop", sha256: modelSHA256), classLabel: parameters.classLabel,
            layer: parameters.layer, examples: 50, perRun: 20,
            concept: .init(values: [0.9, 0.86], mean: 0.88, heldOutAccuracy: 0.95),
            random: .init(values: [0.4, 0.6], mean: 0.5, heldOutAccuracy: 0.52), probability: 0.06,
            isSignificant: false, isConverged: true, skipped: [:])
    }
}
