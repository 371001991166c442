import Foundation
import WireProtocol

/// YOLO's text files, one a photo of the same stem: a line an object, its class's number, then the box's centre and size, or a
/// polygon, as shares of the photo's sides. `classes.txt` or `obj.names` beside them names the classes, one a line.
enum YOLOTruth {
    private static let nameFiles = ["classes.txt", "obj.names"]

    static func read(_ path: String, photos: String) throws(TruthError) -> [TruePhoto] {
        let names = TruthFile.names(in: path)
        guard let nameFile = nameFiles.first(where: names.contains) else {
            throw TruthError(path, "classes.txt is missing, which names the classes, one a line")
        }
        let classes = TruthFile.lines(try TruthFile.text(of: "\(path)/\(nameFile)")).map {
            $0.text.trimmingCharacters(in: .whitespaces)
        }
        let files = Dictionary(
            FolderTruth.files(in: photos).map {
                (TruthFile.stem($0.split(separator: "/").last.map(String.init) ?? $0), $0)
            },
            uniquingKeysWith: { first, _ in first })
        var table = TruthTable()
        for name in names where name.hasSuffix(".txt") && !nameFiles.contains(name) {
            let file = "\(path)/\(name)"
            guard let photo = files[TruthFile.stem(name)] else {
                throw TruthError(file, "there is no photo called \(TruthFile.stem(name)) in \(photos)")
            }
            table.update(photo) { _ in }
            for (number, line) in TruthFile.lines(try TruthFile.text(of: file)) {
                let words = line.split { $0 == " " || $0 == "\t" }
                guard !words.isEmpty else { continue }
                guard let index = Int(words[0]), classes.indices.contains(index), !classes[index].isEmpty else {
                    throw TruthError(
                        file, line: number, "'\(words[0].prefix(20))' is no number of a class of \(nameFile)")
                }
                let numbers = words.dropFirst().compactMap { Double($0) }
                guard numbers.count == words.count - 1, let box = Self.box(numbers) else {
                    throw TruthError(
                        file, line: number,
                        "after the class there should be a box's centre and size, or a polygon, as shares of 0 to 1")
                }
                table.update(photo) { $0.add(box, label: classes[index], isRelative: true) }
            }
        }
        return table.photos
    }

    /// In shares of the photo's sides; nil where it is none.
    private static func box(_ numbers: [Double]) -> BoundingBox? {
        guard numbers.allSatisfy({ $0.isFinite && (-0.01...1.01).contains($0) }) else { return nil }
        let box: BoundingBox
        if numbers.count == 4 {
            box = BoundingBox(
                x: numbers[0] - numbers[2] / 2, y: numbers[1] - numbers[3] / 2, width: numbers[2], height: numbers[3])
        } else if numbers.count >= 6, numbers.count % 2 == 0 {
            let xs = stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] }
            let ys = stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
            let (left, top) = (xs.min() ?? 0, ys.min() ?? 0)
            box = BoundingBox(x: left, y: top, width: (xs.max() ?? 0) - left, height: (ys.max() ?? 0) - top)
        } else {
            return nil
        }
        return box.isPossible ? box : nil
    }
}
