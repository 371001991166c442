import Foundation
import Tensors
import Testing

/// Tensors whose values lie in a file that nobody else can open.
@Suite struct TensorFileTests {
    private let folder = FileManager.default.temporaryDirectory.path

    private func tensor(_ count: Int, from first: Float) throws -> Tensor {
        Tensor(shape: try Shape([count])) { values in
            for index in values.indices { values[index] = first + Float(index) }
        }
    }

    private func moved(_ tensors: [Tensor]) throws -> [Tensor] {
        var file = try TensorFile(in: folder, for: tensors.map(\.count))
        var result: [Tensor] = []
        for tensor in tensors { result.append(try file.moved(tensor)) }
        return result
    }

    @Test func valuesAreTheSameBeforeAndAfterTheirMemoryIsLetGo() throws {
        let tensors = [try tensor(5, from: 1), try tensor(40_000, from: -7), try tensor(1, from: 3)]
        // The file outlives its description as long as a tensor lies in it.
        let moved = try moved(tensors)
        #expect(moved == tensors)
        for tensor in moved { tensor.letGoOfMemory() }
        #expect(moved == tensors)
        for tensor in moved {
            tensor.withUnsafeValues { #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0) }
        }
    }

    @Test func writingToOneLeavesTheFileAsItIs() throws {
        let original = try tensor(20_000, from: 0)
        let kept = try moved([original])[0]
        var changed = kept
        changed[19_999] = 5
        #expect(kept == original)
        #expect(changed[19_999] == 5 && changed[19_998] == 19_998)
        #expect(try kept.reshaped(to: Shape([2, 10_000])).values == original.values)
    }

    @Test func nothingIsLeftInTheFolder() throws {
        let own = folder + "/tensor-file-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: own) }
        var file = try TensorFile(in: own, for: [3])
        let kept = try file.moved(try tensor(3, from: 0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: own).isEmpty)
        #expect(kept.values == [0, 1, 2])
    }

    @Test func aFolderThatIsNotThereIsSaidSo() {
        do {
            _ = try TensorFile(in: "/nowhere/at/all", for: [3])
            Issue.record("there is no such folder")
        } catch {
            #expect("\(error)".contains("no file in /nowhere/at/all"))
        }
    }

    @Test func moreThanWasAnnouncedIsRefused() throws {
        var file = try TensorFile(in: folder, for: [16])
        _ = try file.moved(try tensor(16, from: 0))
        do {
            _ = try file.moved(try tensor(1, from: 0))
            Issue.record("there was no room for it")
        } catch let failure as TensorFile.Failure {
            #expect("\(failure)".contains("no room"))
        }
    }
}
