import Execution
import Interpretation
import Networks
import Photos
import Socket
import Tensors
import WireProtocol

/// Answers `project`: a unit's strongest activation taken back to the pixels.
struct ProjectRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let font: Font

    private static let largestCount = 64

    func project(_ parameters: ProjectParameters, _ context: RequestContext) async throws -> ProjectResult {
        let model = try models.requested(parameters.model)
        let count = parameters.count ?? 9
        guard (1...Self.largestCount).contains(count) else {
            throw RPCError(.badParameter, "count should lie between 1 and \(Self.largestCount), got \(count)")
        }
        switch try await RequestedInput(reading: parameters.source, in: permitted, passed: context.passed) {
        case .photo(let photo):
            return try await project(try PreparedPhoto(photo, for: model), model, parameters, count)
        case .tensor(let given):
            let tensor = model.planes(given)
            guard parameters.images != true else {
                throw RPCError(.badParameter, "pictures are drawn for photos; for a tensor ask for --raw")
            }
            let (projection, units) = try await units(of: tensor, model, parameters, count)
            return result(nil, model, projection, units, parameters)
        }
    }

    private func project(
        _ prepared: PreparedPhoto, _ model: LoadedModel, _ parameters: ProjectParameters, _ count: Int
    ) async throws -> ProjectResult {
        let (projection, units) = try await units(of: prepared.input.tensor, model, parameters, count)
        var result = result(Sidecar.Photo(prepared), model, projection, units, parameters)
        if let warning = prepared.photo.warning { result.warnings.append(warning) }
        let patches = try units.map { try Patch(of: $0.window, on: prepared) }
        for (index, patch) in patches.enumerated() { result.units[index].bbox = patch.boundingBox }
        if parameters.images == true {
            result.image = try JPEGEncoder.encode(try sheet(units, patches, projection, prepared))
        }
        return result
    }

    private func units(
        of input: Tensor, _ model: LoadedModel, _ parameters: ProjectParameters, _ count: Int
    ) async throws -> (UnitProjection, [UnitProjection.Unit]) {
        let projection = UnitProjection(
            network: model.network, layer: try NamedLayer(parameters.layer, of: model.network, input: input.shape),
            rule: parameters.rule.map(UnitProjection.Rule.init))
        let unit = parameters.unit
        let units = try await model.network.session.perform { (evaluator) throws(InterpretationError) in
            try projection.units(of: input, unit: unit, count: count, on: evaluator)
        }
        return (projection, units)
    }

    private func result(
        _ photo: Sidecar.Photo?, _ model: LoadedModel, _ projection: UnitProjection,
        _ units: [UnitProjection.Unit], _ parameters: ProjectParameters
    ) -> ProjectResult {
        let layer = projection.layer
        var warnings: [String] = []
        let silent = units.filter { $0.value <= 0 }.map { "\($0.unit)" }
        if !silent.isEmpty {
            warnings.append(
                "nothing in this photo excites unit \(silent.joined(separator: ", ")) of '\(layer.name)', so there is "
                    + "nothing to project")
        }
        warnings += remarksOnRectifiers(of: model.network.graph)
        let stuck = units.filter { $0.value > 0 && $0.reconstruction.isZero }.map { "\($0.unit)" }
        if !stuck.isEmpty {
            warnings.append(
                "nothing of unit \(stuck.joined(separator: ", ")) of '\(layer.name)' comes down to the pixels: the rule "
                    + "stops all of it on the way, or it stands where a function's derivative is 0; ask for the layer before "
                    + "it, or for the other --rule")
        }
        return ProjectResult(
            photo: photo, model: Sidecar.Model(model), layer: layer.name,
            shape: layer.shape.dimensions,
            units: units.map { unit in
                ProjectResult.Unit(
                    unit: unit.unit, value: Double(unit.value), position: unit.position,
                    inputWindow: BoundingBox(PixelRectangle(unit.window)),
                    reconstruction: parameters.raw == true
                        ? TensorPayload(model.inputLayout.own(unit.reconstruction)) : nil)
            },
            rule: ProjectParameters.Rule(projection.rule), caveat: projection.rule.caveat,
            warnings: warnings)
    }

    private func sheet(
        _ units: [UnitProjection.Unit], _ patches: [Patch], _ projection: UnitProjection, _ prepared: PreparedPhoto
    ) throws -> Bitmap {
        let entries = try zip(units, patches).map { unit, patch in
            let place = unit.position.isEmpty ? "" : " at \(unit.position.map(String.init).joined(separator: ","))"
            let value = Double(unit.value).rounded(toPlaces: 2)
            let photo = try prepared.photo.bitmap.crop(patch.onPhoto)
            // The network may see photos squeezed; side by side both have the photo's proportions.
            let reconstruction = try TensorPicture.signed(unit.reconstruction).crop(patch.onInput)
                .resized(toWidth: photo.width, height: photo.height, filter: .bicubic)
            return ContactSheet.Entry(
                pictures: [photo, reconstruction], caption: "unit \(unit.unit)   \(value)\(place)")
        }
        return try ContactSheet(font: font).render(
            entries, footnote: "\(projection.layer.name): \(projection.rule.caveat)")
    }
}

extension UnitProjection.Rule {
    fileprivate init(_ rule: ProjectParameters.Rule) {
        switch rule {
        case .deconvnet: self = .deconvnet
        case .guided: self = .guided
        }
    }
}

extension ProjectParameters.Rule {
    fileprivate init(_ rule: UnitProjection.Rule) {
        switch rule {
        case .deconvnet: self = .deconvnet
        case .guided: self = .guided
        }
    }
}

extension Tensor {
    fileprivate var isZero: Bool { withUnsafeValues { $0.allSatisfy { $0 == 0 } } }
}

/// A window of the input, where it lies on the photo.
private struct Patch {
    /// In pixels of the bitmap.
    let onPhoto: PixelRectangle
    /// In pixels of the input; what lies beside the photo left out.
    let onInput: PixelRectangle
    let boundingBox: BoundingBox

    init(of window: ImageWindow, on prepared: PreparedPhoto) throws {
        let bitmap = prepared.photo.bitmap
        let geometry = try prepared.input.geometry.onPhoto(width: bitmap.width, height: bitmap.height)
        let rectangle = PixelRectangle(window)
        // A window that lies on padding alone shows nothing; the whole photo says as much.
        let visible =
            geometry.photoRectangle(rectangle)
            ?? PixelRectangle(x: 0, y: 0, width: Double(bitmap.width), height: Double(bitmap.height))
        onPhoto = visible
        onInput = geometry.inputRectangle(visible) ?? rectangle
        boundingBox = prepared.boundingBox(visible)
    }
}

extension PixelRectangle {
    fileprivate init(_ window: ImageWindow) {
        self.init(
            x: Double(window.x), y: Double(window.y), width: Double(window.width), height: Double(window.height))
    }
}
