import Networks
import WireProtocol

extension CalibrationRecord {
    /// - Throws: `ModelError` where it does not say how to scale.
    func scaling() throws(ModelError) -> ScoreScaling {
        func refusal(_ reason: String) -> ModelError {
            ModelError(file: "interpret.json", reason: "\"calibration\" \(reason)")
        }
        switch (temperature, scale) {
        case (let temperature?, nil):
            guard temperature > 0, ScoreScaling.scales.contains(1 / temperature) else {
                throw refusal("has the temperature \(temperature), which should lie between 0.001 and 1000")
            }
            return ScoreScaling(scale: [1 / temperature], shift: [])
        case (nil, let scale?): return ScoreScaling(scale: scale, shift: shift ?? [])
        default: throw refusal("should have either a temperature or a scale for each class")
        }
    }

    /// What a person should know of a network that has it.
    var remark: String {
        func percent(_ share: Double) -> String { "\((share * 100).rounded(toPlaces: 1)) %" }
        let how = temperature.map { "by the temperature \($0.rounded(toPlaces: 3))" } ?? "class by class"
        return
            "probabilities are calibrated \(how), on \(photos) photos: calibration error \(percent(errorBefore)) before, "
            + "\(percent(errorAfter)) after"
    }
}
