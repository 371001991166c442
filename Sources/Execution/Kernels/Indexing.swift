import Networks
import Tensors

// Values at places that are known when the network runs. Indices are integers in Float32; one outside of its axis is an
// error of the run that names it, so that nothing is read or written elsewhere.

extension PlanBuilder {
    /// The values at the places. Back: the signal is summed at the places where it came from.
    func emitPick(_ node: Node, _ indexing: Indexing) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let indices = try plain(try input(node, 1), for: node)
        let places = try places(indexing, x, indices, for: node)
        let y = try allocatePlain(shape(of: node.output).dimensions, for: node)
        emit(node, reading: [x, indices], writing: [y]) { (addresses) throws(ExecutionError) in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            for (place, offset) in try places.offsets(pointers[1]).enumerated() {
                (pointers[2] + place * places.length).update(from: pointers[0] + offset, count: places.length)
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            let count = x.extents.reduce(1, *)
            builder.emit(node, reading: [incoming, indices], writing: [passed]) { (addresses) throws(ExecutionError) in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                pointers[2].update(repeating: 0, count: count)
                for (place, offset) in try places.offsets(pointers[1]).enumerated() {
                    accumulate(pointers[2] + offset, pointers[0] + place * places.length, places.length)
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }

    /// A copy of x with values put to, or combined with, what is at the places. Back: where nothing was put, x gets the
    /// signal; a value gets that of its place. Of several values at one place without a combination the last has stayed
    /// and it alone gets the signal; equal maxima and minima share it.
    func emitScatter(_ node: Node, _ scatter: Scatter) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let indices = try plain(try input(node, 1), for: node)
        let updates = try plain(try input(node, 2), for: node)
        let places = try places(scatter.indexing, x, indices, for: node)
        let y = try allocatePlain(x.extents, for: node)
        let count = x.extents.reduce(1, *)
        let combination = scatter.combination
        emit(node, reading: [x, indices, updates], writing: [y]) { (addresses) throws(ExecutionError) in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            pointers[3].update(from: pointers[0], count: count)
            for (place, offset) in try places.offsets(pointers[1]).enumerated() {
                let target = pointers[3] + offset
                let source = pointers[2] + place * places.length
                for index in 0..<places.length {
                    target[index] =
                        switch combination {
                        case nil: source[index]
                        case .add: target[index] + source[index]
                        case .multiply: target[index] * source[index]
                        case .maximum: max(target[index], source[index])
                        case .minimum: min(target[index], source[index])
                        }
                }
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passedX = try builder.allocatePlain(x.extents, for: node)
            let passedUpdates = try builder.allocatePlain(updates.extents, for: node)
            builder.emit(
                node, reading: [incoming, x, indices, updates, y], writing: [passedX, passedUpdates]
            ) { (addresses) throws(ExecutionError) in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let walk = ScatterWalk(
                    signal: pointers[0], x: pointers[1], updates: pointers[3], y: pointers[4], passedX: pointers[5],
                    passedUpdates: pointers[6], count: count, length: places.length,
                    offsets: try places.offsets(pointers[2]))
                switch combination {
                case nil: walk.replace()
                case .add: walk.add()
                case .multiply: walk.multiply()
                case .maximum, .minimum: walk.share()
                }
            }
            return [(try builder.inputID(node, 0), passedX), (try builder.inputID(node, 2), passedUpdates)]
        }
    }

    private func places(
        _ indexing: Indexing, _ x: PlannedTensor, _ indices: PlannedTensor, for node: Node
    ) throws(ExecutionError) -> NodePlaces {
        let rank = x.extents.count
        func counted(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
        let own: Indexing =
            switch indexing {
            case .positions(let axis): .positions(axis: counted(axis))
            case .elements(let axis): .elements(axis: counted(axis))
            case .coordinates: indexing
            }
        return NodePlaces(
            name: node.name, operation: node.operation.name,
            places: IndexedPlaces(own, data: x.extents, indices: indices.extents))
    }
}

/// The places of a node, which its errors name.
private struct NodePlaces: Sendable {
    let name: String
    let operation: String
    let places: IndexedPlaces

    var length: Int { places.length }

    func offsets(_ indices: FloatPointer) throws(ExecutionError) -> [Int] {
        do {
            return try places.offsets { Int(exactly: indices[$0].rounded(.towardZero)) }
        } catch {
            let index = error.index == .min ? "what is no integer" : "index \(error.index)"
            throw .index(
                node: name, operation: operation, reason: "\(index) is outside of an axis of \(error.extent) values")
        }
    }
}

/// The ways back through a scatter, over dense tensors.
private struct ScatterWalk {
    let signal, x, updates, y, passedX, passedUpdates: FloatPointer
    /// Values of x.
    let count: Int
    /// Values per place.
    let length: Int
    let offsets: [Int]

    private func forEach(_ body: (_ target: Int, _ update: Int) -> Void) {
        for (place, offset) in offsets.enumerated() {
            for index in 0..<length { body(offset + index, place * length + index) }
        }
    }

    func replace() {
        var owners = [Int](repeating: -1, count: count)
        forEach { target, update in owners[target] = update }
        for index in 0..<count { passedX[index] = owners[index] < 0 ? signal[index] : 0 }
        forEach { target, update in passedUpdates[update] = owners[target] == update ? signal[target] : 0 }
    }

    func add() {
        passedX.update(from: signal, count: count)
        forEach { target, update in passedUpdates[update] = signal[target] }
    }

    /// The derivative of a product is the product of the other factors; zeros among them are counted.
    func multiply() {
        var products = [Float](repeating: 1, count: count)
        var zeros = [Int](repeating: 0, count: count)
        func take(_ factor: Float, _ target: Int) {
            if factor == 0 { zeros[target] += 1 } else { products[target] *= factor }
        }
        func others(_ factor: Float, _ target: Int) -> Float {
            if factor == 0 { return zeros[target] == 1 ? products[target] : 0 }
            return zeros[target] == 0 ? products[target] / factor : 0
        }
        for index in 0..<count { take(x[index], index) }
        forEach { target, update in take(updates[update], target) }
        for index in 0..<count { passedX[index] = signal[index] * others(x[index], index) }
        forEach { target, update in passedUpdates[update] = signal[target] * others(updates[update], target) }
    }

    func share() {
        var counts = [Float](repeating: 0, count: count)
        for index in 0..<count where x[index] == y[index] { counts[index] += 1 }
        forEach { target, update in
            if updates[update] == y[target] { counts[target] += 1 }
        }
        for index in 0..<count { passedX[index] = x[index] == y[index] ? signal[index] / counts[index] : 0 }
        forEach { target, update in
            passedUpdates[update] = updates[update] == y[target] ? signal[target] / counts[target] : 0
        }
    }
}
