import CDNN
import Networks
import Tensors

extension PlanBuilder {
    /// A window out of the clean value with what has changed put into it, or its mean, item by item. A window is written
    /// in the memory order that the changed part comes in, so that whole runs of channels are copied.
    func emitGraft(_ node: Node, _ graft: Graft) throws(ExecutionError) {
        let changedID = try inputID(node, 0)
        let places = try input(node, 2)
        var order = ChannelOrder.planar
        var changed: PlannedTensor
        if features?.holds(changedID) == true {
            changed = try feature(changedID, in: order, for: node)
        } else {
            changed = try tensor(changedID, for: node)
            if let own = ChannelOrder.of(changed.layout, extents: changed.extents) {
                order = own
            } else {
                changed = try plain(changed, for: node)
            }
        }
        let clean = try feature(try inputID(node, 1), in: order, for: node)
        let extents = shape(of: node.output).dimensions
        let kernel = GraftKernel(graft, clean: clean.extents, changed: changed.extents, order: order)
        let layout: Layout
        switch graft.result {
        case .mean: layout = try plainLayout(extents, for: node)
        case .window: layout = try check(node) { () throws(KernelStatus) in try order.layout(extents) }
        }
        let y = allocate(extents, layout)
        emit(node, reading: [changed, clean, places], writing: [y]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            switch graft.result {
            case .window(let outside):
                kernel.window(
                    changed: pointers[0], clean: pointers[1], places: pointers[2], outside: outside, into: pointers[3])
            case .mean:
                kernel.mean(changed: pointers[0], clean: pointers[1], places: pointers[2], into: pointers[3])
            }
        }
        set(node.output, y)
    }
}

/// The loops of a graft over tensors of one memory order.
private struct GraftKernel {
    let graft: Graft
    let channels: Int
    let blocks: Int
    let width: Int
    let height: Int
    let breadth: Int
    let changedHeight: Int
    let changedBreadth: Int
    /// Values from one item of the changed tensor to the next; 0 where all items share it.
    let changedItem: Int

    init(_ graft: Graft, clean: [Int], changed: [Int], order: ChannelOrder) {
        self.graft = graft
        channels = clean[1]
        (blocks, width) = order.blocks(of: clean[1])
        (height, breadth) = (clean[2], clean[3])
        (changedHeight, changedBreadth) = (changed[2], changed[3])
        changedItem = changed[0] == 1 && graft.items > 1 ? 0 : blocks * changed[2] * changed[3] * width
    }

    /// The places of an item in the tables; they were written by whoever made the tables.
    private func place(_ item: Int, _ places: FloatPointer) -> (row: Int, column: Int) {
        (Int(places[2 * item]), Int(places[2 * item + 1]))
    }

    func window(changed: FloatPointer, clean: FloatPointer, places: FloatPointer, outside: Float, into y: FloatPointer)
    {
        let (rows, columns) = (graft.rows, graft.columns)
        var target = y
        for item in 0..<graft.items {
            let (row, column) = place(item, places)
            let changedRows = rows.changed[row]
            let segments = Segments(columns, column, breadth: breadth)
            for block in 0..<blocks {
                let cleanPlane = clean + block * height * breadth * width
                let changedPlane = changed + item * changedItem + block * changedHeight * changedBreadth * width
                for index in 0..<rows.extent {
                    let line = rows.first[row] + index * rows.step
                    guard line >= 0, line < height else {
                        target.update(repeating: outside, count: columns.extent * width)
                        target += columns.extent * width
                        continue
                    }
                    let cleanLine = cleanPlane + line * breadth * width
                    // It is only looked at where the line has changed.
                    let changedLine =
                        changedRows.contains(line)
                        ? changedPlane + (line - rows.source[row]) * changedBreadth * width : nil
                    if columns.step == 1 {
                        segments.copy(cleanLine, changedLine, width: width, outside: outside, into: target)
                    } else {
                        strided(column, cleanLine, changedLine, outside: outside, into: target)
                    }
                    target += columns.extent * width
                }
            }
        }
    }

    /// A line of which only every `step`th position is taken.
    private func strided(
        _ column: Int, _ cleanLine: FloatPointer, _ changedLine: FloatPointer?, outside: Float,
        into target: FloatPointer
    ) {
        let columns = graft.columns
        let changedColumns = columns.changed[column]
        for index in 0..<columns.extent {
            let position = columns.first[column] + index * columns.step
            let to = target + index * width
            if position < 0 || position >= breadth {
                to.update(repeating: outside, count: width)
            } else if let changedLine, changedColumns.contains(position) {
                to.update(from: changedLine + (position - columns.source[column]) * width, count: width)
            } else {
                to.update(from: cleanLine + position * width, count: width)
            }
        }
    }

    func mean(changed: FloatPointer, clean: FloatPointer, places: FloatPointer, into y: FloatPointer) {
        var totals = [Float](repeating: 0, count: blocks * width)
        for block in 0..<blocks {
            for line in 0..<height {
                add(
                    clean + (block * height + line) * breadth * width, positions: breadth, to: &totals,
                    at: block * width)
            }
        }
        let scale = 1 / Float(height * breadth)
        var differences = [Float](repeating: 0, count: blocks * width)
        for item in 0..<graft.items {
            for index in differences.indices { differences[index] = 0 }
            forEachChangedLine(of: item, places) { block, cleanStart, changedStart, positions in
                subtract(
                    clean + cleanStart, from: changed + changedStart, positions: positions, to: &differences,
                    at: block * width)
            }
            for channel in 0..<channels {
                y[item * channels + channel] = (totals[channel] + differences[channel]) * scale
            }
        }
    }

    /// The lines of an item in which something has changed: the block of channels, where the change starts in the clean
    /// tensor and in the changed one, and how many positions it has.
    private func forEachChangedLine(
        of item: Int, _ places: FloatPointer,
        _ body: (_ block: Int, _ cleanStart: Int, _ changedStart: Int, _ positions: Int) -> Void
    ) {
        let (rows, columns) = (graft.rows, graft.columns)
        let (row, column) = place(item, places)
        let changedColumns = columns.changed[column]
        for block in 0..<blocks {
            for line in rows.changed[row] {
                let first = (block * height + line) * breadth + changedColumns.lowerBound
                let changedLine = block * changedHeight + line - rows.source[row]
                let changedFirst = changedLine * changedBreadth + changedColumns.lowerBound - columns.source[column]
                body(block, first * width, item * changedItem + changedFirst * width, changedColumns.count)
            }
        }
    }

    /// Sums a line, and adds the sum to the totals: shorter chains of additions keep more digits.
    private func add(_ line: FloatPointer, positions: Int, to totals: inout [Float], at start: Int) {
        for lane in 0..<width {
            var sum: Float = 0
            for position in 0..<positions { sum += line[position * width + lane] }
            totals[start + lane] += sum
        }
    }

    private func subtract(
        _ clean: FloatPointer, from changed: FloatPointer, positions: Int, to totals: inout [Float], at start: Int
    ) {
        for lane in 0..<width {
            var sum: Float = 0
            for position in 0..<positions { sum += changed[position * width + lane] - clean[position * width + lane] }
            totals[start + lane] += sum
        }
    }

    /// What a line of a window is made of, from left to right: padding, clean, changed, clean, padding.
    private struct Segments {
        /// The position in the clean line at which the window begins.
        let first: Int
        /// The position in the clean line at which the changed line begins.
        let source: Int
        let extent: Int
        /// Where in the window the segments end.
        let padding: Int
        let cleanEnd: Int
        let changedEnd: Int
        let insideEnd: Int

        init(_ columns: Graft.Axis, _ column: Int, breadth: Int) {
            first = columns.first[column]
            source = columns.source[column]
            extent = columns.extent
            padding = min(max(-first, 0), extent)
            insideEnd = max(min(extent, breadth - first), padding)
            let changed = columns.changed[column]
            cleanEnd = min(max(changed.lowerBound - first, padding), insideEnd)
            changedEnd = min(max(changed.upperBound - first, cleanEnd), insideEnd)
        }

        @inline(__always)
        func copy(
            _ clean: FloatPointer, _ changed: FloatPointer?, width: Int, outside: Float, into target: FloatPointer
        ) {
            if padding > 0 { target.update(repeating: outside, count: padding * width) }
            if let changed, changedEnd > cleanEnd {
                run(clean, from: first, padding..<cleanEnd, width, into: target)
                run(changed, from: first - source, cleanEnd..<changedEnd, width, into: target)
                run(clean, from: first, changedEnd..<insideEnd, width, into: target)
            } else {
                run(clean, from: first, padding..<insideEnd, width, into: target)
            }
            if insideEnd < extent {
                (target + insideEnd * width).update(repeating: outside, count: (extent - insideEnd) * width)
            }
        }

        @inline(__always)
        private func run(
            _ line: FloatPointer, from start: Int, _ range: Range<Int>, _ width: Int, into target: FloatPointer
        ) {
            guard !range.isEmpty else { return }
            (target + range.lowerBound * width).update(
                from: line + (start + range.lowerBound) * width, count: range.count * width)
        }
    }
}
