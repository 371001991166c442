/// How alike several images look to a layer: the sum over all pairs of cos(G_a, G_b), where G = F·Fᵀ are the Gram matrices
/// of the layer's maps F [K,places] (Olah et al. 2017, Diversity; Gatys et al. 2015).
public enum Diversity {
    /// The sum and its gradient with respect to the maps [N][K·places].
    public static func valueAndGradient(of maps: [[Float]], units: Int) -> (value: Double, gradients: [[Float]]) {
        let grams = maps.map { gram($0, units: units) }
        let norms = grams.map { gram in max(gram.reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12) }
        var value = 0.0
        var slopes = grams.map { [Double](repeating: 0, count: $0.count) }
        for first in maps.indices {
            for second in maps.indices where second != first {
                let product = zip(grams[first], grams[second]).reduce(0) { $0 + $1.0 * $1.1 }
                let cosine = product / (norms[first] * norms[second])
                if first < second { value += cosine }
                for index in slopes[first].indices {
                    slopes[first][index] +=
                        (grams[second][index] / norms[second] - cosine * grams[first][index] / norms[first])
                        / norms[first]
                }
            }
        }
        // dG = dF·Fᵀ + F·dFᵀ, and the slopes are symmetric.
        let gradients = zip(maps, slopes).map { map, slope in
            let places = map.count / max(units, 1)
            return [Float](unsafeUninitializedCapacity: map.count) { gradient, initialized in
                gradient.initialize(repeating: 0)
                initialized = map.count
                map.withUnsafeBufferPointer { map in
                    for row in 0..<units {
                        for column in 0..<units {
                            let factor = Float(2 * slope[row * units + column])
                            let (target, source) = (row * places, column * places)
                            for place in 0..<places { gradient[target + place] += factor * map[source + place] }
                        }
                    }
                }
            }
        }
        return (value, gradients)
    }

    private static func gram(_ map: [Float], units: Int) -> [Double] {
        let places = map.count / max(units, 1)
        var gram = [Double](repeating: 0, count: units * units)
        map.withUnsafeBufferPointer { map in
            for row in 0..<units {
                for column in row..<units {
                    // Eight sums side by side: a single one could not be vectorized, as additions may not change places.
                    var sums = SIMD8<Float>()
                    var place = 0
                    while place + 8 <= places {
                        for lane in 0..<8 {
                            sums[lane] += map[row * places + place + lane] * map[column * places + place + lane]
                        }
                        place += 8
                    }
                    var sum = Double(sums.sum())
                    while place < places {
                        sum += Double(map[row * places + place]) * Double(map[column * places + place])
                        place += 1
                    }
                    gram[row * units + column] = sum
                    gram[column * units + row] = sum
                }
            }
        }
        return gram
    }
}
