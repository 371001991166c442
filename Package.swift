// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "interpretd",
    products: [
        .executable(name: "interpretd", targets: ["interpretd"]),
        .executable(name: "interpretctl", targets: ["interpretctl"]),
        .library(name: "Engine", targets: ["Execution", "Interpretation", "Networks", "ONNXImport", "Tensors"]),
        .library(name: "DatasetSearch", targets: ["DatasetSearch"]),
        .library(name: "Daemon", targets: ["Photos", "Service", "WireProtocol"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Of its traits none: files are read with Yams, which says in which line a key stands.
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // C: three shims of our own, loops of our own, and the headers of five system libraries.
        .target(name: "CDNN", linkerSettings: [.linkedLibrary("dnnl")]),
        .target(name: "CVectors"),
        .target(name: "CLinux"),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CFreeType", pkgConfig: "freetype2", providers: [.apt(["libfreetype-dev"])]),
        .systemLibrary(name: "CInotifyTools", providers: [.apt(["libinotifytools0-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),

        // From numbers to networks to explanations.
        .target(name: "Tensors", dependencies: ["CLinux"]),
        .target(name: "Networks", dependencies: ["Tensors"]),
        .target(
            name: "ONNXImport",
            dependencies: ["Networks", "Tensors", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"]),
        .target(name: "Execution", dependencies: ["CDNN", "CVectors", "Networks", "Tensors"]),
        .target(name: "Interpretation", dependencies: ["Execution", "Networks", "Tensors"]),
        // A module of its own without any dependency, so that the client can give the lesson without a network.
        .target(name: "Deconvolution"),
        .target(name: "Localization", dependencies: ["Execution", "Interpretation", "Tensors"]),

        .target(
            name: "DatasetSearch",
            dependencies: ["Networks", "Tensors", .product(name: "GRDB", package: "GRDB.swift")]),

        // From many photos' maps and features to what they have in common; knows no network.
        .target(name: "Auditing", dependencies: ["Tensors"]),

        // From files to tensors, from maps to pictures.
        .target(name: "Photos", dependencies: ["CFreeType", "CJPEG", "CPNG", "Tensors", "WireProtocol"]),

        // How well networks, maps and probabilities do: figures of what the targets above give.
        .target(
            name: "Evaluation",
            dependencies: [
                "Execution", "Interpretation", "Localization", "Networks", "Photos", "Tensors", "WireProtocol",
            ]),

        // The daemon and its client.
        .target(name: "Digests", dependencies: ["CCrypto"]),
        .target(name: "WireProtocol"),
        // What is true of photos, in the forms that people keep it in; for the client.
        .target(name: "GroundTruth", dependencies: ["CPNG", "WireProtocol"]),
        .target(name: "Files", dependencies: ["CLinux", "Digests"]),
        // Knows no network: lines in, lines out.
        .target(
            name: "Socket",
            dependencies: [
                "CLinux", "Digests", "WireProtocol",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        // Knows no network: which photos there are, what became of them, and the files beside them.
        .target(
            name: "Inbox",
            dependencies: [
                "CInotifyTools", "CLinux", "Digests", "Files", "WireProtocol",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        // Knows no network: the evidence page, over the socket's requests and the inbox's files.
        .target(
            name: "Web",
            dependencies: [
                "Digests", "Files", "Inbox", "Photos", "Socket", "WireProtocol",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Assets")]),
        // Joins networks, inbox, socket and page.
        .target(
            name: "Service",
            dependencies: [
                "Auditing", "CLinux", "CSystemd", "DatasetSearch", "Digests", "Evaluation", "Execution", "Files",
                "Inbox",
                "Interpretation",
                "Localization", "Networks", "ONNXImport", "Photos", "Socket", "Tensors", "Web", "WireProtocol",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .executableTarget(
            name: "interpretd",
            dependencies: [
                "Inbox", "Service",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "interpretctl",
            dependencies: [
                "CLinux", "Deconvolution", "Digests", "GroundTruth", "WireProtocol",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]),

        // What several test targets need: clients, servers, and runners of the built programs. It knows no expectations.
        .target(
            name: "TestSupport",
            dependencies: [
                "Digests", "Socket", "WireProtocol",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"),
        // Optimized, against what is public (see `make test`).
        .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
        .testTarget(name: "NetworksTests", dependencies: ["Networks", "ONNXImport", "Tensors"]),
        .testTarget(name: "ONNXImportTests", dependencies: ["Networks", "ONNXImport", "Tensors"]),
        .testTarget(name: "ExecutionTests", dependencies: ["CDNN", "Execution", "Networks", "ONNXImport", "Tensors"]),
        .testTarget(
            name: "InterpretationTests",
            dependencies: ["Execution", "Interpretation", "Networks", "ONNXImport", "Tensors"]),
        .testTarget(
            name: "DeconvolutionTests", dependencies: ["Deconvolution", "Execution", "Networks", "Tensors"]),
        .testTarget(
            name: "LocalizationTests",
            dependencies: ["Execution", "Interpretation", "Localization", "Networks", "ONNXImport", "Tensors"]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "Evaluation", "Execution", "Interpretation", "Localization", "Networks", "ONNXImport", "Photos",
                "Tensors",
                "WireProtocol",
            ]),
        .testTarget(name: "AuditingTests", dependencies: ["Auditing", "Tensors"]),
        .testTarget(name: "DatasetSearchTests", dependencies: ["DatasetSearch", "Networks", "Tensors"]),
        .testTarget(name: "PhotosTests", dependencies: ["Photos", "Tensors"], exclude: ["Fixtures"]),
        .testTarget(name: "GroundTruthTests", dependencies: ["GroundTruth", "TestSupport", "WireProtocol"]),
        .testTarget(name: "WireProtocolTests", dependencies: ["WireProtocol"]),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "SocketTests", dependencies: ["CLinux", "Digests", "Socket", "TestSupport", "WireProtocol"]),
        .testTarget(
            name: "InterpretctlTests", dependencies: ["Socket", "TestSupport", "WireProtocol", "interpretctl"]),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Auditing", "DatasetSearch", "Digests", "Execution", "Files", "Inbox", "Interpretation", "Localization",
                "Networks",
                "ONNXImport", "Photos", "Service", "Tensors", "TestSupport", "WireProtocol", "interpretctl",
                "interpretd",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Files", "Inbox", "Socket", "TestSupport", "Web", "WireProtocol",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]),
        .testTarget(
            name: "InboxTests",
            dependencies: [
                "Digests", "Files", "Inbox", "WireProtocol",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where [.regular, .executable, .test].contains(target.type) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
        ]
}

// What is computed in pieces stays on the thread of the session that asked.
let computing = ["Evaluation", "Execution", "Interpretation", "Localization", "Service"]
for target in package.targets where computing.contains(target.name) {
    target.swiftSettings?.append(.enableUpcomingFeature("NonisolatedNonsendingByDefault"))
}
