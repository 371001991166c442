import ArgumentParser

/// Which photos, for commands about those that are done.
struct PhotoFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only photos of which this is the most probable class.", valueName: "label"))
    var label: String?

    @Option(help: ArgumentHelp("Only photos with this verdict.", valueName: "word"))
    var verdict: VerdictWord?

    @OptionGroup var range: TimeRange
}
