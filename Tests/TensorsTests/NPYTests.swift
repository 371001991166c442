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

    @Test func integersAndFlagsAreWrittenAsSuch() throws {
        let tensor = try Tensor(shape: Shape([3]), values: [-2, 0, 16_777_216])
        let integers = try tensor.npyData(of: .integer)
        #expect(String(decoding: integers, as: UTF8.self).contains("'<i8'"))
        #expect(integers.suffix(8) == Data([0, 0, 0, 1, 0, 0, 0, 0]))
        #expect(try Tensor(npy: integers) == tensor)
        let flags = try tensor.npyData(of: .flag)
        #expect(String(decoding: flags, as: UTF8.self).contains("'|b1'"))
        #expect(flags.suffix(3) == Data([1, 0, 1]))
        #expect(try Tensor(npy: flags).values == [1, 0, 1])
    }

    @Test(arguments: [16_777_218, 0.5, .nan, -.infinity] as [Float])
    func whatIsNoExactIntegerIsNotWrittenAsOne(_ number: Float) throws {
        let tensor = try Tensor(shape: Shape([2]), values: [1, number])
        #expect(throws: TensorError.self) { try tensor.npyData(of: .integer) }
    }

    @Test func numbersOfAllSizesAreRead() throws {
        func file(_ type: String, _ bytes: [UInt8]) throws -> [Float] {
            let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (2,), }\n"
            return try Tensor(
                npy: Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count), 0]) + Data(header.utf8)
                    + Data(bytes)
            ).values
        }
        #expect(try file("|i1", [0xff, 3]) == [-1, 3])
        #expect(try file("<i2", [0xff, 0xff, 0, 1]) == [-1, 256])
        #expect(try file("<u2", [0xff, 0xff, 0, 1]) == [65535, 256])
        #expect(try file("<u4", [0, 0, 1, 0, 7, 0, 0, 0]) == [65536, 7])
        #expect(try file("<f2", [0, 0x3c, 0, 0xc1]) == [1, -2.5])
        #expect(try file("|b1", [1, 0]) == [1, 0])
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
