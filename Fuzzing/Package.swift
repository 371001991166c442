// swift-tools-version: 6.1
import PackageDescription

// What reads bytes that strangers made, under libFuzzer; see Scripts/fuzz. A package of its own, because everything
// in it is built with coverage and the address sanitizer.
let package = Package(
    name: "Fuzzing",
    dependencies: [.package(name: "interpretd", path: "..")],
    targets: [
        .target(
            name: "Readers",
            dependencies: [
                .product(name: "Daemon", package: "interpretd"), .product(name: "Engine", package: "interpretd"),
            ]),
        // libFuzzer brings the main function.
        .executableTarget(
            name: "Fuzzer", dependencies: ["Readers"],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address"])]),
    ],
    swiftLanguageModes: [.v6]
)
