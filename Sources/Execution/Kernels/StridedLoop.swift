import Networks

/// A walk through several tensors at once, in row-major order of their common extents.
///
/// Axes that lie behind each other in all tensors are walked as one, so that the innermost run is as long as it can be.
struct StridedLoop: Sendable {
    /// One tensor of the walk; strides in elements, 0 where it does not move along an axis.
    struct Operand {
        var strides: [Int]
        var offset = 0
    }

    private(set) var extents: [Int] = []
    /// The strides of each operand, by axis.
    private(set) var strides: [[Int]]
    private let offsets: [Int]

    init(_ extents: [Int], _ operands: [Operand]) {
        strides = operands.map { _ in [] }
        offsets = operands.map(\.offset)
        for axis in extents.indices where extents[axis] != 1 {
            let next = operands.map { $0.strides[axis] }
            let last = self.extents.count - 1
            if last >= 0, operands.indices.allSatisfy({ strides[$0][last] == extents[axis] * next[$0] }) {
                self.extents[last] *= extents[axis]
                for operand in operands.indices { strides[operand][last] = next[operand] }
            } else {
                self.extents.append(extents[axis])
                for operand in operands.indices { strides[operand].append(next[operand]) }
            }
        }
        if self.extents.isEmpty {
            self.extents = [1]
            strides = operands.map { _ in [1] }
        }
    }

    /// Values per run.
    var run: Int { extents[extents.count - 1] }

    /// Where a tensor's first run starts.
    func start(_ operand: Int) -> Int { offsets[operand] }

    /// Distance between neighbours within a run.
    func step(_ operand: Int) -> Int { strides[operand][extents.count - 1] }

    /// Calls `body` with where each tensor's next run starts.
    @inline(__always)
    func forEachRun(_ body: (UnsafePointer<Int>) -> Void) {
        if extents.contains(0) { return }
        var current = offsets
        var position = [Int](repeating: 0, count: extents.count)
        let outer = extents.count - 2
        current.withUnsafeMutableBufferPointer { current in
            guard let start = current.baseAddress else { return }
            while true {
                body(start)
                var axis = outer
                while axis >= 0 {
                    position[axis] += 1
                    for operand in strides.indices { start[operand] += strides[operand][axis] }
                    if position[axis] < extents[axis] { break }
                    for operand in strides.indices { start[operand] -= extents[axis] * strides[operand][axis] }
                    position[axis] = 0
                    axis -= 1
                }
                if axis < 0 { return }
            }
        }
    }
}

extension StridedLoop.Operand {
    /// A dense row-major tensor.
    static func dense(_ extents: [Int]) -> StridedLoop.Operand {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in stride(from: extents.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * extents[axis + 1]
        }
        return StridedLoop.Operand(strides: strides)
    }

    /// A dense tensor of fewer or shorter axes that stands still where it is broadcast to `result`.
    static func broadcast(_ extents: [Int], to result: [Int]) -> StridedLoop.Operand {
        let own = dense(extents).strides
        let added = result.count - extents.count
        return StridedLoop.Operand(
            strides: result.indices.map { $0 < added || extents[$0 - added] == 1 ? 0 : own[$0 - added] })
    }

    init(_ view: StridedView) { self.init(strides: view.strides, offset: view.offset) }
}

typealias FloatPointer = UnsafeMutablePointer<Float>

/// target += source, both dense.
@inline(__always)
func accumulate(_ target: FloatPointer, _ source: FloatPointer, _ count: Int) {
    for index in 0..<count { target[index] += source[index] }
}

/// The sum of dense values, in eight partial sums.
@inline(__always)
func total(_ values: FloatPointer, _ count: Int) -> Float {
    var partial = SIMD8<Float>(repeating: 0)
    var index = 0
    while index + 8 <= count {
        partial += UnsafeRawPointer(values + index).loadUnaligned(as: SIMD8<Float>.self)
        index += 8
    }
    var sum = partial.sum()
    while index < count {
        sum += values[index]
        index += 1
    }
    return sum
}
