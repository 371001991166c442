import Foundation

/// The files beside a model that hold weights too large for it (ONNX, "External Data").
struct ExternalData {
    /// Where the model file lies, and where the file that it is a link to does: a download cache keeps its files in
    /// one place and lays links elsewhere. Empty where the model has no folder.
    let folders: [URL]

    init(folder: URL?) { folders = folder.map { [$0] } ?? [] }

    /// Beside `file`, and beside what that is a link to.
    init(beside file: URL) {
        let (own, target) = (
            file.deletingLastPathComponent(), file.resolvingSymlinksInPath().deletingLastPathComponent()
        )
        folders = own.resolvingSymlinksInPath() == target ? [own] : [own, target]
    }

    /// The bytes of a tensor that says where they lie.
    ///
    /// - Throws: `ONNXError` where the place is outside of the model's folder or of the file.
    func bytes(of tensor: Onnx_TensorProto) throws(ONNXError) -> Data {
        let (file, range) = try place(of: tensor)
        let data: Data
        do {
            data = try Data(contentsOf: file, options: .mappedIfSafe)
        } catch {
            throw .invalidTensor(name: tensor.name, reason: "its file cannot be read: \(error.localizedDescription)")
        }
        // It may have become shorter since.
        guard range.upperBound <= data.count else {
            throw .invalidTensor(name: tensor.name, reason: "'\(file.lastPathComponent)' ends before its values")
        }
        return data[(data.startIndex + range.lowerBound)..<(data.startIndex + range.upperBound)]
    }

    /// Where the bytes of a tensor lie.
    ///
    /// - Throws: `ONNXError` where the place is outside of the model's folder or of the file.
    func place(of tensor: Onnx_TensorProto) throws(ONNXError) -> (file: URL, range: Range<Int>) {
        let place = Dictionary(
            tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        func refuse(_ reason: String) -> ONNXError { .invalidTensor(name: tensor.name, reason: reason) }
        guard !folders.isEmpty, let location = place["location"], !location.isEmpty else {
            throw refuse("its values lie in another file that is not there")
        }
        // A model must not read what its folders do not hold.
        let roots = folders.map { $0.resolvingSymlinksInPath().path }.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        let candidates = folders.map { $0.appending(path: location).resolvingSymlinksInPath() }
        guard !location.hasPrefix("/"),
            let first = candidates.first(where: { candidate in roots.contains { candidate.path.hasPrefix($0) } })
        else { throw refuse("'\(location)' is outside of the model's folder") }
        let there = candidates.first { candidate in
            roots.contains { candidate.path.hasPrefix($0) } && FileManager.default.fileExists(atPath: candidate.path)
        }
        let file = there ?? first
        let size: Int
        do {
            size = try SourceFile(file).size
        } catch {
            throw refuse("its values lie in '\(location)', which cannot be read: \(error)")
        }
        let offset = try number(place["offset"], otherwise: 0, refuse)
        guard offset <= size else { throw refuse("'\(location)' ends before its values") }
        let length = try number(place["length"], otherwise: size - offset, refuse)
        guard length <= size - offset else { throw refuse("'\(location)' ends before its values") }
        return (file, offset..<offset + length)
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
