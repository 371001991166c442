/// A dense row-major array of Float32, 64-byte aligned (one cache line, one AVX-512 register). Images are
/// `[N, C, H, W]`.
///
/// A value type: copies share memory until one of them is written to.
public struct Tensor: Sendable {
    public let shape: Shape
    private var storage: AlignedStorage

    /// A tensor whose values are all `value`.
    public init(shape: Shape, repeating value: Float = 0) {
        self.shape = shape
        storage = AlignedStorage(count: shape.count)
        storage.values.update(repeating: value)
    }

    /// - Throws: `TensorError.countMismatch` where `values` does not fill `shape`.
    public init(shape: Shape, values: [Float]) throws(TensorError) {
        guard values.count == shape.count else {
            throw .countMismatch(shape: shape, expected: shape.count, got: values.count)
        }
        self.init(shape: shape) { buffer in
            values.withUnsafeBufferPointer { _ = buffer.update(fromContentsOf: $0) }
        }
    }

    /// A tensor that `fill` writes; what it leaves out stays 0.
    public init<E: Error>(shape: Shape, fill: (UnsafeMutableBufferPointer<Float>) throws(E) -> Void) throws(E) {
        self.init(shape: shape)
        try fill(storage.values)
    }

    public var count: Int { shape.count }

    /// The values in row-major order.
    public var values: [Float] { withUnsafeValues { Array($0) } }

    public subscript(index: Int) -> Float {
        get { storage.values[index] }
        set { withUnsafeMutableValues { $0[index] = newValue } }
    }

    public func withUnsafeValues<R, E: Error>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
        defer { extendLifetime(storage) }
        return try body(UnsafeBufferPointer(storage.values))
    }

    public mutating func withUnsafeMutableValues<R, E: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        if storage.isReadOnly || !isKnownUniquelyReferenced(&storage) {
            storage = AlignedStorage(copying: storage)
        }
        return try body(storage.values)
    }

    /// The same values under another shape.
    ///
    /// - Throws: `TensorError.countMismatch` where the counts differ.
    public func reshaped(to shape: Shape) throws(TensorError) -> Tensor {
        guard shape.count == count else { throw .countMismatch(shape: shape, expected: shape.count, got: count) }
        return Tensor(shape: shape, storage: storage)
    }

    /// Item `index` of the outermost axis: `[N, …]` → `[…]`.
    public func item(_ index: Int) throws(TensorError) -> Tensor {
        let inner = try Shape(Array(shape.dimensions.dropFirst()))
        return Tensor(shape: inner) { target in
            _ = target.update(
                fromContentsOf: UnsafeBufferPointer(storage.values)[index * inner.count..<(index + 1) * inner.count])
        }
    }

    /// The values that lie at `offset` of a mapped file, in bytes.
    init(shape: Shape, in mapping: FileMapping, at offset: Int) {
        self.shape = shape
        storage = AlignedStorage(mapping, offset: offset, count: shape.count)
    }

    /// Where the values lie in a file of the process's own, their memory is the system's again until they are next read.
    package func letGoOfMemory() { storage.letGoOfMemory() }

    private init(shape: Shape, storage: AlignedStorage) {
        self.shape = shape
        self.storage = storage
    }
}

extension Tensor: Equatable {
    public static func == (a: Tensor, b: Tensor) -> Bool {
        a.shape == b.shape && a.withUnsafeValues { x in b.withUnsafeValues { y in x.elementsEqual(y) } }
    }
}

/// The memory of a tensor. Written only while uniquely referenced and its own, hence safe to share.
///
/// Aligned within a larger piece, and not by the C library: what glibc before 2.38 aligns does not fit into the place of
/// what it aligned before, so that the heap of a daemon that does photo after photo had 400 MiB in place of 6.
private final class AlignedStorage: @unchecked Sendable {
    private static let alignment = 64

    let values: UnsafeMutableBufferPointer<Float>
    /// What the values lie in where they are the storage's own.
    private let piece: UnsafeMutableRawPointer?
    /// Whose memory the values are, where it is not the storage's own.
    private let mapping: FileMapping?

    var isReadOnly: Bool { mapping != nil }

    init(count: Int) {
        // The alignment that every piece has by itself.
        let piece = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Float>.stride + Self.alignment, alignment: 16)
        let start = piece.alignedUp(toMultipleOf: Self.alignment).bindMemory(to: Float.self, capacity: count)
        start.initialize(repeating: 0, count: count)
        values = UnsafeMutableBufferPointer(start: start, count: count)
        self.piece = piece
        mapping = nil
    }

    init(_ mapping: FileMapping, offset: Int, count: Int) {
        self.mapping = mapping
        piece = nil
        let start = UnsafeMutableRawPointer(mutating: mapping.start + offset)
        values = UnsafeMutableBufferPointer(start: start.assumingMemoryBound(to: Float.self), count: count)
    }

    func letGoOfMemory() { mapping?.letGo(UnsafeRawBufferPointer(values)) }

    convenience init(copying other: AlignedStorage) {
        self.init(count: other.values.count)
        _ = values.update(fromContentsOf: UnsafeBufferPointer(other.values))
    }

    deinit {
        piece?.deallocate()
    }
}
