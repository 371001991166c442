import DatasetSearch
import Execution
import Interpretation
import Networks
import Photos
import Tensors

/// Reading units. The inbox, `index` and the building anew all read them from the same kind of pass, so that the same
/// photo gives the same numbers to the last bit.
extension LoadedModel {
    /// The forward pass with which a photo is judged; its gradient can be taken afterwards.
    func firstPass(
        _ input: Tensor, on evaluator: Evaluator, readingUnits: Bool
    ) throws(InterpretationError) -> ClassificationPass {
        let features = network.classifier?.classActivation.map { [$0.features] } ?? []
        let head = readingUnits ? [headInput?.value].compactMap { $0 } : []
        return try ClassificationPass(
            network, input, on: evaluator, keeping: features + head + (readingUnits ? indexedLayers.map(\.value) : []),
            derivatives: [([network.image], .gradient)])
    }

    /// What the units answered in a pass that is there for something else, too: a unit that overflows is no reason for
    /// the rest of it to fail.
    ///
    /// - Parameter activation: gives a kept value of the pass.
    func units(_ activation: (ValueID) throws -> Tensor) throws -> Result<UnitPeaks, DatasetSearchError> {
        do {
            return .success(try unitPeaks(activation))
        } catch let error as DatasetSearchError {
            return .failure(error)
        }
    }

    /// What the units answered in a pass.
    ///
    /// - Parameter activation: gives a kept value of the pass.
    /// - Throws: `DatasetSearchError` where a unit overflows, and what `activation` throws.
    private func unitPeaks(_ activation: (ValueID) throws -> Tensor) throws -> UnitPeaks {
        try UnitPeaks(try indexedLayers.map { (layer: $0, tensor: try activation($0.value)) })
    }

    /// What the units answer to an input: one forward pass.
    func unitPeaks(of input: Tensor, as urgency: Urgency) async throws -> UnitPeaks {
        try await network.session.perform(as: urgency) { (evaluator) throws(any Error) in
            switch task {
            case .classification:
                let pass = try firstPass(input, on: evaluator, readingUnits: true)
                return try unitPeaks { try pass.activation($0) }
            case .segmentation, .features:
                let pass = try evaluator.forward([input], keeping: indexedLayers.map(\.value))
                return try unitPeaks { try pass.value($0) }
            }
        }
    }

    /// The number of the indexed layer that a person means: by the name of its output or of the node that makes it.
    func indexedLayer(named name: String) -> Int? {
        indexedLayers.firstIndex { $0.name == name } ?? indexedLayers.firstIndex { $0.nodeName == name }
    }

    /// The part of the photo that a place of an indexed layer sees, in pixels of the upright photo; nil where it sees
    /// only padding.
    ///
    /// - Parameters:
    ///   - width, height: of the upright photo.
    func patch(of peak: UnitPeaks.Peak, layer: Int, width: Int, height: Int) throws -> PixelRectangle? {
        guard let preprocessor else { throw ModelStoreError.cannotReadPhotos(name) }
        let geometry = try preprocessor.geometry(photoWidth: width, photoHeight: height)
        let input = try Shape([1, preprocessor.configuration.channels.count, geometry.inputHeight, geometry.inputWidth])
        let value = indexedLayers[layer].value
        let field = try network.graph.layers(for: [network.image: input]).first { $0.value == value }?.receptiveField
        guard case .window(let size, let stride, let offset)? = field, size.count == 2 else {
            return geometry.visibleRegion.clipped(toWidth: width, height: height)
        }
        return geometry.photoRectangle(
            PixelRectangle(
                x: Double(offset[1]) + Double(peak.x) * Double(stride[1]),
                y: Double(offset[0]) + Double(peak.y) * Double(stride[0]), width: Double(size[1]),
                height: Double(size[0])))
    }
}
