import WireProtocol

/// One row of the configuration: a key, and the member of ``DaemonConfiguration`` that it sets.
struct Setting: Sendable {
    enum Member: Sendable {
        case text(any WritableKeyPath<DaemonConfiguration, String?> & Sendable)
        case texts(any WritableKeyPath<DaemonConfiguration, [String]?> & Sendable)
        case whole(any WritableKeyPath<DaemonConfiguration, Int?> & Sendable)
        case decimal(any WritableKeyPath<DaemonConfiguration, Double?> & Sendable)
        case flag(any WritableKeyPath<DaemonConfiguration, Bool?> & Sendable)

        /// What a value should be, for people.
        var expectation: String {
            switch self {
            case .text: "a text"
            case .texts: "a text or a list of texts"
            case .whole: "a whole number"
            case .decimal: "a number"
            case .flag: "true or false"
            }
        }
    }

    let key: String
    let member: Member

    init(_ key: String, _ member: Member) {
        self.key = key
        self.member = member
    }

    /// Everything that can be set, in a file, in the environment and by a flag. `systemd/config.yaml` explains each.
    static let all = [
        Setting("inbox", .text(\.inbox)),
        Setting("create", .flag(\.create)),
        Setting("socket", .text(\.socket)),
        Setting("models", .texts(\.models)),
        Setting("state", .text(\.state)),
        Setting("threads", .whole(\.threads)),
        Setting("occlusion", .flag(\.occlusion)),
        Setting("plainSaliency", .flag(\.plainSaliency)),
        Setting("settle", .decimal(\.settle)),
        Setting("keepSidecars", .flag(\.keepSidecars)),
        Setting("overwrite", .flag(\.overwrite)),
        Setting("retention", .text(\.retention)),
        Setting("roots", .texts(\.roots)),
        Setting("look", .texts(\.look)),
        Setting("explain", .texts(\.explain)),
        Setting("administrate", .texts(\.administrate)),
        Setting("maxMegapixels", .whole(\.maxMegapixels)),
        Setting("maxPhotoMemory", .whole(\.maxPhotoMemory)),
        Setting("maxPlanMemory", .whole(\.maxPlanMemory)),
        Setting("web", .text(\.web)),
        Setting("verbose", .flag(\.verbose)),
    ]
    static let keys = KnownKeys(names: all.map(\.key))

    /// The variable of the environment: `INTERPRETD_MAX_MEGAPIXELS`.
    var variable: String {
        Setting.prefix + key.map { $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
    }

    static let prefix = "INTERPRETD_"
}
