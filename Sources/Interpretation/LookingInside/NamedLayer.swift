import Execution
public import Networks
public import Tensors

/// A layer that a person names, for images of one size. Its units are its channels; a unit of a convolution has a value at
/// every place of its map, one of a fully-connected layer has a single value.
public struct NamedLayer: Sendable {
    public let value: ValueID
    /// The value's ONNX name.
    public let name: String
    /// [N,units,…].
    public let shape: Shape
    /// Nil where what a value sees is not a regular window.
    public let receptiveField: ReceptiveField?
    /// Extents of the image [height, width].
    public let imageExtents: [Int]

    /// - Parameters:
    ///   - name: of a node or of the value it makes.
    ///   - input: shape of the image [N,C,H,W].
    /// - Throws: `execution(.unknownValue)` where there is no such layer, `badParameter` where it has no units.
    public init(_ name: String, of network: Network, input: Shape) throws(InterpretationError) {
        let graph = network.graph
        let layers: [Layer]
        do { layers = try graph.layers(for: [network.image: input]) } catch { throw .execution(.network(error)) }
        let value = graph.nodes.first { $0.name == name }?.output ?? graph.value(named: name)
        guard let layer = layers.first(where: { $0.value == value }) else { throw .execution(.unknownValue(name)) }
        guard layer.shape.rank >= 2, input.rank == 4, layer.shape[0] == input[0] else {
            throw .badParameter("layer '\(name)' has no units: its output is \(layer.shape)")
        }
        if layer.shape.rank > 2 {
            let roles: AxisRoles
            do { roles = try AxisRoles(graph, image: input) } catch { throw .execution(.network(error)) }
            if let places = roles.places(of: layer.value), !places.isPlanes {
                throw .badParameter(
                    "layer '\(name)' keeps its channels elsewhere than a convolution does: its output is \(layer.shape), "
                        + "with \(places.channels) channels of \(places.height)×\(places.width) places; "
                        + "choose a layer [N,C,h,w]")
            }
        }
        self.value = layer.value
        self.name = layer.name
        shape = layer.shape
        receptiveField = layer.receptiveField
        imageExtents = [input[2], input[3]]
    }

    public var unitCount: Int { shape[1] }
    /// Extents of a unit's map; empty where it has a single value.
    public var mapExtents: [Int] { Array(shape.dimensions.dropFirst(2)) }
    /// Values of a unit's map.
    public var placeCount: Int { mapExtents.reduce(1, *) }

    /// - Throws: `badParameter` where there is no unit of this number.
    public func check(unit: Int) throws(InterpretationError) {
        guard (0..<unitCount).contains(unit) else {
            throw .badParameter("layer '\(name)' has the units 0 to \(unitCount - 1), not \(unit)")
        }
    }

    /// The number of a place in row-major order.
    ///
    /// - Throws: `badParameter` where the layer's maps have no such place.
    public func place(at position: [Int]) throws(InterpretationError) -> Int {
        guard position.count == mapExtents.count, zip(position, mapExtents).allSatisfy({ (0..<$1).contains($0) }) else {
            let extents = mapExtents.map(String.init).joined(separator: "×")
            throw .badParameter(
                mapExtents.isEmpty
                    ? "layer '\(name)' has a single value a unit; leave the position out"
                    : "the maps of layer '\(name)' are \(extents), without a position \(position)")
        }
        return zip(position, mapExtents).reduce(0) { $0 * $1.1 + $1.0 }
    }

    /// Where place number `place` lies in its map.
    public func position(of place: Int) -> [Int] {
        var rest = place
        var position: [Int] = []
        for extent in mapExtents.reversed() {
            position.append(rest % max(extent, 1))
            rest /= max(extent, 1)
        }
        return position.reversed()
    }

    /// The pixels that the values at `position` depend on, as far as they lie on the image; all of it where that is not
    /// known.
    public func imageWindow(at position: [Int]) -> ImageWindow {
        let all = ImageWindow(y: 0, x: 0, height: imageExtents[0], width: imageExtents[1])
        guard case .window(let size, let stride, let offset)? = receptiveField, position.count == 2, size.count == 2
        else {
            return all
        }
        let ranges = (0..<2).map { axis in
            let start = offset[axis] + position[axis] * stride[axis]
            return max(start, 0)..<max(min(start + size[axis], imageExtents[axis]), max(start, 0))
        }
        guard ranges.allSatisfy({ !$0.isEmpty }) else { return all }
        return ImageWindow(
            y: ranges[0].lowerBound, x: ranges[1].lowerBound, height: ranges[0].count, width: ranges[1].count)
    }
}

/// A rectangle of whole pixels of the network's input.
public struct ImageWindow: Hashable, Sendable {
    public let y: Int
    public let x: Int
    public let height: Int
    public let width: Int

    public init(y: Int, x: Int, height: Int, width: Int) {
        self.y = y
        self.x = x
        self.height = height
        self.width = width
    }
}
