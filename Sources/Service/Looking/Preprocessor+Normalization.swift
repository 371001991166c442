import Interpretation
import Photos

extension Preprocessor {
    /// What it does to colours, for methods that paint into the input.
    var normalization: Question.Normalization? {
        configuration.normalization.map { normalization in
            Question.Normalization(
                scale: Float(configuration.rescaleFactor ?? 1), mean: normalization.mean.map(Float.init),
                deviation: normalization.standardDeviation.map(Float.init))
        }
    }
}
