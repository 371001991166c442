import CDNN
import Testing

/// The numbers by which the library's implementations of a convolution are asked for.
@Suite struct ImplementationTests {
    /// A plan that was measured once is compiled by number ever after, whatever was compiled in between.
    @Test(arguments: [CDNN_CONVOLUTION_DIRECT, CDNN_CONVOLUTION_WINOGRAD])
    func aNumberNamesTheSameImplementationWhateverWasCompiledBefore(kind: cdnn_convolution_kind) throws {
        let engine = try made { cdnn_engine_create($0) }
        defer { cdnn_engine_destroy(engine) }
        var window = cdnn_window()
        window.spatial = 2
        window.kernel = (3, 3, 1)
        window.stride = (1, 1, 1)
        window.dilation = (1, 1, 1)
        window.pad_begin = (1, 1, 0)
        window.pad_end = (1, 1, 0)
        let source = try made { cdnn_layout_create_any($0, CDNN_FLOAT32, 4, [1, 32, 28, 28]) }
        let weights = try made { cdnn_layout_create_any($0, CDNN_FLOAT32, 4, [32, 32, 3, 3]) }
        defer { for layout in [source, weights] { cdnn_layout_destroy(layout) } }

        func primitive(_ number: Int32) -> OpaquePointer? {
            var primitive: OpaquePointer?
            let status = cdnn_convolution_forward_by(
                &primitive, engine, number, kind, &window, source, weights, nil, source, 0, nil)
            return status == 0 ? primitive : nil
        }
        func name(_ primitive: OpaquePointer) -> String { String(cString: cdnn_primitive_implementation(primitive)) }

        // All are kept, as plans would.
        let first = (0..<Int32(16)).compactMap(primitive)
        let again = (0..<Int32(16)).reversed().compactMap(primitive)
        defer { for primitive in first + again { cdnn_primitive_destroy(primitive) } }
        #expect(first.map(name) == again.reversed().map(name))
        #expect(Set(first.map(name)).count == first.count)
        #expect(kind == CDNN_CONVOLUTION_WINOGRAD || !first.isEmpty)
    }

    private func made(_ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws -> OpaquePointer {
        var handle: OpaquePointer?
        #expect(make(&handle) == 0)
        return try #require(handle)
    }
}
