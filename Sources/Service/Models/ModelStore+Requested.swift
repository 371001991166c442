import Foundation
import WireProtocol

extension ModelStore {
    /// The model a request means.
    func requested(_ name: String?) throws(RPCError) -> LoadedModel {
        let known = models.map(\.name).joined(separator: ", ")
        guard let name else {
            guard let standard else {
                throw RPCError(.noSuchModel, "several models are loaded; name one of \(known) with --model")
            }
            return standard
        }
        guard let model = model(named: name) else {
            if let (_, error) = refused.first(where: { $0.folder.lastPathComponent == name }) {
                throw RPCError(.noSuchModel, "model '\(name)' was refused: \(error)")
            }
            throw RPCError(.noSuchModel, "there is no model '\(name)'; there are \(known)")
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
