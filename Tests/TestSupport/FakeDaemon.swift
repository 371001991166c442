package import Foundation
package import Socket
import WireProtocol

/// Answers every method as a daemon with the network `petshop` and the photo of a cat would, without either.
package struct FakeDaemon {
    /// The photo Protocol.md speaks of.
    static let photo = "/srv/inbox/cat.jpg"
    /// A photo that only the client may read.
    let forbiddenPhoto: String

    package init(forbiddenPhoto: String = "/home/ada/cat.jpg") {
        self.forbiddenPhoto = forbiddenPhoto
    }

    package var handler: RequestRouter {
        var router = RequestRouter()
        router.on(RPCMethods.version) { _, _ in .current }
        router.on(RPCMethods.status) { _, _ in FakeDaemon.status }
        router.on(RPCMethods.models) { parameters, _ async throws(RPCError) in
            guard parameters.model ?? "petshop" == "petshop" else { throw FakeDaemon.noModel(parameters.model) }
            return ModelsResult(models: [FakeDaemon.model(layers: parameters.layers == true)], refused: [], notices: [])
        }
        router.on(RPCMethods.methods) { _, _ in FakeDaemon.methods }
        router.on(RPCMethods.photos) { parameters, _ async throws(RPCError) in
            if let from = parameters.minProbability, let to = parameters.maxProbability, from > to {
                throw RPCError(
                    .badParameter, "minProbability and maxProbability should be 0…1 and in order, got \(from) and \(to)"
                )
            }
            return FakeDaemon.photos.filter { photo in
                (parameters.state ?? photo.state) == photo.state
                    && (parameters.doubtful ?? (photo.doubtful ?? false)) == (photo.doubtful ?? false)
            }
        }
        evidence(in: &router)
        router.on(RPCMethods.metrics) { _, _ in ["photos_done_total": 128, "forward_seconds_p50": 0.006] }
        router.on(RPCMethods.explain) { [forbiddenPhoto] parameters, context async throws(RPCError) in
            try await FakeDaemon.explain(parameters, context, forbiddenPhoto: forbiddenPhoto)
        }
        router.on(RPCMethods.segment) { _, _ in FakeDaemon.segment }
        router.on(RPCMethods.convert) { parameters, context async throws(RPCError) in
            try await FakeDaemon.convert(parameters, context)
        }
        measuring(in: &router)
        router.on(RPCMethods.index) { parameters, _ async throws(RPCError) in
            guard parameters.folder.hasPrefix("/") else {
                throw RPCError(
                    .invalidParameters, "index: 'folder' should be an absolute path, got '\(parameters.folder)'")
            }
            var result = IndexResult(
                folder: parameters.folder, model: .init(name: "petshop", sha256: FakeDaemon.modelSHA256))
            (result.indexed, result.known, result.photos, result.bytes, result.seconds) = (1, 0, 1, 655_360, 0.1)
            return result
        }
        router.on(RPCMethods.units) { parameters, _ async throws(RPCError) in try FakeDaemon.units(parameters) }
        router.on(RPCMethods.project) { parameters, _ async throws(RPCError) in
            try FakeDaemon.project(parameters)
        }
        router.on(RPCMethods.visualize) { parameters, context async throws(RPCError) in
            try FakeDaemon.visualize(parameters, context)
        }
        router.on(RPCMethods.run) { parameters, _ async throws(RPCError) in
            guard parameters.model ?? "petshop" == "petshop" else { throw FakeDaemon.noModel(parameters.model) }
            var result = RunResult(outputs: ["logits": FakeDaemon.npy(shape: [1, 3], values: FakeDaemon.scores)])
            if parameters.input == true { result.input = FakeDaemon.npy(shape: [1], values: [0]) }
            return result
        }
        administration(in: &router)
        auditing(in: &router)
        return router
    }

    private static func units(_ parameters: UnitsParameters) throws(RPCError) -> UnitsResult {
        let layer = "/features/features.18/Relu_output_0"
        let box = BoundingBox(x: 76, y: 50, width: 200, height: 134)
        var result = UnitsResult(model: .init(name: "petshop", sha256: modelSHA256), photos: 1)
        guard let unit = parameters.unit else {
            result.unusual = [29, 54].map { unit in
                UnitsResult.Standing(
                    layer: layer, unit: unit, value: 3.165, position: [5, 4], bbox: box, rank: 1, percentile: 0)
            }
            return result
        }
        guard parameters.layer != nil else {
            throw RPCError(.invalidParameters, "units: name the layer of unit \(unit) in 'layer'")
        }
        guard unit < 256 else { throw RPCError(.noSuchLayer, "layer '\(layer)' has the units 0 to 255, not \(unit)") }
        (result.layer, result.layerUnits, result.unit) = (layer, 256, unit)
        result.strongest = [
            UnitsResult.Match(
                photo: photo, copies: [], sha256: "07c5a883d3ac0679d979dd166565360e82ecdfcfb2eb959f8b3df24681bbbc24",
                value: 3.1, position: [7, 10], bbox: box, status: "unchanged")
        ]
        if parameters.images == true { result.sheet = overlay }
        return result
    }

    package static let scores: [Float] = [1.644681, -1.1905075, -1.8477074]
    package static let overlay = Data([0xFF, 0xD8, 0xFF, 0xE0, 1])
    package static let saliency = Data([0xFF, 0xD8, 0xFF, 0xE0, 2])
    private static func images(_ format: PictureFormat) -> ExplainResult.Images {
        switch format {
        case .jpeg: .init(overlay: overlay, saliency: saliency)
        case .png: .init(overlay: pngSignature + [1], saliency: pngSignature + [2])
        }
    }

    package static let pngSignature = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    /// Red, green; blue, white.
    private static let preview = PicturePixels(
        width: 2, height: 2, rgb: Data([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]))

    /// A version 1.0 file of `<f4`.
    static var segment: SegmentResult {
        SegmentResult(
            photo: .init(file: "cat.jpg", width: 451, height: 300, sha256: modelSHA256),
            model: .init(name: "petshop", sha256: modelSHA256), predictions: [], classLabel: "cat",
            method: "cam", bbox: BoundingBox(x: 0, y: 0, width: 451, height: 300),
            mask: .init(size: [300, 451], counts: [0, 135_300]),
            area: 1, images: .init(mask: Data([0xff, 0xd8, 0xff]), overlay: Data([0xff, 0xd8, 0xff])))
    }

    package static func npy(shape: [Int], values: [Float]) -> Data {
        let extents = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
        return Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8))
            + values.withUnsafeBytes { Data($0) }
    }

    static let modelSHA256 = "729c8003f6b927a33500e1b769b7276eeb674b99d2209a7e523bcba4b6c6c0bc"
    private static let status = StatusResult(
        version: WireVersion.software, uptimeSeconds: 93_784, pid: 4711, inbox: "/srv/inbox",
        socket: "/run/interpretd/interpretd.sock", models: ["petshop"], inboxModel: "petshop",
        notices: ["model 'torn' was refused: model.onnx: the file ends early"],
        photos: .init(pending: 2, working: 1, done: 128, failed: 1), current: ["/srv/inbox/new.jpg"],
        lastError: "/srv/inbox/half.jpg: the file ends in the middle of the picture", photosPerMinute: 41.5,
        longestWaitSeconds: 62, failures: ["truncated": 1], eventsLost: 1,
        use: .init(
            resident: 211 << 20, plans: .init(bytes: 34 << 20, limit: 1 << 30),
            requests: .init(bytes: 3 << 19, limit: 192 << 20), passed: .init(bytes: 0, limit: 512 << 20), connections: 2
        ))
    private static let photos = [
        PhotoRecord(
            path: photo, state: .done, updated: Date(timeIntervalSince1970: 1_748_770_200.125), boxes: 1, label: "cat",
            probability: 0.918, margin: 0.86, verdict: "looks-at-animal", doubtful: false),
        PhotoRecord(
            path: "/srv/inbox/tag.jpg", state: .done, updated: Date(timeIntervalSince1970: 1_748_770_199), boxes: 1,
            label: "dog", probability: 0.97, margin: 0.94, verdict: "looks-elsewhere", doubtful: true),
        PhotoRecord(
            path: "/srv/inbox/half.jpg", state: .failed, updated: Date(timeIntervalSince1970: 1_748_770_198),
            error: "the file ends in the middle of the picture; copy it again"),
    ]

    static func model(layers: Bool) -> ModelDescription {
        ModelDescription(
            name: "petshop", path: "/var/lib/interpretd/models/petshop", sha256: modelSHA256, isDefault: true,
            labels: ["cat", "dog", "other"], backgroundLabels: ["other"],
            input: .init(name: "pixel_values", shape: [nil, 3, nil, nil]), task: "classification",
            outputs: [.init(name: "logits", shape: [1, 3])],
            scores: .init(
                kind: "exclusive", reason: "interpret.json says so", isAssumed: false, output: "logits", thresholds: nil
            ),
            remarks: [], facts: ["photos become 224×224 pixels"], checks: [:],
            parameters: 1_755_395,
            planBytes: .init(forward: 9_633_792, gradient: 24_084_480),
            camLayer: "/features/features.18/Relu", methods: ["cam", "gradient", "grad-cam", "occlusion"],
            layers: layers
                ? [
                    .init(
                        name: "/features/features.0/Conv", operator: "convolution", shape: [1, 32, 112, 112],
                        receptiveField: 5, isCAMLayer: false),
                    .init(
                        name: "/features/features.18/Relu", operator: "ReLU", shape: [1, 256, 14, 14],
                        receptiveField: 183, isCAMLayer: true),
                ] : nil)
    }

    /// Of a cat that the network looks at.
    private static func verdict(_ mark: AnimalMark?) throws(RPCError) -> Sidecar.Verdict {
        var bbox = BoundingBox(x: 86, y: 40, width: 210, height: 190)
        if case .box(let box)? = mark {
            guard box.x >= 0, box.y >= 0, box.x + box.width <= 451, box.y + box.height <= 300 else {
                throw RPCError(.badParameter, "animal: the box should lie within the upright photo of 451×300 pixels")
            }
            bbox = box
        }
        return Sidecar.Verdict(
            verdict: "looks-at-animal", label: "cat", sentence: "Looks at the animal: without it cat 92 % → 4 %.",
            reasons: ["animal-needed"],
            animal: .init(
                source: mark == nil ? "network" : "person",
                model: mark == nil ? .init(name: "animal", sha256: modelSHA256) : nil, area: 0.29, confidence: nil,
                bbox: bbox, parts: [bbox], mask: nil),
            certainty: .init(
                probability: 0.918, margin: 0.864, runnerUp: .init(label: "dog", probability: 0.054), energy: 1.74,
                familiar: nil),
            opinion: .init(
                model: .init(name: "species", sha256: modelSHA256), label: "cat", probability: 0.97, agreement: 0.97,
                doubtBelow: 0.0036))
    }

    private static func noModel(_ name: String?) -> RPCError {
        RPCError(.noSuchModel, "there is no model '\(name ?? "")'; there is petshop")
    }

    /// - Throws: where the client has passed no such file.
    private static func take(_ name: String, _ context: RequestContext) throws(RPCError) {
        guard context.passed?.take(name) == nil else { return }
        throw RPCError.unreadable(
            photo: name, reason: RPCError.notPassed, message: "no file was passed as '\(name)'; pass it again")
    }

    private static func explain(
        _ parameters: ExplainParameters, _ context: RequestContext, forbiddenPhoto: String
    ) async throws(RPCError) -> ExplainResult {
        var photo: Sidecar.Photo? = Sidecar.Photo(
            file: nil, width: 451, height: 300,
            sha256: "07c5a883d3ac0679d979dd166565360e82ecdfcfb2eb959f8b3df24681bbbc24")
        switch parameters.source {
        case .path(forbiddenPhoto):
            throw RPCError.unreadable(
                photo: forbiddenPhoto, reason: RPCError.permissionDenied,
                message: "the daemon may not read \(forbiddenPhoto); send its bytes as 'photoBytes'")
        case .path("/nowhere/cat.jpg"):
            throw RPCError.unreadable(
                photo: "/nowhere/cat.jpg", reason: RPCError.permissionDenied,
                message:
                    "the daemon opens photos only in its inbox and in the folders that its configuration names as 'roots'; "
                    + "put it into one of them, or send its bytes in the place of its path")
        case .path(FakeDaemon.photo): photo?.file = "cat.jpg"
        case .path(let path): throw RPCError(.noSuchPhoto, "there is no photo at \(path)")
        case .bytes: break
        case .passedPhoto(let name): try take(name, context)
        case .tensor: photo = nil
        case .passedTensor(let name):
            try take(name, context)
            photo = nil
        }
        guard parameters.model ?? "petshop" == "petshop" else { throw noModel(parameters.model) }
        let label = parameters.classLabel ?? "cat"
        guard ["cat", "dog", "other"].contains(label) else {
            throw RPCError(.noSuchClass, "petshop has no class '\(label)'; it has cat, dog, other")
        }
        try check(parameters)
        guard ["viridis", "inferno"].contains(parameters.colourMap ?? "inferno") else {
            throw RPCError(
                .badParameter, "there is no colour map '\(parameters.colourMap ?? "")'; there is viridis, inferno")
        }
        if case .number(let window)? = parameters.parameters?["window"], window < 1 {
            throw RPCError(.badParameter, "occlusion: 'window' takes a number from 1, got \(window)")
        }
        let method = parameters.method ?? "cam"
        if method == "occlusion" {
            // Takes its time, so that it can be cancelled.
            do {
                for step in 0..<100 {
                    context.progress(fraction: Double(step) / 100, message: "hiding window \(step) of 100")
                    try await Task.sleep(for: .milliseconds(2))
                }
            } catch {
                throw RPCError(.cancelled, "the request was cancelled")
            }
        }
        let box = Sidecar.Box(
            label: label, score: 0.87, bbox: BoundingBox(x: 0, y: 0, width: 451, height: 288), method: method)
        let sidecar = Sidecar(
            photo: photo, model: .init(name: "petshop", sha256: modelSHA256),
            predictions: [
                .init(label: "cat", score: 1.644681, probability: 0.9181593),
                .init(label: "dog", score: -1.1905075, probability: 0.0539028),
                .init(label: "other", score: -1.8477074, probability: 0.0279379),
            ],
            boxes: photo == nil ? [] : [box],
            evidence: photo == nil
                ? nil
                : .init(
                    probability: 0.918, boxHidden: 0.08, elsewhereHidden: 0.9, onlyBox: 0.91,
                    verdict: "decides-on-box"),
            verdict: photo == nil || parameters.method != nil ? nil : try verdict(parameters.animal),
            milliseconds: ["decode": 9.1, "forward": 6, "explain": 12.4, "render": 11.8, "total": 41])
        return ExplainResult(
            sidecar: sidecar, method: method, classLabel: label,
            map: parameters.raw == true
                ? TensorPayload(shape: [14, 14], npy: npy(shape: [14, 14], values: Array(repeating: 1, count: 196)))
                : nil,
            attribution: parameters.rawAttribution == true
                ? TensorPayload(shape: [3, 224, 224], npy: npy(shape: [3, 224, 224], values: [])) : nil,
            approximation: parameters.parameters?["precision"] == .string("adaptive")
                ? .init(
                    places: 625, computed: 187, sampled: 25, rootMeanSquareError: 0.01, largestError: 0.04, range: 2.5,
                    correlation: 0.998) : nil,
            images: parameters.images == true ? images(parameters.format ?? .jpeg) : nil,
            preview: parameters.preview.map { _ in preview }, scores: scores,
            warnings: [])
    }
}
