import DatasetSearch
import Execution
import Interpretation
import Localization
import Photos
import Tensors
import WireProtocol

extension RPCError {
    /// The answer to a request that failed with `error`, whatever module it comes from.
    init(translating error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as InterpretationError: self.init(interpretation: error)
        case let error as ExecutionError: self.init(interpretation: .execution(error))
        case let error as LocalizationError: self.init(localization: error)
        case let error as TensorError: self.init(.badParameter, "\(error)")
        case let error as ModelStoreError: self.init(.methodNotApplicable, "\(error)")
        case let error as UnitSearchError: self.init(.photoUnreadable, "\(error)")
        case DatasetSearchError.noSuchUnit: self.init(.noSuchLayer, "\(error)")
        case DatasetSearchError.notFinite: self.init(.methodNotApplicable, "\(error)")
        case is CancellationError: self.init(.cancelled, "cancelled")
        default: self.init(.internal, "\(error)")
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
            case .notApplicable, .notAClassifier: .methodNotApplicable
            case .unknownMethod, .badParameter, .execution(.network): .badParameter
            case .classOutOfRange: .noSuchClass
            case .execution(.unknownValue): .noSuchLayer
            case .cancelled: .cancelled
            case .execution: .internal
            }
        self.init(code, "\(error)")
    }
}
