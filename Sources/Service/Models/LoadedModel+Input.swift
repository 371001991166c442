import Interpretation
import Networks
import Photos
package import Tensors

/// The image: how photos, and tensors that people give, become what the network computes with.
extension LoadedModel {
    /// How photos become the image, with as many channels as that has; nil where the folder does not say.
    static func preprocessing(
        _ folder: ModelFolder, _ inputs: InputReading
    ) throws(ModelError) -> PreprocessorConfiguration? {
        let image = inputs.graph.inputs[0]
        let extents = image.extents
        var size: (width: Int, height: Int)?
        if extents.count == 4, let height = extents[2], let width = extents[3] { size = (width, height) }
        guard let found = try folder.preprocessing(networkSize: size) else { return nil }
        guard inputs.unbound.isEmpty else {
            throw ModelError(file: "interpret.json", reason: "\(InputError.missingValues(inputs.unbound))")
        }
        var preprocessing = found.configuration
        if extents.count == 4, let channels = extents[1] {
            do {
                preprocessing = try preprocessing.adapted(toChannels: channels)
            } catch {
                throw ModelError(file: found.file, reason: "\(error)")
            }
        }
        if let size, let made = preprocessing.fixedSize, made != size {
            throw ModelError(
                file: found.file,
                reason: "photos become \(made.width)×\(made.height) pixels by it, and the network takes "
                    + "\(size.width)×\(size.height)")
        }
        guard inputs.graph.element(of: image.value) != .float else { return preprocessing }
        if !preprocessing.saysRescaling { preprocessing.rescaleFactor = 1 }
        guard preprocessing.rescaleFactor == 1, preprocessing.rescaleOffset == 0, preprocessing.normalization == nil
        else {
            throw ModelError(
                file: found.file,
                reason: "the network takes whole numbers, samples of 0 to 255 as they are, and the file rescales or "
                    + "normalizes them; write \"do_rescale\": false, \"do_normalize\": false")
        }
        return preprocessing
    }

    /// What a person should know of how photos become input.
    static func remarks(on preprocessing: PreprocessorConfiguration?, _ graph: Graph) -> [String] {
        guard let preprocessing else { return [ModelFolder.missingPreprocessing] }
        let isScaled = preprocessing.rescaleFactor != 1 || preprocessing.normalization != nil
        guard isScaled, graph.scalesItsImage else { return [] }
        return [
            "the network's first operator scales or shifts the image, and its folder does so before; where that is once "
                + "too often, write \"do_rescale\": false and \"do_normalize\": false into preprocessor_config.json"
        ]
    }

    /// A tensor that somebody gives for the image, in the network's own layout or in planes, as planes [N,C,H,W].
    package func planes(_ given: Tensor) -> Tensor {
        let extents = network.graph.inputs[0].extents
        return inputLayout.planes(given, channels: extents.count == 4 ? extents[1] : nil)
    }
}
