import Localization

extension ClassLook {
    /// Notes what each of several animals is by itself, and gives a box to each that has none yet.
    ///
    /// A name counts from ``Judge/closerLookProbability`` on. An animal has a box where one of its label covers half of it. A
    /// box of the photo's label that covers half of an animal of another name goes, if another one of that label is left.
    mutating func add(_ named: [NamedAnimal]) {
        animals = named
        let known = named.filter { animal in
            !model.isBackground(animal.classIndex) && animal.probability >= Double(Judge.closerLookProbability)
        }
        var further: [Box] = []
        for animal in known where !boxes.contains(where: { animal.isCovered(by: $0, named: true) }) {
            guard let rectangle = animal.box else { continue }
            further.append(
                Box(
                    classIndex: animal.classIndex, rectangle: rectangle, score: animal.probability,
                    caption: model.caption(animal.classIndex, animal.scores)))
        }
        let all = boxes + further.sorted { $0.score > $1.score }
        let right = all.filter { box in !known.contains { $0.isCovered(by: box, named: false) } }
        let isLabelLeft = right.contains { $0.classIndex == classIndex }
        // Those of the photo's label, then the others.
        boxes = (isLabelLeft ? right : all).sorted { rank($0) > rank($1) }
        note = ClassLook.note([note, remark(on: named)])
    }

    private func rank(_ box: Box) -> (Int, Double) { (box.classIndex == classIndex ? 1 : 0, box.score) }

    /// "2 animals were found, by themselves: cat 98 %, dog 93 %"
    private func remark(on named: [NamedAnimal]) -> String {
        "\(named.count) animals were found, and by itself each is: "
            + named.map { model.caption($0.classIndex, $0.scores) }.joined(separator: ", ")
    }
}

extension NamedAnimal {
    /// Whether at least half of the animal lies in a box of its own name, or of another.
    fileprivate func isCovered(by box: ClassLook.Box, named isOwn: Bool) -> Bool {
        guard (box.classIndex == classIndex) == isOwn else { return false }
        return 2 * place.commonArea(PixelBox(box.rectangle)) >= place.area
    }
}
