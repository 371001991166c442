import ArgumentParser

/// What a verdict is called, for commands that leave out photos by it.
enum VerdictWord: String, CaseIterable, ExpressibleByArgument {
    case looksAtAnimal = "looks-at-animal"
    case looksPartly = "looks-partly"
    case looksElsewhere = "looks-elsewhere"
    case undecided
}
