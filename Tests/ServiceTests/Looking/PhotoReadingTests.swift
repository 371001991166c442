import Digests
import Files
import Foundation
import Photos
import Service
import Tensors
import Testing
import WireProtocol

/// A client's photo or tensor becomes ours.
@Suite final class PhotoReadingTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var permitted: PermittedFolders { PermittedFolders(folders: [FilePath(folder.path)]) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ data: Data, to name: String) throws -> String {
        let file = folder.appending(path: name)
        try data.write(to: file)
        return file.path
    }

    /// The answer that reading, or preparing what was read, becomes.
    private func failure(_ source: PhotoSource) async -> RPCError? {
        do {
            _ = try PreparedPhoto(try await NamedPhoto(reading: source, in: permitted), for: try TestModels.petshop)
            return nil
        } catch {
            return RPCError(translating: error)
        }
    }

    @Test func aPathGivesBytesAndName() async throws {
        let path = try write(Data([1, 2, 3]), to: "a b.jpg")
        let photo = try await NamedPhoto(reading: .path(path), in: permitted)
        #expect(photo.bytes == Data([1, 2, 3]) && photo.name == "a b.jpg")
    }

    @Test func bytesHaveNoName() async throws {
        let photo = try await NamedPhoto(reading: .bytes(Data([1])), in: permitted)
        #expect(photo.bytes == Data([1]) && photo.name == nil)
    }

    @Test func aTensorIsReadWhereOneIsTakenAndRefusedElsewhere() async throws {
        let file = TestModels.root.appending(path: "Tests/Fixtures/petshop-reference/cat.input.npy")
        let npy = try Data(contentsOf: file)
        guard case .tensor(let tensor) = try await RequestedInput(reading: .tensor(npy), in: permitted) else {
            Issue.record("a tensor became something else")
            return
        }
        #expect(tensor.shape.dimensions == [1, 3, 224, 224])
        #expect(await failure(.tensor(npy))?.code == .invalidParameters)
        #expect(await failure(.tensor(Data([1])))?.code == .badParameter)
    }

    @Test func aPhotoThatVanishesBeforeItIsReadIsNoPhoto() async throws {
        let path = try write(Data([1]), to: "a.jpg")
        try FileManager.default.removeItem(atPath: path)
        #expect(await failure(.path(path)) == RPCError(.noSuchPhoto, "there is no photo \(path)"))
    }

    @Test func aPhotoThatVanishesBeforeItsSheetIsDrawnIsNoPhoto() async throws {
        let path = try write(Data([1]), to: "a.jpg")
        try FileManager.default.removeItem(atPath: path)
        let patch = UnitSheet.Patch(path: FilePath(path), sha256: "", value: 1, rectangle: nil)
        do {
            _ = try await UnitSheet(font: try Font()).draw("title", [patch])
            Issue.record("a sheet of nothing was drawn")
        } catch {
            #expect(RPCError(translating: error).code == .noSuchPhoto)
        }
    }

    /// What lies elsewhere is not opened, and nobody learns whether it is there.
    @Test func aPathOutOfThePermittedFoldersIsForTheClientToOpen() async throws {
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "link.jpg"), withDestinationURL: URL(filePath: "/etc/hostname"))
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "out"), withDestinationURL: URL(filePath: "/etc"))
        let outside = ["/etc/hostname", "/etc/no such file", folder.path + "/../x.jpg", folder.path + "x/a.jpg"]
        for path in outside {
            let answer = await failure(.path(path))
            #expect(answer?.code == .photoUnreadable && answer?.reason == RPCError.permissionDenied, "\(path)")
            #expect(answer?.message.contains("opens photos only in its inbox") == true)
        }
        // Links within are not followed, wherever they are on the way.
        for name in ["link.jpg", "out/hostname"] {
            let answer = await failure(.path(folder.appending(path: name).path))
            #expect(answer?.code == .photoUnreadable && answer?.reason == "unreadable", "\(name)")
        }
        #expect(await failure(.path("/etc/host\0name"))?.code == .invalidParameters)
    }

    @Test func aFolderWithinThePermittedOnesIsItsRealPath() async throws {
        let inner = folder.appending(path: "inner")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: folder.appending(path: "out"), withDestinationURL: URL(filePath: "/proc"))
        let real = try await permitted.folder(inner.path, member: "folder")
        #expect(real.string == inner.resolvingSymlinksInPath().path)
        for path in ["/proc", "/no such folder", folder.path + "/out", folder.path + "/../../proc"] {
            let error = await #expect(throws: RPCError.self) { try await permitted.folder(path, member: "folder") }
            #expect(error?.message.contains("is in none of them") == true, "\(path)")
        }
        await #expect(throws: RPCError.self) { try await permitted.folder("inner", member: "folder") }
        await #expect(throws: RPCError.self) { try await permitted.folder("/\0", member: "folder") }
    }

    @Test func aFolderIsAnUnreadablePhoto() async {
        let answer = await failure(.path(folder.path))
        #expect(answer?.code == .photoUnreadable)
        #expect(answer?.reason == "unreadable")
    }

    @Test func aFileThatIsTooLargeIsNotRead() async throws {
        let path = try write(Data(), to: "large.jpg")
        #expect(truncate(path, off_t(DecodeLimits().fileBytes) + 1) == 0)
        let answer = await failure(.path(path))
        #expect(answer?.reason == "file-too-large")
        #expect(answer?.data["photo"] == .string(path))
    }

    @Test func whatIsNoPhotoIsNamedByItsPathOrAsThePhoto() async throws {
        let png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        let path = try write(png, to: "a.jpg")
        let answer = await failure(.path(path))
        #expect(answer?.code == .photoUnreadable)
        #expect(answer?.reason == "not-a-jpeg")
        #expect(answer?.data["photo"] == .string(path))
        #expect(await failure(.bytes(png))?.data["photo"] == .string("the photo"))
    }
}
