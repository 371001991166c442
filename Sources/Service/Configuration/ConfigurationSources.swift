import Configuration
public import Foundation
import WireProtocol

/// Where a configuration comes from: flags before the environment (`INTERPRETD_INBOX`, …) before a file.
public struct ConfigurationSources: Sendable {
    /// What flags set.
    public var flags: DaemonConfiguration
    public var environment: [String: String]
    /// Path of a YAML file; nil where none is read.
    public var file: String?

    public init(
        flags: DaemonConfiguration = DaemonConfiguration(),
        environment: [String: String] = ProcessInfo.processInfo.environment, file: String? = nil
    ) {
        self.flags = flags
        self.environment = environment
        self.file = file
    }

    /// All keys that can be set.
    public static var keys: Set<String> { Set(Setting.keys.names) }

    /// Reads all of them.
    ///
    /// - Throws: `DaemonError.configuration`, with the file's line, the variable or the key.
    public func read() async throws(DaemonError) -> DaemonConfiguration {
        let file = try self.file.map { path throws(DaemonError) in try ConfigurationFile(reading: path) }
        return try await read(file)
    }

    /// What a file alone says, checked as at a start.
    ///
    /// - Returns: its keys, in the order of their lines.
    public static func check(_ file: String) async throws(DaemonError) -> [String] {
        let contents = try ConfigurationFile(reading: file)
        _ = try await ConfigurationSources(environment: [:]).read(contents)
        return contents.lines.sorted { $0.value < $1.value }.map(\.key)
    }

    private func read(_ file: ConfigurationFile?) async throws(DaemonError) -> DaemonConfiguration {
        let reader = ConfigReader(providers: [
            InMemoryProvider(name: "flags", values: values(of: flags)),
            EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: "interpretd"),
            InMemoryProvider(name: file?.path ?? "no file", values: file?.values ?? [:]),
        ])
        var configuration = DaemonConfiguration()
        for setting in Setting.all {
            do {
                try await setting.member.set(&configuration, of: ConfigKey([setting.key]), reader)
            } catch {
                // Flags and file were of the right kind when they were read.
                throw .configuration(setting.variable, "should be \(setting.member.expectation)")
            }
        }
        do {
            try configuration.validate()
        } catch .configuration(let key, let reason) {
            throw .configuration(place(of: key, file), "\(key) \(reason)")
        }
        return configuration
    }

    /// The variables that are settings. An empty one says nothing.
    private var variables: [String: String] {
        environment.filter { name, value in
            !value.isEmpty && Setting.all.contains { $0.variable == name }
        }
    }

    private func values(of configuration: DaemonConfiguration) -> [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for setting in Setting.all {
            values[AbsoluteConfigKey([setting.key])] = setting.member.content(in: configuration).map {
                ConfigValue($0, isSecret: false)
            }
        }
        return values
    }

    /// Where the value of `key` is from, for people.
    private func place(of key: String, _ file: ConfigurationFile?) -> String {
        guard let setting = Setting.all.first(where: { $0.key == key }) else { return key }
        if setting.member.content(in: flags) != nil { return "flag" }
        if variables[setting.variable] != nil { return setting.variable }
        guard let file, let line = file.lines[key] else { return "default" }
        return "\(file.path), line \(line)"
    }
}

extension Setting.Member {
    fileprivate func content(in configuration: DaemonConfiguration) -> ConfigContent? {
        switch self {
        case .text(let member): configuration[keyPath: member].map(ConfigContent.string)
        case .texts(let member): configuration[keyPath: member].map(ConfigContent.stringArray)
        case .whole(let member): configuration[keyPath: member].map(ConfigContent.int)
        case .decimal(let member): configuration[keyPath: member].map(ConfigContent.double)
        case .flag(let member): configuration[keyPath: member].map(ConfigContent.bool)
        }
    }

    fileprivate func set(
        _ configuration: inout DaemonConfiguration, of key: ConfigKey, _ reader: ConfigReader
    ) async throws {
        switch self {
        case .text(let member): configuration[keyPath: member] = try await reader.fetchString(forKey: key)
        case .texts(let member): configuration[keyPath: member] = try await reader.fetchStringArray(forKey: key)
        case .whole(let member): configuration[keyPath: member] = try await reader.fetchInt(forKey: key)
        case .decimal(let member): configuration[keyPath: member] = try await reader.fetchDouble(forKey: key)
        case .flag(let member): configuration[keyPath: member] = try await reader.fetchBool(forKey: key)
        }
    }
}
