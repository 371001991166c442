import Localization

extension ClassLook {
    /// Notes what each of several animals is by itself, and gives a box to each that has none yet.
    ///
    /// A name counts from ``Judge/closerLookProbability`` on, and where it is claimed. A box of the photo's label that covers
    /// half of an animal of another name goes, if one of that label is left. An animal has a box where one of its own label
    /// covers half of it.
    mutating func add(_ named: [NamedAnimal], of sighting: AnimalSighting) {
        animals = named
        note = ClassLook.note([note, remark(on: named, of: sighting.largeParts.count)])
        let known = named.filter { animal in
            !model.isBackground(animal.classIndex) && model.isClaimed(animal.classIndex, animal.scores) && animal.isSure
        }
        let right = boxes.filter { box in !known.contains { $0.isCovered(by: box, named: false) } }
        let all = completed(right, known)
        boxes = all.contains { $0.classIndex == classIndex } ? all : completed(boxes, known)
    }

    /// These boxes, then those of animals that have none of their name among them: the photo's label first, strongest first.
    private func completed(_ boxes: [Box], _ known: [NamedAnimal]) -> [Box] {
        var further: [Box] = []
        for animal in known {
            let own = (boxes + further).filter { $0.classIndex == animal.classIndex }
            guard let rectangle = animal.box, !own.contains(where: { animal.isCovered(by: $0, named: true) }),
                !own.contains(where: { PixelBox($0.rectangle).intersectionOverUnion(PixelBox(rectangle)) >= 0.5 })
            else { continue }
            further.append(
                Box(
                    classIndex: animal.classIndex, rectangle: rectangle, score: animal.probability,
                    caption: model.caption(animal.classIndex, animal.scores)))
        }
        return boxes + further.sorted { rank($0) > rank($1) }
    }

    private func rank(_ box: Box) -> (Int, Double) { (box.classIndex == classIndex ? 1 : 0, box.score) }

    /// "2 animals were found, and by itself each is: cat 98 %, bird 24 % (unsure)"
    private func remark(on named: [NamedAnimal], of count: Int) -> String {
        "\(count) animals were found, and by itself each"
            + (named.count < count ? " of the \(named.count) largest" : "") + " is: "
            + named.map { model.caption($0.classIndex, $0.scores) + ($0.isSure ? "" : " (unsure)") }
            .joined(separator: ", ")
    }
}

extension NamedAnimal {
    fileprivate var isSure: Bool { probability >= Double(Judge.closerLookProbability) }

    /// Whether at least half of the animal lies in a box of its own name, or of another.
    fileprivate func isCovered(by box: ClassLook.Box, named isOwn: Bool) -> Bool {
        guard (box.classIndex == classIndex) == isOwn else { return false }
        return 2 * place.commonArea(PixelBox(box.rectangle)) >= place.area
    }
}
