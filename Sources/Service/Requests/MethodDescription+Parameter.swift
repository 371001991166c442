import Interpretation
import WireProtocol

extension MethodDescription.Parameter {
    init(_ parameter: any MethodParameter) {
        self.init(name: parameter.name, kind: "", summary: parameter.summary)
        switch parameter.kind {
        case .wholeNumber(let minimum, let maximum):
            kind = "whole-number"
            self.minimum = Double(minimum)
            self.maximum = maximum.map(Double.init)
        case .number(let range):
            kind = "number"
            minimum = range.lowerBound
            maximum = range.upperBound
        case .choice(let words):
            kind = "choice"
            choices = words
        case .fill: kind = "fill"
        case .layer: kind = "layer"
        }
        `default` =
            switch parameter.usual {
            case .value(.number(let number)): .number(number)
            case .value(.text(let text)), .rule(let text): .string(text)
            }
    }
}
