import CDNN
import Tensors

// oneDNN's objects as Swift types: a throwing initializer makes them, `deinit` frees them.

/// A status of oneDNN that is not success.
struct KernelStatus: Error {
    let code: Int32

    static func check(_ code: Int32) throws(KernelStatus) {
        if code != 0 { throw KernelStatus(code: code) }
    }
}

/// The CPU, with an in-order stream.
final class Engine {
    let handle: OpaquePointer

    init() throws(KernelStatus) {
        handle = try made { cdnn_engine_create($0) }
    }

    deinit { cdnn_engine_destroy(handle) }
}

/// Extents and their order in memory. Blocked layouts pad the channels to a multiple of the block.
final class Layout {
    let handle: OpaquePointer

    private init(handle: OpaquePointer) { self.handle = handle }

    /// The dense row-major layout; a scalar becomes one value.
    static func plain(_ extents: [Int]) throws(KernelStatus) -> Layout {
        Layout(handle: try made { cdnn_layout_create($0, rank(extents), wide(extents)) })
    }

    /// A layout that is left to the primitive.
    static func any(_ extents: [Int], of type: cdnn_type = CDNN_FLOAT32) throws(KernelStatus) -> Layout {
        Layout(handle: try made { cdnn_layout_create_any($0, type, rank(extents), wide(extents)) })
    }

    /// Strides in elements; those of axes of extent 1, which mean nothing, become those of a dense tensor.
    static func strided(_ extents: [Int], _ strides: [Int]) throws(KernelStatus) -> Layout {
        var strides = strides
        for axis in extents.indices.reversed() where extents[axis] == 1 {
            strides[axis] = axis + 1 < extents.count ? strides[axis + 1] * extents[axis + 1] : 1
        }
        return Layout(
            handle: try made {
                cdnn_layout_create_strided($0, CDNN_FLOAT32, rank(extents), wide(extents), wide(strides))
            })
    }

    /// [N,C,…] with the channels of a position beside each other.
    static func channelsLast(_ extents: [Int], of type: cdnn_type = CDNN_FLOAT32) throws(KernelStatus) -> Layout {
        guard extents.count > 2 else { return try plain(extents) }
        var strides = [Int](repeating: 1, count: extents.count)
        strides[extents.count - 1] = extents[1]
        for axis in stride(from: extents.count - 2, through: 2, by: -1) {
            strides[axis] = strides[axis + 1] * extents[axis + 1]
        }
        strides[0] = strides[2] * extents[2]
        return Layout(
            handle: try made { cdnn_layout_create_strided($0, type, rank(extents), wide(extents), wide(strides)) })
    }

    /// [N,C,…] with the channels in blocks as wide as the processor's vectors.
    static func blocked(_ extents: [Int]) throws(KernelStatus) -> Layout {
        Layout(handle: try made { cdnn_layout_create_blocked($0, rank(extents), wide(extents)) })
    }

    /// How many channels such a block has; 1 where the library makes no such layout.
    static let blockWidth = (try? blocked([1, 1, 1, 1]).byteCount / MemoryLayout<Float>.stride) ?? 1

    /// [N,C,H,W] with blocks of 4, 8 or 16 channels innermost.
    static func blocked(_ extents: [Int], by block: Int) throws(KernelStatus) -> Layout {
        guard extents.count == 4 else { throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS)) }
        return Layout(handle: try made { cdnn_layout_create_channel_blocks($0, wide(extents), Int32(block)) })
    }

    static func copy(of handle: OpaquePointer) throws(KernelStatus) -> Layout {
        Layout(handle: try made { cdnn_layout_clone($0, handle) })
    }

    deinit { cdnn_layout_destroy(handle) }

    var byteCount: Int { cdnn_layout_size(handle) }

    static func == (a: Layout, b: Layout) -> Bool { cdnn_layout_equal(a.handle, b.handle) != 0 }

    private static func rank(_ extents: [Int]) -> Int32 { Int32(max(extents.count, 1)) }
    private static func wide(_ extents: [Int]) -> [Int64] { extents.isEmpty ? [1] : extents.map(Int64.init) }
}

/// A layout at an address.
final class Memory {
    let handle: OpaquePointer
    private let layout: Layout

    init(_ layout: Layout, at address: UnsafeMutableRawPointer, on engine: Engine) throws(KernelStatus) {
        handle = try made { cdnn_memory_create($0, engine.handle, layout.handle, address) }
        self.layout = layout
    }

    deinit { cdnn_memory_destroy(handle) }
}

/// A compiled operation.
final class Primitive {
    let handle: OpaquePointer

    /// - Parameter make: calls one of the cdnn functions that compile a primitive.
    init(_ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws(KernelStatus) {
        handle = try made(make)
    }

    deinit { cdnn_primitive_destroy(handle) }

    /// The layout the primitive chose for an argument.
    func layout(_ argument: cdnn_argument) throws(KernelStatus) -> Layout? {
        guard let layout = cdnn_primitive_layout(handle, argument) else { return nil }
        return try Layout.copy(of: layout)
    }

    /// The layout of an argument that every primitive of the kind has.
    func requiredLayout(_ argument: cdnn_argument) throws(KernelStatus) -> Layout {
        guard let layout = try layout(argument) else { throw KernelStatus(code: Int32(CDNN_INVALID_ARGUMENTS)) }
        return layout
    }

    var implementation: String { String(cString: cdnn_primitive_implementation(handle)) }

    func execute(on engine: Engine, _ arguments: [Int32], _ memories: [OpaquePointer?]) throws(KernelStatus) {
        try KernelStatus.check(
            cdnn_primitive_execute(handle, engine.handle, Int32(arguments.count), arguments, memories))
    }
}

private func made(_ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws(KernelStatus) -> OpaquePointer {
    var handle: OpaquePointer?
    try KernelStatus.check(make(&handle))
    guard let handle else { throw KernelStatus(code: Int32(CDNN_OUT_OF_MEMORY)) }
    return handle
}
