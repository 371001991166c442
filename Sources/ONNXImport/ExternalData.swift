import Foundation

/// The files beside a model that hold weights too large for it (ONNX, "External Data").
struct ExternalData {
    /// Nil where the model has no folder.
    let folder: URL?

    /// The bytes of a tensor that says where they lie.
    ///
    /// - Throws: `ONNXError` where the place is outside of the model's folder or of the file.
    func bytes(of tensor: Onnx_TensorProto) throws(ONNXError) -> Data {
        let place = Dictionary(
            tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        func refuse(_ reason: String) -> ONNXError { .invalidTensor(name: tensor.name, reason: reason) }
        guard let folder, let location = place["location"], !location.isEmpty else {
            throw refuse("its values lie in another file that is not there")
        }
        // A model must not read what its folder does not hold.
        let file = folder.appending(path: location).resolvingSymlinksInPath()
        let root = folder.resolvingSymlinksInPath().path
        guard !location.hasPrefix("/"), file.path.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
            throw refuse("'\(location)' is outside of the model's folder")
        }
        let data: Data
        do {
            data = try Data(contentsOf: file, options: .mappedIfSafe)
        } catch {
            throw refuse("its values lie in '\(location)', which cannot be read: \(error.localizedDescription)")
        }
        let offset = try number(place["offset"], otherwise: 0, refuse)
        let (rest, isBehindEnd) = data.count.subtractingReportingOverflow(offset)
        guard !isBehindEnd, rest >= 0 else { throw refuse("'\(location)' ends before its values") }
        let length = try number(place["length"], otherwise: rest, refuse)
        guard length <= rest else { throw refuse("'\(location)' ends before its values") }
        return data[(data.startIndex + offset)..<(data.startIndex + offset + length)]
    }

    private func number(
        _ text: String?, otherwise: Int, _ refuse: (String) -> ONNXError
    ) throws(ONNXError) -> Int {
        guard let text else { return otherwise }
        guard let number = Int(text), number >= 0 else { throw refuse("'\(text)' is no place in a file") }
        return number
    }
}

extension Onnx_TensorProto {
    /// TensorProto.DataLocation.EXTERNAL.
    static let externalLocation: Int32 = 1
}
