import Foundation

/// The files beside a model that hold weights too large for it (ONNX, "External Data").
final class ExternalData {
    /// So many of them are open at a time: some exporters write one file a tensor.
    private static let mostOpen = 32

    /// Where the model file lies, and where the file that it is a link to does: a download cache keeps its files in
    /// one place and lays links elsewhere. Empty where the model has no folder.
    let folders: [URL]
    private var opened: [URL: SourceFile] = [:]
    /// Of each file when it was first opened.
    private var states: [URL: SourceFile.State] = [:]

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
    /// - Throws: `ONNXError` where the place is outside of the model's folder or of the file, or the file has changed since
    ///   values were read from it.
    func values(of tensor: Onnx_TensorProto) throws(ONNXError) -> PlacedBytes {
        let place = Dictionary(
            tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        func refuse(_ reason: String) -> ONNXError { .invalidTensor(name: tensor.name, reason: reason) }
        guard let location = place["location"], !location.isEmpty else {
            throw refuse("it says that its values lie in another file, and does not name it; export the model again")
        }
        guard !folders.isEmpty else {
            throw refuse(
                "its values lie in '\(location)', beside a model file, and here is none; give the model as a file")
        }
        // A model must not read what its folders do not hold.
        let roots = folders.map { $0.resolvingSymlinksInPath().path }.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
        guard staysInside(location) else {
            throw refuse(
                "its values lie in '\(location)', outside of the model's folder, where nothing is read; put that file "
                    + "beside the model file and export the model so that it names it without a folder")
        }
        let there = folders.map { $0.appending(path: location) }.filter {
            FileManager.default.fileExists(atPath: $0.path)
        }
        guard !there.isEmpty else {
            throw refuse(
                "its values lie in '\(location)', which is missing; put that file beside the model file, as the exporter "
                    + "wrote it, or export the model into one file")
        }
        let targets = there.map { $0.resolvingSymlinksInPath() }
        guard let file = targets.first(where: { target in roots.contains { target.path.hasPrefix($0) } }) else {
            throw refuse(
                "its values lie in '\(location)', a link that leads outside of the model's folder, where nothing is read; "
                    + "put the file itself beside the model file")
        }
        let source: SourceFile
        do {
            source = try open(file)
        } catch {
            throw refuse("its values lie in '\(location)': \(error)")
        }
        let offset = try number(place["offset"], otherwise: 0, refuse)
        guard offset <= source.size else {
            throw refuse("'\(location)' ends before its values; it is not whole, or of another export")
        }
        let length = try number(place["length"], otherwise: source.size - offset, refuse)
        guard length <= source.size - offset else {
            throw refuse("'\(location)' ends before its values; it is not whole, or of another export")
        }
        return PlacedBytes(.file(source), offset..<offset + length)
    }

    private func open(_ url: URL) throws(ONNXError) -> SourceFile {
        if let file = opened[url] { return file }
        let file = try SourceFile(url)
        if let known = states[url], known != file.state { throw file.changed }
        if opened.count >= Self.mostOpen { opened = [:] }
        opened[url] = file
        states[url] = file.state
        return file
    }

    /// Whether a path within a folder never leaves it, links aside.
    private func staysInside(_ path: String) -> Bool {
        guard !path.hasPrefix("/") else { return false }
        var depth = 0
        for step in path.split(separator: "/") where step != "." {
            depth += step == ".." ? -1 : 1
            if depth < 0 { return false }
        }
        return true
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
