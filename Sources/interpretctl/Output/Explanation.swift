import Foundation
import WireProtocol

/// An explanation for reading.
struct ExplanationReport {
    private let explanation: ExplainResult
    private let photo: String

    init(_ explanation: ExplainResult, photo: String) {
        self.explanation = explanation
        self.photo = photo
    }

    func text(written: [String]) -> String {
        let parts = [heading, predictions, findings(written: written)]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var heading: String {
        let sidecar = explanation.sidecar
        var words = [Style.bold(Files.name(of: photo).printable)]
        if let photo = sidecar.photo { words.append("\(photo.width) × \(photo.height)") }
        words += ["model \(sidecar.model.name)", "method \(explanation.method)"]
        words.append("class \(Style.bold(explanation.classLabel))")
        return words.joined(separator: "   ") + "\n"
    }

    private var predictions: String {
        var table = Table([.left, .left, .right, .right, .left], indent: "  ")
        for prediction in explanation.sidecar.predictions {
            table.add([
                .init(prediction.label, prediction.label == explanation.classLabel ? .bold : nil),
                .init(prediction.probability.map { Bar.text($0) } ?? ""),
                .init(prediction.probability.map(Format.percent) ?? ""),
                .init("score \(Format.decimal(prediction.score))", .faint),
                .init(prediction.holds == true ? "holds" : ""),
            ])
        }
        return table.text
    }

    private func findings(written: [String]) -> String {
        let sidecar = explanation.sidecar
        var table = Table(indent: "  ")
        func add(_ name: String, _ value: String, _ style: Style? = nil) {
            table.add([.init(name, .faint), .init(value, style)])
        }
        for box in sidecar.boxes {
            add("box", "\(box.label) \(Format.decimal(box.score))  \(place(box.bbox))  (\(box.method))")
        }
        if sidecar.boxes.isEmpty { add("box", "none") }
        if let look = sidecar.closerLook {
            let whole =
                look.wholePhoto.first.map { "\($0.label) \($0.probability.map(Format.percent) ?? "")" } ?? "nothing"
            add("closer look", "the classes are those of the part at \(place(look.bbox)); of the whole photo: \(whole)")
        }
        if let verdict = sidecar.verdict {
            add("verdict", verdict.verdict, Style(verdict: verdict.verdict) ?? .yellow)
            add("", verdict.sentence)
            for (name, probability) in verdict.measurements {
                add(name, "\(Bar.text(probability)) \(Format.percent(probability))")
            }
            if let opinion = verdict.opinion { add("second opinion", opinion.text(on: verdict.label)) }
        }
        if let evidence = sidecar.evidence {
            let measured =
                "\(Format.percent(evidence.probability)) as it is, \(Format.percent(evidence.boxHidden)) with the box hidden"
                + (evidence.elsewhereHidden.map { ", \(Format.percent($0)) with as much hidden elsewhere" } ?? "")
            // Daemons that give no verdict have only the older word.
            let word = sidecar.verdict == nil ? "\(evidence.verdict): " : ""
            add(
                "box alone", "\(word)\(evidence.sentence ?? measured) Only the box: \(Format.percent(evidence.onlyBox))"
            )
        }
        if let approximation = explanation.approximation { add("precision", text(of: approximation)) }
        if let note = sidecar.note { add("note", note) }
        for warning in explanation.warnings { add("warning", warning, .yellow) }
        for path in written { add("wrote", path, .green) }
        let steps = sidecar.milliseconds.filter { $0.key != "total" }.sorted { $0.key < $1.key }
            .map { "\($0.key) \(Format.decimal($0.value, 1))" }.joined(separator: ", ")
        if let total = sidecar.milliseconds["total"] {
            add("time", "\(Format.decimal(total, 1)) ms" + (steps.isEmpty ? "" : " (\(steps))"))
        }
        return table.text
    }

    private func text(of approximation: ExplainResult.Approximation) -> String {
        let correlation = approximation.correlation.map { ", correlation \(Format.decimal($0, 3))" } ?? ""
        return "adaptive: \(approximation.computed) of \(approximation.places) places in full; largest error "
            + "\(Format.decimal(approximation.largestError, 3)) of a range of \(Format.decimal(approximation.range, 2)) "
            + "at \(approximation.sampled) places drawn at random\(correlation)"
    }

    private func place(_ box: BoundingBox) -> String {
        let parts = [("x", box.x), ("y", box.y), ("width", box.width), ("height", box.height)]
        return parts.map { "\($0) \(String(format: "%.0f", $1))" }.joined(separator: "  ")
    }
}

extension Sidecar.Verdict {
    /// The class's probability under each condition that was tried.
    fileprivate var measurements: [(name: String, probability: Double)] {
        let conditions: [(String, Double?)] = [
            ("as it is", certainty.probability), ("animal hidden", without?.median),
            ("elsewhere hidden", elsewhere?.mean), ("only the animal", only?.median),
        ]
        let tried = conditions.compactMap { name, probability in probability.map { (name: name, probability: $0) } }
        // The first alone says nothing that is not above.
        return tried.count > 1 ? tried : []
    }
}

extension Sidecar.Verdict.Opinion {
    /// "species: bird 80 %, cat 0.3 %"
    fileprivate func text(on named: String) -> String {
        (model.map { "\($0.name): " } ?? "") + "\(label) \(Format.percent(probability))"
            + (label == named ? "" : ", \(named) \(Format.percent(agreement))")
    }
}

extension Sidecar.Verdict.Fillings {
    /// The one in the middle, which decides.
    fileprivate var median: Double { [blurred, mean, inpainted].sorted()[1] }
}

/// An explanation for keeping.
struct ExplanationFiles {
    private let explanation: ExplainResult
    private let name: String
    private let format: PictureFormat

    init(_ explanation: ExplainResult, photo: String, format: PictureFormat) {
        self.explanation = explanation
        self.format = format
        name = Files.name(of: photo)
    }

    /// Writes what was asked for.
    ///
    /// - Returns: the paths.
    func write(folder: String?, raw: String?, rawAttribution: String?) throws -> [String] {
        var written: [String] = []
        func write(_ data: Data, to path: String) throws {
            try Files.write(data, to: path)
            written.append(path)
        }
        if let raw {
            guard let map = explanation.map else {
                throw CommandFailure("'\(explanation.method)' has no map of its own; use --raw-attribution")
            }
            try write(map.npy, to: raw)
            for (name, map) in (explanation.furtherMaps ?? [:]).sorted(by: { $0.key < $1.key }) {
                try write(map.npy, to: raw.inserting(name))
            }
        }
        if let rawAttribution {
            guard let attribution = explanation.attribution else {
                throw CommandFailure("'\(explanation.method)' gives no attribution at the input; use --raw")
            }
            try write(attribution.npy, to: rawAttribution)
        }
        for further in explanation.furtherClasses ?? [] {
            if let raw, let map = further.map { try write(map.npy, to: raw.inserting(further.classLabel)) }
            if let rawAttribution, let attribution = further.attribution {
                try write(attribution.npy, to: rawAttribution.inserting(further.classLabel))
            }
            if let folder, let overlay = further.overlay {
                let stem = "\(name).\(Files.name(of: further.classLabel))"
                try write(overlay, to: "\(folder)/\(SidecarKind.overlay.name(beside: stem, format))")
            }
        }
        guard let folder else { return written }

        var files = Sidecar.Files()
        for (kind, picture) in [
            (SidecarKind.overlay, explanation.images?.overlay), (.saliency, explanation.images?.saliency),
        ] {
            guard let picture else { continue }
            let file = kind.name(beside: name, format)
            files[kind] = file
            try write(picture, to: "\(folder)/\(file)")
        }
        // Last, as the daemon does: who sees the boxes finds the pictures they name.
        var sidecar = explanation.sidecar
        sidecar.photo?.file = name
        sidecar.files = files
        try write(
            try JSONText(encoding: sidecar).utf8 + Data("\n".utf8),
            to: "\(folder)/\(SidecarKind.boxes.name(beside: name))")
        return written
    }
}

extension SidecarKind {
    /// As beside a photo of the inbox, with the ending of the format.
    func name(beside photo: String, _ format: PictureFormat) -> String {
        let name = name(beside: photo)
        guard isPicture, let dot = name.lastIndex(of: ".") else { return name }
        return name[...dot] + format.fileEnding
    }
}

extension String {
    /// map.npy → map.NAME.npy
    fileprivate func inserting(_ name: String) -> String {
        let name = Files.name(of: name)
        return hasSuffix(".npy") ? dropLast(4) + ".\(name).npy" : self + ".\(name)"
    }
}
