import Interpretation
import Photos

extension Preprocessor {
    /// What it does to colours, for methods that paint into the input.
    var normalization: Question.Normalization? {
        configuration.normalization.map { normalization in
            Question.Normalization(
                scale: Float(configuration.rescaleFactor),
                mean: normalization.mean.map { Float($0 - configuration.rescaleOffset) },
                deviation: normalization.standardDeviation.map(Float.init))
        }
    }
}
