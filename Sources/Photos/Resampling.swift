public import Tensors

/// Resizing of planes of numbers, such as heat maps.
public enum Resampling {
    /// A plane [h, w] at another size, [height, width], by bilinear interpolation as Pillow's mode "F" does it: pixels
    /// are areas, corners are not aligned, and a reduction averages.
    ///
    /// Leading axes of extent 1 are allowed: a map [1, 1, h, w] is a plane.
    ///
    /// - Throws: `PhotoError.invalidMap` where `map` is not a plane, `.invalidSize` where the size is not one
    ///   that ``Bitmap`` allows.
    public static func bilinear(map: Tensor, toWidth width: Int, height: Int) throws(PhotoError) -> Tensor {
        let (mapWidth, mapHeight) = try planeSize(of: map)
        try PictureSize.check(width, height)
        if mapWidth == width, mapHeight == height, map.shape.rank == 2 { return map }
        let horizontal = ResamplingWindows(source: mapWidth, target: width, filter: .bilinear)
        let vertical = ResamplingWindows(source: mapHeight, target: height, filter: .bilinear)
        let narrow = try plane(width: width, height: mapHeight)
        let full = try plane(width: width, height: height)

        let rows = Tensor(shape: narrow) { target in
            map.withUnsafeValues { source in
                for row in 0..<mapHeight {
                    for (column, window) in horizontal.windows.enumerated() {
                        var sum = 0.0
                        for tap in 0..<window.count {
                            sum +=
                                Double(source[row * mapWidth + window.first + tap])
                                * horizontal.weights[column * horizontal.stride + tap]
                        }
                        target[row * width + column] = Float(sum)
                    }
                }
            }
        }
        return Tensor(shape: full) { target in
            rows.withUnsafeValues { source in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { sums in
                    for (row, window) in vertical.windows.enumerated() {
                        sums.initialize(repeating: 0)
                        for tap in 0..<window.count {
                            let weight = vertical.weights[row * vertical.stride + tap]
                            let start = (window.first + tap) * width
                            for column in 0..<width { sums[column] += Double(source[start + column]) * weight }
                        }
                        for column in 0..<width { target[row * width + column] = Float(sums[column]) }
                    }
                }
            }
        }
    }

    /// Width and height of a plane [h, w], leading axes of extent 1 ignored.
    static func planeSize(of map: Tensor) throws(PhotoError) -> (width: Int, height: Int) {
        let shape = map.shape
        guard shape.rank >= 2, shape.count > 0, shape.dimensions.dropLast(2).allSatisfy({ $0 == 1 }) else {
            throw .invalidMap(reason: "it has the shape \(shape), a plane [h, w] is needed")
        }
        return (shape[shape.rank - 1], shape[shape.rank - 2])
    }

    static func plane(width: Int, height: Int) throws(PhotoError) -> Shape {
        do {
            return try Shape([height, width])
        } catch {
            throw .invalidSize(reason: "\(error)")
        }
    }
}
