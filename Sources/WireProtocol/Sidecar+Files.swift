extension Sidecar {
    /// Names of the pictures beside the photo, `{"overlay":"IMG_1.jpg.overlay.jpg",…}`.
    ///
    /// What a newer daemon wrote and this program does not know is kept: it is written again as it was read.
    public struct Files: Codable, Sendable, Hashable {
        /// By the kind's raw value.
        private var namesByKind: [String: String]

        public init(_ names: [SidecarKind: String] = [:]) {
            namesByKind = Dictionary(uniqueKeysWithValues: names.map { ($0.key.rawValue, $0.value) })
        }

        /// The files of these kinds beside the photo called `photo`.
        public init(_ kinds: some Sequence<SidecarKind>, beside photo: String) {
            self.init(Dictionary(kinds.map { ($0, $0.name(beside: photo)) }) { first, _ in first })
        }

        /// The files of these kinds beside the photo whose name is these bytes, as far as JSON can say them.
        public init(_ kinds: some Sequence<SidecarKind>, beside photo: [UInt8]) {
            self.init(
                Dictionary(kinds.map { ($0, String(decoding: $0.name(beside: photo), as: UTF8.self)) }) { first, _ in
                    first
                })
        }

        /// The file's name; `nil` where there is none.
        public subscript(kind: SidecarKind) -> String? {
            get { namesByKind[kind.rawValue] }
            set { namesByKind[kind.rawValue] = newValue }
        }

        /// All names, also those of kinds that this program does not know, in alphabetical order.
        public var names: [String] { namesByKind.values.sorted() }

        public init(from decoder: any Decoder) throws {
            namesByKind = try decoder.singleValueContainer().decode([String: String].self)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(namesByKind)
        }
    }
}
