import Tensors

extension AxisRoles {
    /// The factors of all axes in their order, put together anew for `shape`; one is cut where it has to be. Nil where the
    /// extents do not come out even, or positions without a place would be torn apart.
    func regrouped(_ source: [AxisRole?], to shape: Shape) -> [AxisRole?]? {
        enum Element {
            case factor(AxisRole.Factor)
            /// An axis that stays one.
            case whole(AxisRole)

            var extent: Int {
                switch self {
                case .factor(let factor): factor.extent
                case .whole(let role): role.extent
                }
            }
        }
        var queue: [Element] = []
        for role in source {
            guard let role else { return nil }
            if role.before + role.after > 0 {
                queue.append(.whole(role))
            } else {
                queue += role.factors.map { .factor($0) }
            }
        }
        queue.reverse()
        var result: [AxisRole?] = []
        for extent in shape.dimensions {
            var (left, role) = (extent, AxisRole(factors: []))
            while left > 1 {
                guard let next = queue.popLast() else { return nil }
                switch next {
                case .whole(let whole):
                    guard left == extent, whole.extent == extent else { return nil }
                    (role, left) = (whole, 1)
                case .factor(var factor):
                    if left % factor.extent == 0 {
                        role.factors.append(factor)
                        left /= factor.extent
                    } else {
                        guard factor.extent % left == 0 else { return nil }
                        var outer = factor
                        factor.extent /= left
                        outer.extent = left
                        if outer.kind != .channel { outer.stride = factor.stride * factor.extent }
                        role.factors.append(outer)
                        queue.append(.factor(factor))
                        left = 1
                    }
                }
            }
            result.append(role)
        }
        return queue.isEmpty ? result : nil
    }

    /// Part of an axis: positions without a place may go; of rows and columns, a grid of its own stays.
    func cut(_ node: Node, _ source: [AxisRole?]?, _ shape: Shape) -> [AxisRole?]? {
        guard let source, source.count == shape.rank, let movement = movement(of: node), let first = node.input(0),
            let whole = self.shape(of: first)
        else { return nil }
        guard case .view(let view) = movement else { return nil }
        // The offset is that of the first position of each axis.
        var offset = view.offset
        var starts: [Int] = []
        for axis in source.indices {
            let stride = max(whole.strides[axis], 1)
            starts.append(offset / stride)
            offset %= stride
        }
        return source.indices.map { axis in
            guard let role = source[axis] else { return nil }
            let step = view.strides[axis] / max(whole.strides[axis], 1)
            if shape[axis] == whole[axis], step == 1 { return role }
            guard role.hasPlaces else { return .channels(shape[axis]) }
            let places = role.before..<(role.extent - role.after)
            let (start, count) = (starts[axis], shape[axis])
            if step == 1 || count == 1 {
                let end = start + count
                if end <= places.lowerBound || start >= places.upperBound { return .channels(count) }
                if start <= places.lowerBound, end >= places.upperBound {
                    var cut = role
                    (cut.before, cut.after) = (places.lowerBound - start, end - places.upperBound)
                    return cut
                }
            }
            // A coarser or smaller grid.
            guard role.factors.count == 1, role.before == 0, role.after == 0, step > 0 else { return nil }
            return .axis(role.factors[0].kind, count)
        }
    }

    /// One position of an axis, or several.
    func gathered(_ node: Node, _ source: [AxisRole?]?, _ axis: Int, _ shape: Shape) -> [AxisRole?]? {
        guard let source, let indices = node.input(1), let taken = self.shape(of: indices) else { return nil }
        let axis = axis < 0 ? axis + source.count : axis
        guard source.indices.contains(axis) else { return nil }
        let isChosen = source[axis].map { !$0.hasPlaces } ?? false
        let middle: [AxisRole?] = taken.dimensions.map { $0 == 1 || isChosen ? .channels($0) : nil }
        return source[..<axis] + middle + source[(axis + 1)...]
    }
}
