import Dispatch
import Foundation

/// What reads bytes that may be anything.
///
/// Errors are what is expected of most bytes, and are dropped; traps, overruns and endless loops are found by libFuzzer and
/// the address sanitizer.
typealias Reader = @Sendable (Data) -> Void

/// By the name that Scripts/fuzz calls them.
private let readers: [String: Reader] = [
    "model": readModel,
    "head": readHead,
    "photo": readPhoto,
    "npy": readArray,
    "lines": readLines,
    "configuration": readConfiguration,
    "folder": readModelFolder,
]

private let chosen: Reader = {
    let name = ProcessInfo.processInfo.environment["FUZZ_READER"] ?? ""
    guard let reader = readers[name] else {
        fatalError("FUZZ_READER is '\(name)'; there are \(readers.keys.sorted().joined(separator: ", "))")
    }
    return reader
}()

@_cdecl("interpretd_fuzz")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    chosen(bytes.map { Data(bytes: $0, count: count) } ?? Data())
    return 0
}

/// Waits for what is asynchronous: libFuzzer wants to know when an input has been read.
func waiting(for work: @escaping @Sendable () async -> Void) {
    let finished = DispatchSemaphore(value: 0)
    Task {
        await work()
        finished.signal()
    }
    finished.wait()
}

/// A folder for readers that read files by their names.
enum Scratch {
    static let folder = {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "fuzz-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            fatalError("cannot make \(folder.path): \(error)")
        }
        return folder
    }()

    /// The path of a file with these contents, which the next one of the same name takes the place of.
    static func file(_ name: String, _ contents: Data) -> URL {
        let file = folder.appending(path: name)
        do { try contents.write(to: file) } catch { fatalError("cannot write \(file.path): \(error)") }
        return file
    }
}
