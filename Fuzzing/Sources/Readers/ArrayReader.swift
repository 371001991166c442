import Foundation
import Tensors

/// A NumPy array; what was read is written and read again.
@Sendable func readArray(_ data: Data) {
    guard let tensor = try? Tensor(npy: data) else { return }
    guard let again = try? Tensor(npy: tensor.npyData()), again.shape == tensor.shape else {
        fatalError("an array that was read cannot be written and read again")
    }
    for element in [Element.integer, .flag] { _ = try? tensor.npyData(of: element) }
}
