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
import Tensors
package import WireProtocol

extension RPCError {
    /// The answer to a request that failed with `error`, whatever module it comes from. `internal` is left for what is
    /// wrong with the daemon itself, its disk or its files.
    package init(translating error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as UnreadablePhoto:
            self = .unreadable(photo: error.photo, reason: error.error.code, message: "\(error)")
        case let error as PhotoError: self.init(photo: error)
        case let error as FileError: self.init(file: error)
        case let error as TensorError: self.init(.badParameter, "\(error)")
        case let error as InterpretationError: self.init(interpretation: error)
        case let error as ExecutionError: self.init(interpretation: .execution(error))
        case let error as NetworkError: self.init(interpretation: .execution(.network(error)))
        case let error as LocalizationError: self.init(localization: error)
        case let error as ModelStoreError: self.init(modelStore: error)
        case is ModelError, is ONNXError: self.init(.methodNotApplicable, "\(error)")
        case let error as DatasetSearchError: self.init(datasetSearch: error)
        case let error as UnitSearchError: self.init(unitSearch: error)
        case is CatalogError: self.init(.internal, "\(error)")
        case is CancellationError: self.init(.cancelled, "cancelled")
        default: self.init(.internal, "\(error)")
        }
    }

    /// A photo that cannot be read, by its path; `permission-denied` asks the client to send the bytes.
    private init(file error: FileError) {
        let path = error.path.string
        switch error.errorNumber {
        case ENOENT, ENOTDIR: self.init(.noSuchPhoto, "there is no photo \(path)")
        case EACCES, EPERM:
            self = .unreadable(
                photo: path, reason: RPCError.permissionDenied, message: "the daemon may not read \(path)")
        case EBUSY: self.init(.busy, "\(error)")
        default: self = .unreadable(photo: path, reason: "unreadable", message: "\(error)")
        }
    }

    /// What no photo is named with: about the pictures that were asked for, unless it can only be about a photo.
    private init(photo error: PhotoError) {
        switch error {
        case .invalidSize: self.init(.badParameter, "\(error)")
        case .invalidMap, .invalidConfiguration: self.init(.methodNotApplicable, "\(error)")
        case .encodingFailed, .fontNotFound, .fontUnusable: self.init(.internal, "\(error)")
        default: self = .unreadable(photo: "the photo", reason: error.code, message: "\(error)")
        }
    }

    private init(modelStore error: ModelStoreError) {
        switch error {
        case .cannotReadPhotos: self.init(.methodNotApplicable, "\(error)")
        case .unreadable, .noPhotoModel: self.init(.noSuchModel, "\(error)")
        }
    }

    private init(datasetSearch error: DatasetSearchError) {
        switch error {
        case .noSuchUnit: self.init(.noSuchLayer, "\(error)")
        case .notFinite, .notIndexable, .otherLayers: self.init(.methodNotApplicable, "\(error)")
        case .full, .corrupt, .unavailable: self.init(.internal, "\(error)")
        }
    }

    private init(unitSearch error: UnitSearchError) {
        switch error {
        case .unreachable(let path): self = .unreadable(photo: path, reason: "unreachable", message: "\(error)")
        }
    }

    private init(localization error: LocalizationError) {
        if case .interpretation(let error) = error {
            self.init(interpretation: error)
        } else {
            self.init(.methodNotApplicable, "\(error)")
        }
    }

    private init(interpretation error: InterpretationError) {
        let code: ErrorCode =
            switch error {
            case .notApplicable, .notAClassifier, .scoresNotFinite: .methodNotApplicable
            case .unknownMethod, .badParameter, .execution(.network), .execution(.planTooLarge): .badParameter
            case .classOutOfRange: .noSuchClass
            case .execution(.unknownValue): .noSuchLayer
            case .cancelled: .cancelled
            case .execution(.memoryInUse): .busy
            case .execution: .internal
            }
        self.init(code, "\(error)")
    }
}
