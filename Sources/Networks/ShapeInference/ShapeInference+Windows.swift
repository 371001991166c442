import Tensors

extension Specializer {
    func convolved(_ convolution: Convolution) throws(NetworkError) -> Shape {
        let x = try input(0)
        let weights = try input(1)
        guard weights.rank == x.rank, x.rank >= 3,
            convolution.groups > 0, weights[0] % convolution.groups == 0,
            weights[1].multipliedReportingOverflow(by: convolution.groups) == (x[1], false)
        else { throw invalid("input \(x) does not fit weights \(weights) in \(convolution.groups) group(s)") }
        try check(weights, convolution.window, outputs: weights[0])
        return try windowed(x, convolution.window, channels: weights[0])
    }

    func transposedConvolved(_ convolution: TransposedConvolution) throws(NetworkError) -> Shape {
        let x = try input(0)
        let weights = try input(1)
        guard weights.rank == x.rank, x.rank >= 3, convolution.groups > 0, weights[0] == x[1],
            x[1] % convolution.groups == 0
        else { throw invalid("input \(x) does not fit weights \(weights) in \(convolution.groups) group(s)") }
        let (outputs, isTooLarge) = weights[1].multipliedReportingOverflow(by: convolution.groups)
        guard !isTooLarge else { throw invalid("weights \(weights) in \(convolution.groups) groups") }
        try check(weights, convolution.window, outputs: outputs)
        let spatial = x.rank - 2
        guard convolution.outputPadding.count == spatial, convolution.outputExtents?.count ?? spatial == spatial,
            let output = convolution.output(for: Array(x.dimensions.dropFirst(2)))
        else { throw invalid("nothing is left of input \(x) within the padding") }
        return try shape([x[0], outputs] + output.extents)
    }

    private func check(_ weights: Shape, _ window: Window, outputs: Int) throws(NetworkError) {
        guard Array(weights.dimensions.dropFirst(2)) == window.kernel, weights.count > 0 else {
            throw invalid("kernel_shape \(window.kernel) does not fit weights \(weights)")
        }
        if let bias = try optionalInput(2), bias.dimensions != [outputs] {
            throw invalid("bias \(bias) does not fit weights \(weights)")
        }
    }

    func windowed(_ x: Shape, _ window: Window, channels: Int) throws(NetworkError) -> Shape {
        guard x.rank == window.kernel.count + 2 else {
            throw invalid("a \(window.kernel.count)-D window does not fit input \(x)")
        }
        guard let extents = window.outputExtents(for: Array(x.dimensions.dropFirst(2))) else {
            throw invalid("input \(x) is smaller than the \(window.kernel) window; use a larger picture")
        }
        return try shape([x[0], channels] + extents)
    }

    /// The indices count through the plane that was pooled, which hence must be as large as the result.
    func unpooled(_ window: Window) throws(NetworkError) -> Shape {
        let x = try input(0)
        guard x.rank == window.kernel.count + 2, let indices = node.input(1), try input(1) == x,
            let pooling = graph.nodes.first(where: { $0.outputs.dropFirst().contains(indices) }),
            let pooled = pooling.input(0).flatMap({ result.shapes[$0] })
        else { throw invalid("its indices are not those of a max pooling with an output like \(x)") }
        if let target = try optionalIntegers(2, "output shape"), target != pooled.dimensions {
            throw invalid("output shape \(target) is not that of the pooled tensor, \(pooled)")
        }
        if node.input(2) == nil {
            let (begin, end) = window.padding(for: Array(pooled.dimensions.dropFirst(2)))
            for axis in window.kernel.indices {
                let extent = (x[axis + 2] - 1) * window.stride[axis] + window.kernel[axis] - begin[axis] - end[axis]
                guard extent == pooled[axis + 2] else {
                    throw invalid("it would have extent \(extent) where \(pooled) was pooled")
                }
            }
        }
        return pooled
    }

    /// Notes the maps of the axes that change.
    func resized(_ resize: Resize) throws(NetworkError) -> Shape {
        let x = try input(0)
        let axes = try normalized(axes: resize.axes ?? Array(0..<x.rank), rank: x.rank)
        var extents = x.dimensions
        var maps: [AxisMap] = []
        let crops = resize.coordinates == .tensorFlowCrop ? resize.crop : []
        guard crops.isEmpty || crops.count == axes.count else {
            throw invalid("\(crops.count) parts for \(axes.count) axes")
        }
        func add(_ position: Int, _ extent: Int, scale: Double?) throws(NetworkError) {
            let axis = axes[position]
            let crop = crops.isEmpty ? nil : crops[position]
            guard x[axis] > 0, extent > 0 else { throw invalid("extent \(x[axis]) cannot become \(extent)") }
            extents[axis] = extent
            _ = try shape(extents)
            let isWhole = crop == nil || crop == Resize.Crop(start: 0, end: 1)
            guard extent != x[axis] || (scale ?? 1) != 1 || !isWhole else { return }
            try spend(extent)
            maps.append(resize.map(axis: axis, from: x[axis], to: extent, scale: scale, crop: crop))
        }
        if node.input(2) != nil {
            let targets = try integers(2, "extents")
            guard targets.count == axes.count else { throw invalid("\(targets.count) extents for \(axes.count) axes") }
            let kept = resize.proportionate(targets, from: axes.map { x[$0] })
            for (position, target) in (kept?.extents ?? targets).enumerated() {
                try add(position, target, scale: kept?.scale)
            }
        } else {
            guard let scales = constant(1)?.tensor?.values else {
                throw .notConstant(node: node.name, operation: node.operation.name, input: "scales")
            }
            guard scales.count == axes.count else { throw invalid("\(scales.count) scales for \(axes.count) axes") }
            for (position, scale) in scales.enumerated() {
                let crop = crops.isEmpty ? 1 : crops[position].end - crops[position].start
                let extent = (Double(x[axes[position]]) * crop * Double(scale)).rounded(.down)
                guard extent >= 1, extent < Double(Shape.largestCount) else { throw invalid("scale \(scale)") }
                try add(position, Int(extent), scale: Double(scale))
            }
        }
        // The smaller the values that are left, the less there is to do for the next axis.
        maps.sort { Double($0.count) / Double(x[$0.axis]) < Double($1.count) / Double(x[$1.axis]) }
        result.movements[node.output] = .mapping(maps)
        return try shape(extents)
    }
}
