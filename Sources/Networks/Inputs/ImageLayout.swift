public import Tensors

/// How a network's own image input is laid out. Inside it is always planes: [N,C,H,W].
public enum ImageLayout: String, Sendable, Hashable, CaseIterable {
    /// [N,C,H,W].
    case planes = "nchw"
    /// [N,H,W,C].
    case pixels = "nhwc"

    /// The extents of a [N,C,H,W] image as the network has them.
    public func own<Extent>(_ planes: [Extent]) -> [Extent] {
        guard self == .pixels, planes.count == 4 else { return planes }
        return [planes[0], planes[2], planes[3], planes[1]]
    }

    /// [N,C,H,W], or an item [C,H,W], as the network has it; whatever has other axes stays as it is.
    public func own(_ planes: Tensor) -> Tensor {
        guard self == .pixels else { return planes }
        switch planes.shape.rank {
        case 4: return planes.transposed([0, 2, 3, 1])
        case 3: return planes.transposed([1, 2, 0])
        default: return planes
        }
    }

    /// A tensor that somebody gives for the input, as planes. It may be in the network's layout, or in planes already.
    ///
    /// - Parameter channels: of the input.
    public func planes(_ given: Tensor, channels: Int?) -> Tensor {
        guard self == .pixels, given.shape.rank == 4 else { return given }
        if let channels, given.shape[1] == channels, given.shape[3] != channels { return given }
        return given.transposed([0, 3, 1, 2])
    }
}

extension Tensor {
    /// Axis i of the result is axis `order[i]`; `order` must be a permutation of the axes.
    fileprivate func transposed(_ order: [Int]) -> Tensor {
        guard let result = try? Shape(order.map { shape[$0] }) else { return self }
        let view = StridedView(extents: result.dimensions, strides: order.map { shape.strides[$0] })
        return Tensor(shape: result) { target in
            withUnsafeValues { source in
                var index = 0
                view.forEachOffset { offset in
                    target[index] = source[offset]
                    index += 1
                }
            }
        }
    }
}
