import Execution
import Foundation
import Interpretation
import Tensors
import Testing

@Suite("Head conversion")
struct HeadConversionTests {
    /// Clouds of points around one centre per class, from a seeded sequence.
    static func clouds(count: Int, features: Int, classes: Int, spread: Float) -> (examples: [[Float]], labels: [Int]) {
        var state: UInt64 = 42
        func draw() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24) - 0.5
        }
        var examples: [[Float]] = []
        var labels: [Int] = []
        for index in 0..<count {
            let label = index % classes
            // One feature never changes, and they differ in scale.
            examples.append(
                (0..<features).map { feature in
                    feature == features - 1
                        ? 7 : Float(feature + 1) * ((feature % classes == label ? 1 : 0) + spread * (draw() + draw()))
                })
            labels.append(label)
        }
        return (examples, labels)
    }

    static func scores(_ head: TrainedHead, _ example: [Float]) -> [Double] {
        (0..<head.bias.count).map { label in
            example.indices.reduce(Double(head.bias[label])) {
                $0 + Double(head.weights[label * example.count + $1]) * Double(example[$1])
            }
        }
    }

    @Test("classes that lie apart are told apart")
    func separable() throws {
        let (examples, labels) = Self.clouds(count: 150, features: 7, classes: 3, spread: 0.4)
        let head = try HeadTraining().train(examples, labels: labels, classes: 3)
        #expect(head.isConverged)
        #expect(head.heldOutAccuracy == 1)
        #expect(head.heldOut.count == 30)
        for (example, label) in zip(examples, labels) {
            let scores = Self.scores(head, example)
            #expect(scores.indices.max { scores[$0] < scores[$1] } == label)
        }
    }

    @Test("at the optimum the penalty balances the loss's gradient")
    func optimum() throws {
        let (examples, labels) = Self.clouds(count: 90, features: 4, classes: 3, spread: 3)
        let penalty = 0.05
        let head = try HeadTraining(penalties: [penalty]).train(examples, labels: labels, classes: 3)
        #expect(head.isConverged && head.penalty == penalty)
        let count = Double(examples.count)
        for feature in 0..<3 {
            let column = examples.map { Double($0[feature]) }
            let mean = column.reduce(0, +) / count
            let deviation = (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
            for label in 0..<3 {
                var gradient = 0.0
                for (index, example) in examples.enumerated() {
                    let scores = Self.scores(head, example)
                    let sum = scores.reduce(0) { $0 + exp($1) }
                    let error = exp(scores[label]) / sum - (labels[index] == label ? 1 : 0)
                    gradient += error * (column[index] - mean) / deviation / count
                }
                // In features of unit variance the weight is larger by the deviation.
                let weight = Double(head.weights[label * 4 + feature]) * deviation
                #expect(abs(gradient + penalty * weight) < 1e-5)
            }
        }
        for label in 0..<3 { #expect(head.weights[label * 4 + 3] == 0) }
    }

    @Test("the same seed gives the same bits, another seed another split")
    func seeds() throws {
        let (examples, labels) = Self.clouds(count: 60, features: 5, classes: 2, spread: 2)
        let first = try HeadTraining().train(examples, labels: labels, classes: 2)
        let second = try HeadTraining().train(examples, labels: labels, classes: 2)
        #expect(first.weights == second.weights && first.bias == second.bias && first.heldOut == second.heldOut)
        let other = try HeadTraining(seed: 1).train(examples, labels: labels, classes: 2)
        #expect(other.heldOut != first.heldOut)
        // Both classes are held out in proportion.
        #expect(first.heldOut.count { labels[$0] == 0 } == 6)
    }

    @Test("too little to learn from is refused")
    func refusals() {
        let training = HeadTraining()
        #expect(throws: InterpretationError.self) { try training.train([], labels: [], classes: 2) }
        #expect(throws: InterpretationError.self) { try training.train([[1], [2]], labels: [0, 1], classes: 2) }
        #expect(throws: InterpretationError.self) {
            try training.train([[1], [2], [3], [.nan]], labels: [0, 1, 0, 1], classes: 2)
        }
        #expect(throws: InterpretationError.self) { try training.train([[1], [2]], labels: [0, 2], classes: 2) }
    }

    @Test("the converted network has the head's scores, a class activation map, and any size of input")
    func conversion() async throws {
        let network = try Fixtures.network("residual")
        let input = try Fixtures.tensor("residual.input.npy")
        #expect(ClassActivationMapping().obstacle(for: network) != nil)
        let conversion = try HeadConversion(network, inputShape: input.shape)
        #expect(conversion.channels == 8)
        let example = try await network.session.perform { evaluator in
            try conversion.example(of: input, on: evaluator)
        }
        let expected = try Fixtures.tensor("residual.scores.npy")
        #expect(try Tensor(shape: expected.shape, values: example.scores).relativeError(to: expected) < 1e-5)

        let (examples, labels) = Self.clouds(count: 40, features: 8, classes: 2, spread: 2)
        let head = try HeadTraining().train(examples, labels: labels, classes: 2)
        let converted = try Network(graph: conversion.graph(with: head), threads: 1)
        let answer = try await converted.explain("cam", input, classIndex: 1)
        let scores = Self.scores(head, example.pooled)
        for (x, y) in zip(answer.scores, scores) { #expect(abs(Double(x) - y) < 1e-4) }
        // The map's mean is the score without its bias.
        let mean = answer.map.values.reduce(0) { $0 + Double($1) } / Double(answer.map.count)
        #expect(abs(mean + Double(head.bias[1]) - scores[1]) < 1e-4)
        let larger = try await converted.explain("cam", Tensor(shape: try Shape([1, 3, 30, 22]), repeating: 1))
        #expect(larger.map.shape.dimensions == [30, 22])
    }
}
