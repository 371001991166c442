import Networks
import Tensors

extension PlanBuilder {
    /// Values of planes at places that other values name. Back: each signal goes to the values it was made of, by their
    /// weights, and to the places by the weights' slopes.
    func emitSampling(_ node: Node, _ sampling: Sampling) throws(ExecutionError) {
        switch sampling {
        case .grid(let grid): try emitGridSampling(node, grid)
        case .boxes(let boxes): try emitBoxSampling(node, boxes)
        case .deformed(let window, let groups): try emitDeformedWindows(node, window, groups: groups)
        }
    }

    // MARK: Grids

    private func emitGridSampling(_ node: Node, _ grid: GridSampling) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let places = try plain(try input(node, 1), for: node)
        let (items, channels) = (x.extents[0], x.extents[1])
        let plane = Plane(height: x.extents[2], width: x.extents[3])
        let positions = places.extents[1] * places.extents[2]
        let y = try allocatePlain([items, channels, places.extents[1], places.extents[2]], for: node)
        let sampler = PlaneSampler(plane: plane, grid: grid)
        emit(node, reading: [x, places], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            var taps = Taps()
            for item in 0..<items {
                let x = pointers[0] + item * channels * plane.count
                let y = pointers[2] + item * channels * positions
                for position in 0..<positions {
                    let place = pointers[1] + (item * positions + position) * 2
                    sampler.find(x: place[0], y: place[1], &taps)
                    for channel in 0..<channels {
                        y[channel * positions + position] = taps.value(x + channel * plane.count)
                    }
                }
            }
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let toX = try builder.allocatePlain(x.extents, for: node)
            let toPlaces = try builder.allocatePlain(places.extents, for: node)
            builder.emit(node, reading: [x, places, incoming], writing: [toX, toPlaces]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                pointers[3].update(repeating: 0, count: items * channels * plane.count)
                var taps = Taps()
                for item in 0..<items {
                    let start = item * channels * plane.count
                    let signal = pointers[2] + item * channels * positions
                    for position in 0..<positions {
                        let place = (item * positions + position) * 2
                        sampler.find(x: pointers[1][place], y: pointers[1][place + 1], &taps)
                        var slope: (x: Float, y: Float) = (0, 0)
                        for channel in 0..<channels {
                            let factor = signal[channel * positions + position]
                            let part = start + channel * plane.count
                            taps.scatter(factor, to: pointers[3] + part)
                            let own = taps.slope(pointers[0] + part)
                            slope.x += factor * own.x
                            slope.y += factor * own.y
                        }
                        pointers[4][place] = slope.x
                        pointers[4][place + 1] = slope.y
                    }
                }
            }
            return [
                (try builder.inputID(node, 0), toX), (try builder.inputID(node, 1), toPlaces),
            ]
        }
    }

    // MARK: Deformed windows

    private func emitDeformedWindows(_ node: Node, _ window: Window, groups: Int) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let offsets = try plain(try input(node, 1), for: node)
        let factors = try node.input(2).map { (value) throws(ExecutionError) in
            try plain(try tensor(value, for: node), for: node)
        }
        let extents = shape(of: node.output).dimensions
        let kernel = DeformedKernel(window: window, groups: groups, input: x.extents, output: extents)
        let y = try allocatePlain(extents, for: node)
        let read = [x, offsets] + [factors].compactMap { $0 }
        let hasFactors = factors != nil
        emit(node, reading: read, writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            kernel.forward(
                pointers[0], offsets: pointers[1], factors: hasFactors ? pointers[2] : nil,
                to: pointers[pointers.count - 1])
        }
        set(node.output, y)
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            var targets: [PlannedTensor] = []
            for tensor in read { targets.append(try builder.allocatePlain(tensor.extents, for: node)) }
            builder.emit(node, reading: read + [incoming], writing: targets) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let count = hasFactors ? 3 : 2
                kernel.backward(
                    pointers[0], offsets: pointers[1], factors: hasFactors ? pointers[2] : nil,
                    signal: pointers[count], toX: pointers[count + 1], toOffsets: pointers[count + 2],
                    toFactors: hasFactors ? pointers[count + 3] : nil)
            }
            var result: [(input: ValueID, signal: PlannedTensor)] = []
            for (position, target) in targets.enumerated() {
                result.append((try builder.inputID(node, position), target))
            }
            return result
        }
    }

    // MARK: Boxes

    private func emitBoxSampling(_ node: Node, _ boxes: BoxSampling) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let corners = try plain(try input(node, 1), for: node)
        let owners = try plain(try numbers(node, 2), for: node)
        let kernel = BoxKernel(boxes: boxes, input: x.extents, count: corners.extents[0])
        let y = try allocatePlain([corners.extents[0], x.extents[1], boxes.height, boxes.width], for: node)
        emit(node, reading: [x, corners, owners], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            kernel.forward(pointers[0], corners: pointers[1], owners: pointers[2], to: pointers[3])
        }
        set(node.output, y)
        // The boxes count as given: neither PyTorch nor ONNX Runtime differentiates by them.
        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            builder.emit(node, reading: [x, corners, owners, incoming], writing: [passed]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                kernel.backward(
                    pointers[0], corners: pointers[1], owners: pointers[2], signal: pointers[3], to: pointers[4])
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }
}
