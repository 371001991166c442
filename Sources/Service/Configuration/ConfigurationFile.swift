import Configuration
import Foundation
import WireProtocol
import Yams

/// A configuration file in YAML, of which JSON is a part.
struct ConfigurationFile {
    let path: String
    /// The values, by key.
    let values: [AbsoluteConfigKey: ConfigValue]
    /// The line of each key that is there, from 1.
    let lines: [String: Int]

    /// Larger files are no configuration.
    private static let largest = 1 << 20

    /// Reads and checks the file: each key is known and there once, and each value is of its kind.
    ///
    /// - Throws: `DaemonError.configuration` with the line.
    init(reading path: String) throws(DaemonError) {
        let text: String
        do {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
                throw POSIXError(.EISDIR)
            }
            guard let file = FileHandle(forReadingAtPath: path) else {
                throw CocoaError(FileManager.default.fileExists(atPath: path) ? .fileReadNoPermission : .fileNoSuchFile)
            }
            defer { try? file.close() }
            let data = try file.read(upToCount: ConfigurationFile.largest + 1) ?? Data()
            guard data.count <= ConfigurationFile.largest, let decoded = String(validating: data, as: UTF8.self) else {
                throw CocoaError(.fileReadCorruptFile)
            }
            text = decoded
        } catch {
            throw .configuration(path, "cannot be read: \(ConfigurationFile.reason(of: error))")
        }
        try self.init(path: path, text: text)
    }

    init(path: String, text: String) throws(DaemonError) {
        self.path = path
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw .configuration(path, ConfigurationFile.reason(of: error))
        }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        var lines: [String: Int] = [:]
        switch root {
        case nil: break
        // A file of comments alone.
        case .scalar(let scalar)? where scalar.string.isEmpty: break
        case .mapping(let mapping)?:
            for (key, value) in mapping {
                func problem(_ reason: String) -> DaemonError {
                    .configuration("\(path), line \((key.mark ?? value.mark)?.line ?? 1)", reason)
                }
                guard let name = key.string else { throw problem("a key should be a text") }
                guard let setting = Setting.all.first(where: { $0.key == name }) else {
                    throw problem("there is no key '\(name)'; the nearest is '\(Setting.keys.nearest(to: name))'")
                }
                lines[name] = key.mark?.line ?? 1
                // Nothing behind the colon is nothing said.
                if value.null != nil { continue }
                guard let content = setting.member.content(of: value) else {
                    throw problem("'\(name)' should be \(setting.member.expectation)")
                }
                values[AbsoluteConfigKey([name])] = ConfigValue(content, isSecret: false)
            }
        default: throw .configuration("\(path), line \(root?.mark?.line ?? 1)", "should be lines of 'key: value'")
        }
        self.values = values
        self.lines = lines
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case let YamlError.scanner(_, problem, mark, _), let YamlError.parser(_, problem, mark, _),
            let YamlError.composer(_, problem, mark, _):
            "line \(mark.line): this is no YAML, \(problem)"
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            "line \(context.mark.line): '\(keys.first ?? "")' is there twice"
        case let error as YamlError: "this is no YAML: \(error)"
        case CocoaError.fileNoSuchFile: "there is no such file"
        case CocoaError.fileReadNoPermission: "permission denied"
        case POSIXError.EISDIR: "it is a folder"
        case CocoaError.fileReadCorruptFile: "it is larger than 1 MiB or no UTF-8"
        default: error.localizedDescription
        }
    }
}

extension Setting.Member {
    /// Nil where the node is of another kind.
    fileprivate func content(of node: Node) -> ConfigContent? {
        switch self {
        case .text: node.scalar.map { .string($0.string) }
        case .texts: ConfigurationFile.texts(node).map(ConfigContent.stringArray)
        case .whole: node.int.map(ConfigContent.int)
        case .decimal: (node.float ?? node.int.map(Double.init)).map(ConfigContent.double)
        case .flag: node.bool.map(ConfigContent.bool)
        }
    }
}

extension ConfigurationFile {
    fileprivate static func texts(_ node: Node) -> [String]? {
        if let scalar = node.scalar { return [scalar.string] }
        guard let sequence = node.sequence else { return nil }
        let texts = sequence.compactMap { $0.scalar?.string }
        return texts.count == sequence.count ? texts : nil
    }
}
