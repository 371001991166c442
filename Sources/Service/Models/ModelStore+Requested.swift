import Foundation
import WireProtocol

extension ModelStore {
    /// The model a request means.
    func requested(_ name: String?) throws(RPCError) -> LoadedModel {
        let known = models.map(\.name).joined(separator: ", ")
        guard let name else {
            guard let standard else {
                guard !models.isEmpty else {
                    throw RPCError(.noSuchModel, "no network is loaded: " + notices.joined(separator: "; "))
                }
                throw RPCError(.noSuchModel, "several models are loaded; name one of \(known) with --model")
            }
            return standard
        }
        guard let model = model(named: name) else {
            if let known = refused.first(where: { $0.name == name }) {
                throw RPCError(.noSuchModel, "model '\(name)' was refused: \(known.error)")
            }
            throw RPCError(
                .noSuchModel, "there is no model '\(name)'; there " + (known.isEmpty ? "is none" : "are \(known)"))
        }
        return model
    }
}

extension LoadedModel {
    /// The class a request means.
    func classIndex(requested label: String) throws(RPCError) -> Int {
        guard let index = classIndex(named: label) else {
            let known = labels.prefix(20).joined(separator: ", ")
            throw RPCError(.noSuchClass, "model '\(name)' knows no class '\(label)'; it knows \(known)")
        }
        return index
    }
}
