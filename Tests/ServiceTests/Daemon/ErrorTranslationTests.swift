import DatasetSearch
import Execution
import Files
import Foundation
import Inbox
import Interpretation
import Localization
import Networks
import ONNXImport
import Photos
import Service
import Tensors
import Testing
import WireProtocol

/// Which answer an error becomes.
@Suite struct ErrorTranslationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let error: any Error
        let code: ErrorCode
        var reason: String?

        init(_ error: any Error, _ code: ErrorCode, reason: String? = nil) {
            self.error = error
            self.code = code
            self.reason = reason
        }

        var testDescription: String { "\(error)" }
    }

    private static let photo = FilePath("/srv/a.jpg")

    static let cases = [
        Case(FileError("open", photo, errorNumber: ENOENT), .noSuchPhoto),
        Case(FileError("open", photo, errorNumber: ENOTDIR), .noSuchPhoto),
        Case(FileError("open", photo, errorNumber: EACCES), .photoUnreadable, reason: "permission-denied"),
        Case(FileError("open", photo, errorNumber: EPERM), .photoUnreadable, reason: "permission-denied"),
        Case(FileError("read", photo, errorNumber: EIO), .photoUnreadable, reason: "unreadable"),
        Case(FileError("open", photo, errorNumber: ELOOP), .photoUnreadable, reason: "unreadable"),
        Case(FileError("reach", photo, errorNumber: EBUSY), .busy),
        Case(UnreadablePhoto("/srv/a.jpg", .emptyFile), .photoUnreadable, reason: "empty-file"),
        // Of a photo that is named even a wrong size is the photo's.
        Case(UnreadablePhoto("/srv/a.jpg", .invalidSize(reason: "narrow")), .photoUnreadable, reason: "invalid-size"),
        Case(PhotoError.truncated, .photoUnreadable, reason: "truncated"),
        Case(PhotoError.invalidSize(reason: "too wide"), .badParameter),
        Case(PhotoError.invalidMap(reason: "flat"), .methodNotApplicable),
        Case(PhotoError.encodingFailed(reason: "none"), .internal),
        Case(TensorError.malformedNPY("short"), .badParameter),
        Case(NetworkError.missingInput(name: "x"), .badParameter),
        Case(ExecutionError.unknownValue("x"), .noSuchLayer),
        Case(ExecutionError.network(.missingInput(name: "x")), .badParameter),
        Case(InterpretationError.classOutOfRange(7, count: 3), .noSuchClass),
        Case(InterpretationError.notAClassifier, .methodNotApplicable),
        Case(InterpretationError.cancelled, .cancelled),
        Case(LocalizationError.interpretation(.badParameter("x")), .badParameter),
        Case(LocalizationError.noContrast, .methodNotApplicable),
        Case(ONNXError.malformed("x"), .methodNotApplicable),
        Case(ModelStoreError.cannotReadPhotos("x"), .methodNotApplicable),
        Case(ModelStoreError.noPhotoModel(["a", "b"]), .noSuchModel),
        Case(LocalizationError.noProbability, .methodNotApplicable),
        Case(DatasetSearchError.noSuchUnit(7, layer: "x", units: 3), .noSuchLayer),
        Case(DatasetSearchError.notFinite(layer: "x"), .methodNotApplicable),
        Case(DatasetSearchError.corrupt(path: "/srv/x", message: "torn"), .internal),
        Case(CatalogError.corrupt(message: "torn"), .internal),
        Case(CancellationError(), .cancelled),
        Case(RPCError(.badParameter, "as it is"), .badParameter),
    ]

    @Test(arguments: cases) func everyModulesErrorsHaveTheirCode(_ example: Case) {
        let answer = RPCError(translating: example.error)
        #expect(answer.code == example.code)
        #expect(answer.reason == example.reason)
        #expect(!answer.message.isEmpty)
    }

    @Test func anAnswerAboutAPhotoNamesIt() {
        let answer = RPCError(translating: UnreadablePhoto("/srv/a.jpg", .emptyFile))
        #expect(answer.data["photo"] == .string("/srv/a.jpg"))
        #expect(answer.message == "the file is empty; copy the photo again")
        let gone = RPCError(translating: FileError("open", Self.photo, errorNumber: ENOENT))
        #expect(gone.message == "there is no photo /srv/a.jpg")
    }

    @Test func aSheetThatIsTooLargeIsAMatterOfTheParameters() throws {
        let wide = Tensor(shape: try Shape([4, 1, 1, 60_000]))
        do {
            _ = try GeneratedPictures.sheet(of: wide, try ValueRange([0, 1]))
            Issue.record("a sheet of 120000 pixels was drawn")
        } catch {
            #expect(RPCError(translating: error).code == .badParameter)
        }
    }
}
