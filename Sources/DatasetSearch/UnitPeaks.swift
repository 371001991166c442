public import Tensors

/// Where and how strongly each unit of each indexed layer answers to one photo.
public struct UnitPeaks: Sendable, Equatable {
    /// The strongest activation of one unit.
    public struct Peak: Sendable, Hashable {
        /// The largest activation over all places.
        public let value: Float
        /// Row and column of the layer's plane where it is; the first in reading order where several are as large.
        public let y: UInt16
        public let x: UInt16

        public init(value: Float, y: UInt16, x: UInt16) {
            self.value = value
            self.y = y
            self.x = x
        }
    }

    /// [layers][units], as ``IndexedLayer`` lists them.
    public let layers: [[Peak]]

    /// For peaks that were found elsewhere. Values must be finite.
    public init(layers: [[Peak]]) {
        self.layers = layers
    }

    /// Reads the peaks of activations [1,C,h,w] or [1,C], one tensor per indexed layer.
    ///
    /// - Throws: `DatasetSearchError.notFinite` where a unit's strongest activation is not a finite number,
    ///   `.notIndexable`
    ///   for other shapes.
    public init(_ activations: [(layer: IndexedLayer, tensor: Tensor)]) throws(DatasetSearchError) {
        var layers: [[Peak]] = []
        layers.reserveCapacity(activations.count)
        for (layer, tensor) in activations { layers.append(try UnitPeaks.peaks(of: tensor, layer)) }
        self.layers = layers
    }

    private static func peaks(of tensor: Tensor, _ layer: IndexedLayer) throws(DatasetSearchError) -> [Peak] {
        let extents = tensor.shape.dimensions
        let (height, width) = extents.count == 4 ? (extents[2], extents[3]) : (1, 1)
        guard extents.count == 4 || extents.count == 2, extents[0] == 1, extents[1] == layer.units,
            (1...Int(UInt16.max)).contains(height), (1...Int(UInt16.max)).contains(width)
        else { throw .notIndexable(layer: layer.name, shape: tensor.shape.description) }
        let places = height * width
        var peaks: [Peak] = []
        peaks.reserveCapacity(layer.units)
        let isFinite = tensor.withUnsafeValues { values in
            for unit in 0..<layer.units {
                let plane = UnsafeBufferPointer(rebasing: values[unit * places..<(unit + 1) * places])
                let value = largest(of: plane)
                // NaN is equal to nothing, so a plane of which the largest is NaN has no place for it.
                guard value.isFinite, let place = plane.firstIndex(of: value) else { return false }
                peaks.append(Peak(value: value, y: UInt16(place / width), x: UInt16(place % width)))
            }
            return true
        }
        guard isFinite else { throw .notFinite(layer: layer.name) }
        return peaks
    }

    /// Eight running maxima, so that the processor compares eight numbers at once. NaN wins, and is found out.
    private static func largest(of plane: UnsafeBufferPointer<Float>) -> Float {
        guard let start = plane.baseAddress, plane.count >= 8 else {
            return plane.reduce(-.infinity) { $1.isNaN ? $1 : $0.isNaN ? $0 : max($0, $1) }
        }
        let pointer = UnsafeRawPointer(start)
        var best = pointer.loadUnaligned(as: SIMD8<Float>.self)
        var sum = SIMD8<Float>(repeating: 0)
        var index = 0
        while index + 8 <= plane.count {
            let next = pointer.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
            best.replace(with: next, where: next .> best)
            // 0·x is 0, or NaN where x is not finite.
            sum += next * 0
            index += 8
        }
        var value = best.max()
        var check = sum.sum()
        for rest in plane[index...] {
            value = max(value, rest)
            check += rest * 0
        }
        return check.isNaN ? .nan : value
    }
}
