/// The networks that are asked beside a classifier whether it looks at the animal that it names.
package struct VerdictNetworks: Sendable {
    /// Says where the animal is, so that nobody need ask the classifier; nil where there is none.
    package var finder: LoadedModel?
    /// Says what else the animal could be; nil where there is none.
    package var opinion: LoadedModel?

    package init(finder: LoadedModel? = nil, opinion: LoadedModel? = nil) {
        self.finder = finder
        self.opinion = opinion
    }

    var all: [LoadedModel] { [finder, opinion].compactMap { $0 } }
}
