import Foundation
import Networks

/// What `interpret.json` says of a network's outputs.
struct OutputSettings: Decodable, Sendable {
    /// `"outputs"`: what the scores mean.
    var kind: OutputKind?
    /// `"output"`: the name of the output that holds them.
    var output: String?
    /// `"threshold"`: from which probability on a label holds, one number for all or one a label. Where nothing is said, an
    /// independent label holds from 0.5 on, and the most probable of exclusive classes always.
    var threshold: Threshold?

    enum Threshold: Sendable {
        case all(Float)
        case byLabel([String: Float])
    }

    private enum CodingKeys: String, CodingKey { case outputs, output, threshold }

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let name = try container.decodeIfPresent(String.self, forKey: .outputs) {
            guard let known = OutputKind(rawValue: name) else {
                let kinds = OutputKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                throw DecodingError.dataCorruptedError(
                    forKey: .outputs, in: container,
                    debugDescription: "\"outputs\" cannot be '\(name)'; it is one of \(kinds)")
            }
            kind = known
        }
        output = try container.decodeIfPresent(String.self, forKey: .output)
        guard container.contains(.threshold) else { return }
        if let number = try? container.decode(Float.self, forKey: .threshold) {
            threshold = .all(number)
        } else if let numbers = try? container.decode([String: Float].self, forKey: .threshold) {
            threshold = .byLabel(numbers)
        } else {
            throw DecodingError.dataCorruptedError(
                forKey: .threshold, in: container,
                debugDescription: "\"threshold\" should be a number, or a number for each label by name")
        }
        let numbers: [Float] =
            switch threshold {
            case .all(let number): [number]
            case .byLabel(let numbers): Array(numbers.values)
            case nil: []
            }
        guard numbers.allSatisfy({ $0 > 0 && $0 < 1 }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .threshold, in: container,
                debugDescription: "\"threshold\" is a probability; it should lie between 0 and 1")
        }
    }

    /// For each label the probability from which on it holds; empty where none is needed.
    ///
    /// - Parameter isBinary: the first label is that the second does not hold.
    /// - Throws: `ModelError` where a label is named that there is not.
    func thresholds(of labels: [String], _ kind: OutputKind, isBinary: Bool) throws(ModelError) -> [Float] {
        guard kind.hasProbabilities, let threshold = threshold ?? (kind == .independent ? .all(0.5) : nil) else {
            return []
        }
        let isBinary = isBinary && kind == .independent
        switch threshold {
        case .all(let number):
            return labels.indices.map { isBinary && $0 == 0 ? 1 - number : number }
        case .byLabel(let numbers):
            if let stranger = numbers.keys.filter({ !labels.contains($0) }).min() {
                throw ModelError(
                    file: "interpret.json",
                    reason: "\"threshold\" names '\(stranger)', which is no label of this network")
            }
            let second = isBinary ? numbers[labels[1]] : nil
            return labels.indices.map { index in
                numbers[labels[index]] ?? (index == 0 ? second.map { 1 - $0 } : nil)
                    ?? (kind == .independent ? 0.5 : 0)
            }
        }
    }
}

/// What `config.json` says that a network was trained as.
struct TrainingProblem: Decodable, Sendable {
    private let problemType: String?
    private let architectures: [String]?

    private enum CodingKeys: String, CodingKey {
        case problemType = "problem_type"
        case architectures
    }

    /// The scores' kind, and the words it was said in.
    var statement: (kind: OutputKind, words: String)? {
        if let problemType {
            let kinds: [String: OutputKind] = [
                "single_label_classification": .exclusive, "multi_label_classification": .independent,
                "regression": .raw,
            ]
            return kinds[problemType].map { ($0, "config.json says problem_type \"\(problemType)\"") }
        }
        // Transformers takes these to be of a single label where they do not say otherwise.
        let name = architectures?.first { $0.hasSuffix("ForImageClassification") }
        return name.map { (.exclusive, "config.json is that of a \($0)") }
    }
}
