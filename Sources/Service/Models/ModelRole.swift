/// What a network is for, where the inbox's photos are looked at.
enum ModelRole {
    /// Names what a photo shows.
    case classifier
    /// Cuts photos up.
    case segmenter
    /// Finds the animal, for the verdict.
    case finder
    /// Gives a second opinion on the animal's name, for the verdict.
    case opinion

    /// What networks of it can do, for people.
    fileprivate var use: String {
        switch self {
        case .classifier, .segmenter: "read the inbox's photos"
        case .finder: "find the animal in photos"
        case .opinion: "give a second opinion on an animal's name"
        }
    }

    /// The network for it that comes with the project.
    fileprivate var bundled: String? {
        switch self {
        case .classifier: "petshop"
        case .segmenter: nil
        case .finder: "animal"
        case .opinion: "species"
        }
    }

    /// Whether one's own goes before the bundled one: what works for the verdict alone replaces what did so.
    fileprivate var prefersOwn: Bool {
        switch self {
        case .classifier, .segmenter: false
        case .finder, .opinion: true
        }
    }
}

extension LoadedModel {
    /// Nil of what no photo of the inbox goes through.
    var role: ModelRole? {
        switch task {
        case .classification: doubtBelow == nil ? .classifier : .opinion
        case .segmentation: animalClasses.isEmpty ? .segmenter : .finder
        case .features: nil
        }
    }
}

extension LoadedModel {
    /// What to know of a network for second opinions that has not all of a classifier's labels; nil where it has.
    func unknownNames(of classifier: LoadedModel?) -> String? {
        guard let classifier else { return nil }
        let names = classifier.labels.filter { !classifier.backgroundLabels.contains($0) }
        let unknown = names.filter { namedClass($0) == nil }
        guard !unknown.isEmpty else { return nil }
        return
            "'\(name)' gives no second opinion on \(unknown.count) of the \(names.count) labels of '\(classifier.name)', "
            + "since it has none of these names: \(unknown.prefix(5).joined(separator: ", "))"
            + (unknown.count > 5 ? " …" : "")
    }
}

/// One of several networks for a role.
struct StandardModel {
    let model: LoadedModel?
    /// How it was chosen, where a person should know.
    let remark: String?

    /// The one marked, or the only one; else the bundled one or, for some roles, one's own instead of it; else the first by
    /// name, and that is said.
    init(among all: [LoadedModel], as role: ModelRole) {
        let marked = all.filter(\.isMarkedDefault)
        let own = all.filter { $0.name != role.bundled }
        let candidates = role.prefersOwn && !own.isEmpty ? own : all
        if let first = marked.first {
            model = first
            remark =
                marked.count == 1
                ? nil
                : "of the networks that are marked as the default (\(marked.map(\.name).joined(separator: ", "))) "
                    + "'\(first.name)' is used; take \"default\" out of the others' interpret.json"
        } else if candidates.count <= 1 {
            model = candidates.first
            remark = nil
        } else {
            let chosen = candidates.first { $0.name == role.bundled } ?? candidates[0]
            model = chosen
            remark =
                "several networks could \(role.use) (\(candidates.map(\.name).joined(separator: ", "))) and none is the "
                + "default, so '\(chosen.name)' is used; put {\"default\": true} into the interpret.json of the one that is "
                + "meant"
        }
    }
}
