import Digests
package import Foundation
import Socket
import WireProtocol

extension FakeDaemon {
    /// The files of a new model folder; the network is sent in several parts.
    package static let modelFiles: [(name: String, contents: Data)] = [
        ("config.json", Data(#"{"id2label":{"0":"cat","1":"dog"}}"#.utf8)), ("interpret.json", Data()),
        ("model.onnx", ScriptedHandler.noise(0..<2_000_000)),
    ]

    /// What the name of the photos' folder asks for: `wrong-digest`, `bad-name`, `missing`, `broken` (an error in the
    /// middle of the network), `hold` (waits there until it is cancelled); all goes well otherwise.
    static func convert(
        _ parameters: ConvertParameters, _ context: RequestContext
    ) async throws(RPCError) -> ConvertResult {
        guard let photos = parameters.photos ?? (parameters.corrections == true ? "/corrections" : nil) else {
            throw RPCError(.invalidParameters, "convert: 'photos' is missing; give a folder, or 'corrections'")
        }
        guard photos != "/nowhere" else {
            throw RPCError(
                .badParameter, "the daemon cannot read the folder \(photos); let its user or group read it")
        }
        let wish = photos.split(separator: "/").last.map(String.init) ?? ""
        guard let files = context.files else { throw RPCError(.invalidRequest, "no id") }
        var result = ConvertResult(
            labels: ["cat", "dog"], photos: 10, heldOut: 2, skipped: [:], before: nil,
            after: .init(accuracy: 1, byClass: ["cat": 1, "dog": 1], confusion: [[1, 0], [0, 1]]), penalty: 0.01,
            seconds: 1, files: [])
        do {
            for (name, contents) in modelFiles where !(wish == "missing" && name == "interpret.json") {
                let isNetwork = name == "model.onnx"
                let sent = try await files.send(
                    wish == "bad-name" && isNetwork ? "../model.onnx" : name, size: contents.count
                ) { range throws in
                    if wish == "broken", range.lowerBound > 0 { throw RPCError(.internal, "the disk failed") }
                    return contents[range]
                }
                result.files.append(sent)
                if wish == "hold" { try await Task.sleep(for: .seconds(60)) }
            }
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.cancelled, "the request was cancelled")
        }
        if wish == "missing" {
            result.files.append(
                SentFile(name: "interpret.json", size: 0, sha256: SHA256.hexDigest(of: Data())))
        }
        if wish == "wrong-digest" { result.files[0].sha256 = SHA256.hexDigest(of: Data()) }
        return result
    }
}
