import Foundation
import Tensors
import Testing

@Suite struct NPYTests {
    @Test func aTensorSurvivesTheRoundTrip() throws {
        let tensor = try Tensor(shape: Shape([2, 3]), values: [0, -1.5, .infinity, 3e-38, 4, 5])
        #expect(try Tensor(npy: tensor.npyData()) == tensor)
    }

    @Test func theHeaderEndsOnA64ByteBoundaryAsNumPyWritesIt() throws {
        let data = try Tensor(shape: Shape([7])).npyData()
        #expect((data.count - 7 * 4) % 64 == 0)
        #expect(
            String(decoding: data.dropFirst(10).prefix(54), as: UTF8.self).hasPrefix(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)"))
    }

    @Test(arguments: [0, 5, 9, 10, 40, 127, 130])
    func aTruncatedFileIsRefused(length: Int) throws {
        let data = try Tensor(shape: Shape([2, 3])).npyData()
        #expect(throws: TensorError.self) { try Tensor(npy: data.prefix(length)) }
    }

    @Test(arguments: ["(-1,)", "(99999999999, 99999999999)", "(1, x)", "(4611686018427387904, 4)"])
    func aHostileShapeIsRefused(shape: String) {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n"
        let data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
        #expect(throws: TensorError.self) { try Tensor(npy: data) }
    }

    @Test func anotherElementTypeIsNamedInTheError() {
        let header = "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n"
        let data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
        #expect(throws: TensorError.unsupportedNPY("values of type '<c8'")) { try Tensor(npy: data) }
    }
}

@Suite struct TensorTests {
    @Test func aCopyIsIndependentOfItsOriginal() throws {
        let original = try Tensor(shape: Shape([2]), values: [1, 2])
        var copy = original
        copy[0] = 9
        #expect(original.values == [1, 2])
        #expect(copy.values == [9, 2])
    }

    @Test func memoryIsAlignedToACacheLine() throws {
        for count in [1, 3, 1000] {
            let address = try Tensor(shape: Shape([count])).withUnsafeValues { UInt(bitPattern: $0.baseAddress) }
            #expect(address % 64 == 0)
        }
    }

    @Test func aShapeThatWouldOverflowIsRefused() {
        #expect(throws: TensorError.self) { try Shape([1 << 40, 1 << 40]) }
        #expect(throws: TensorError.self) { try Shape([-1, 3]) }
    }
}
