import Foundation
import Networks
import Tensors

extension PlanBuilder {
    /// yᵢ = xᵢ·sᵢ^−β with sᵢ = bias + α/size·Σⱼ xⱼ² over the channels around i. Back, with g the signal:
    /// x̄ᵢ = gᵢ·sᵢ^−β − 2αβ/size·xᵢ·Σⱼ gⱼ·xⱼ·sⱼ^(−β−1), over the channels j that have i in their window.
    func emitLocalResponseNormalization(
        _ node: Node, _ operation: LocalResponseNormalization
    ) throws(ExecutionError) {
        let x = try plain(try input(node, 0), for: node)
        let images = x.extents[0]
        let channels = x.extents[1]
        let inner = x.extents.dropFirst(2).reduce(1, *)
        let y = try allocatePlain(x.extents, for: node)
        let sums = try allocatePlain(x.extents, for: node)
        let below = (operation.size - 1) / 2
        let above = operation.size - 1 - below
        let factor = operation.alpha / Float(operation.size)
        let beta = operation.beta

        emit(node, reading: [x], writing: [y, sums]) { addresses in
            let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
            for image in 0..<images {
                let (x, y, sums) = (
                    pointers[0] + image * channels * inner, pointers[1] + image * channels * inner,
                    pointers[2] + image * channels * inner
                )
                for channel in 0..<channels {
                    let sum = sums + channel * inner
                    sum.update(repeating: operation.bias, count: inner)
                    for other in max(0, channel - below)...min(channels - 1, channel + above) {
                        let source = x + other * inner
                        for index in 0..<inner { sum[index] += factor * source[index] * source[index] }
                    }
                    for index in 0..<inner {
                        y[channel * inner + index] = x[channel * inner + index] * pow(sum[index], -beta)
                    }
                }
            }
        }
        set(node.output, y)

        record(node) { (builder, signal, _) throws(ExecutionError) in
            let incoming = try builder.plain(signal, for: node)
            let passed = try builder.allocatePlain(x.extents, for: node)
            let products = try builder.allocatePlain([channels * inner], for: node)
            builder.emit(node, reading: [x, sums, incoming], writing: [passed, products]) { addresses in
                let pointers = addresses.map { $0.assumingMemoryBound(to: Float.self) }
                let products = pointers[4]
                for image in 0..<images {
                    let start = image * channels * inner
                    let (x, sums) = (pointers[0] + start, pointers[1] + start)
                    let (signal, passed) = (pointers[2] + start, pointers[3] + start)
                    for index in 0..<channels * inner {
                        let power = pow(sums[index], -beta)
                        passed[index] = signal[index] * power
                        products[index] = 2 * factor * beta * signal[index] * x[index] * power / sums[index]
                    }
                    for channel in 0..<channels {
                        let target = passed + channel * inner
                        let own = x + channel * inner
                        for other in max(0, channel - above)...min(channels - 1, channel + below) {
                            let product = products + other * inner
                            for index in 0..<inner { target[index] -= own[index] * product[index] }
                        }
                    }
                }
            }
            return [(try builder.inputID(node, 0), passed)]
        }
    }
}
