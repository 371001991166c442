import Tensors
import WireProtocol

extension TensorPayload {
    init(_ tensor: Tensor) { self.init(shape: tensor.shape.dimensions, npy: tensor.npyData()) }
}
