// swift-tools-version: 6.2
import PackageDescription

// The engine's side of the benchmarks, apart from the daemon's package so that nobody builds it who does not measure.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "interpretd", path: "..")],
    targets: [
        .executableTarget(
            name: "EngineBench", dependencies: [.product(name: "Engine", package: "interpretd")],
            // As in the engine: what computes stays on the session's thread.
            swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .executableTarget(
            name: "IndexBench",
            dependencies: [
                .product(name: "DatasetSearch", package: "interpretd"), .product(name: "Engine", package: "interpretd"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
