import Foundation
import GroundTruth
import TestSupport
import Testing
import WireProtocol

@Suite struct GroundTruthTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ text: String, to name: String) throws -> String {
        let file = URL(fileURLWithPath: "\(folder.path)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    private func read(_ path: String) throws -> [TruePhoto] {
        try GroundTruthForm.found(at: path).read(path, photos: folder.path + "/photos")
    }

    private func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> BoundingBox {
        BoundingBox(x: x, y: y, width: width, height: height)
    }

    @Test func ourOwnTruthHasLabelsAndBoxes() throws {
        let path = try write(
            """
            [{"file": "a.jpg", "label": "cat", "bbox": [1, 2, 3, 4]},
             {"file": "b.jpg", "labels": ["cat", "dog"], "boxes": [[1, 2, 3, 4], [5, 6, 7, 8]]},
             {"file": "c.jpg", "mask": {"size": [2, 3], "counts": [1, 2, 3]}}]
            """, to: "truth.json")
        let photos = try read(path)
        #expect(photos.map(\.labels) == [["cat"], ["cat", "dog"], []])
        #expect(photos[0].boxes == [.init(bbox: box(1, 2, 3, 4), label: "cat")])
        #expect(photos[1].boxes.map(\.label) == [nil, nil])
        #expect(photos[2].mask?.counts == [1, 2, 3])
    }

    @Test func cocosPolygonsAndRunLengthsBecomeMasks() throws {
        // The text is what pycocotools makes of the runs [6, 1, 40, 4, 5, 4, 5, 4, 21], in its own tests.
        let path = try write(
            """
            {"images": [{"id": 1, "file_name": "a.jpg", "width": 4, "height": 3},
                        {"id": 2, "file_name": "b.jpg", "width": 10, "height": 9}, {"id": 3, "file_name": "c.jpg"}],
             "categories": [{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}],
             "annotations": [
              {"image_id": 1, "category_id": 7, "bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]},
              {"image_id": 1, "category_id": 8, "bbox": [0, 0, 1, 1], "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1]]},
              {"image_id": 2, "category_id": 7, "segmentation": {"size": [9, 10], "counts": "61X13mN000`0"}},
              {"image_id": 2, "category_id": 8, "bbox": [0, 0, 5, 5], "iscrowd": 1}]}
            """, to: "coco.json")
        let photos = try read(path)
        #expect(photos.map(\.file) == ["a.jpg", "b.jpg", "c.jpg"])
        #expect(photos.map(\.labels) == [["cat", "dog"], ["cat"], []])
        // Columns of 3: the corner, then rows 1 and 2 of columns 1 and 2.
        #expect(photos[0].mask?.counts == [0, 1, 3, 2, 1, 2, 3])
        #expect(photos[1].mask?.counts == [6, 1, 40, 4, 5, 4, 5, 4, 21])
    }

    @Test func vocsCornersBelongToTheBox() throws {
        let path = try write(
            """
            <annotation><filename>a.jpg</filename>
             <object><name>cat</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>10</xmax><ymax>30</ymax></bndbox>
              <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>
             <object><name>dog</name><difficult>1</difficult></object></annotation>
            """, to: "voc/a.xml")
        let expected = [
            TruePhoto(file: "a.jpg", labels: ["cat"], boxes: [.init(bbox: box(0, 10, 10, 20), label: "cat")])
        ]
        for truth in [path, folder.path + "/voc"] { #expect(try read(truth) == expected) }
    }

    @Test func yolosBoxesAreSharesOfThePhoto() throws {
        _ = try write("", to: "photos/deep/a.jpg")
        _ = try write("cat\ndog\n", to: "yolo/classes.txt")
        _ = try write("1 0.5 0.5 0.2 0.4\n0 0.1 0.1 0.3 0.1 0.3 0.2\n\n", to: "yolo/a.txt")
        let photos = try read(folder.path + "/yolo")
        #expect(photos.map(\.file) == ["deep/a.jpg"])
        #expect(photos[0].labels == ["dog", "cat"])
        #expect(photos[0].boxes.allSatisfy { $0.isRelative == true })
        let first = photos[0].boxes[0].bbox
        #expect(abs(first.x - 0.4) < 1e-9 && abs(first.y - 0.3) < 1e-9 && first.width == 0.2 && first.height == 0.4)
        #expect(abs(photos[0].boxes[1].bbox.width - 0.2) < 1e-9)
    }

    @Test func csvHasNamedColumnsOrTwo() throws {
        let named = try write(
            "image,xmin,ymin,xmax,ymax,class\n\"a, b.jpg\",1,2,4,6,\"the \"\"cat\"\"\"\n\"a, b.jpg\",0,0,1,1,dog\n",
            to: "named.csv")
        let photos = try read(named)
        #expect(photos.map(\.file) == ["a, b.jpg"])
        #expect(photos[0].labels == [#"the "cat""#, "dog"])
        #expect(photos[0].boxes.map(\.bbox) == [box(1, 2, 3, 4), box(0, 0, 1, 1)])
        let marked = try write("\u{FEFF}file,label\na.jpg,cat\n", to: "marked.csv")
        #expect(try read(marked).map(\.file) == ["a.jpg"])
        let parted = try write("file;label;x;y;width;height\n\"a;b.jpg\";cat;1,5;2;3;4\n", to: "parted.csv")
        #expect(try read(parted).map(\.file) == ["a;b.jpg"])
        #expect(try read(parted)[0].boxes.map(\.bbox) == [box(1.5, 2, 3, 4)])
        let two = try write("a.jpg,cat\nb.jpg,dog\r\n", to: "two.csv")
        #expect(try read(two).map(\.labels) == [["cat"], ["dog"]])
    }

    @Test func foldersNameLabels() throws {
        for name in [
            "cat/a.jpg", "cat/b.JPEG", "dog/c.jpg", "cat/a.jpg.overlay.jpg", "cat/.hidden.jpg", "dog/notes.md",
        ] {
            _ = try write("", to: "photos/\(name)")
        }
        let photos = try read(folder.path + "/photos")
        #expect(photos.map(\.file) == ["cat/a.jpg", "cat/b.JPEG", "dog/c.jpg"])
        #expect(photos.map(\.labels) == [["cat"], ["cat"], ["dog"]])
        #expect(GroundTruthForm.photos(in: folder.path + "/photos").allSatisfy { $0.labels.isEmpty })
    }

    /// Whoever made the file, it is said where it is wrong.
    @Test(arguments: [
        ("a.json", #"[{"file": "a.jpg", "bbox": [1, 2, -3, 4]}]"#, "entry 1 (a.jpg): a box should be"),
        ("a.json", #"[{"file": "a.jpg", "mask": {"size": [2, 2], "counts": [9]}}]"#, "do not fill its size"),
        ("a.json", #"[{"label": "cat"}]"#, "a.json: [0] has no 'file'"),
        (
            "a.json", #"[{"file": "a.jpg"}, {"file": "b.jpg", "lable": "cat"}]"#,
            "a.json: [1]: there is no key 'lable'; the nearest is 'label'"
        ),
        ("a.json", "[{\"file\": \"a.jpg\",\n \"label\" \"cat\"}]", "line 2: it is not JSON"),
        (
            "a.json", #"{"images": [], "categories": [], "annotations": [{"image_id": 9, "category_id": 1}]}"#,
            "annotations[0]: there is no image 9"
        ),
        ("a.json", "[]", "says nothing of any photo"),
        ("a.xml", "<!DOCTYPE x [<!ENTITY a \"b\">]><annotation/>", "entities, which are not read"),
        (
            "a.xml", "<annotation>\n<object><name>x</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
            "line 2"
        ),
        ("a.xml", "<annotation>\n<object><bndbox><xmin>nan</xmin>", "'xmin' should be a number"),
        ("a.xml", "<annotation>\n<object>", "it is not VOC's XML"),
        ("a.csv", "file,label\n,cat", "line 2: the photo's file is missing"),
        ("a.csv", "file,label\n\"a.jpg,cat", "line 2: a quotation has no end"),
        ("a.csv", "file,x,y,width,height\na.jpg,1,2,0,4", "line 2: a box should be"),
        ("a.csv", "file,x,y,width,height\na.jpg,\"1,234\",2,3,4", "line 2: x, y, width, height should be four numbers"),
        ("yolo/a.txt", "0 0.5 0.5 0.2 0.2", "classes.txt is missing"),
    ])
    func whatIsWrongIsSaidWithItsPlace(name: String, text: String, words: String) throws {
        let path = try write(text, to: name)
        let truth = name.hasPrefix("yolo") ? folder.path + "/yolo" : path
        let error = try #require(throws: TruthError.self) { try read(truth) }
        #expect(error.description.contains(words), "\(error)")
    }

    @Test(arguments: [
        ("7 0.5 0.5 0.2 0.2", "is no number of a class"), ("0 0.5 0.5 0.2", "after the class"),
        ("0 0.5 0.5 7 0.2", "after the class"),
    ])
    func yolosLinesAreChecked(line: String, words: String) throws {
        _ = try write("", to: "photos/a.jpg")
        _ = try write("cat", to: "yolo/classes.txt")
        _ = try write("\n" + line, to: "yolo/a.txt")
        let error = try #require(throws: TruthError.self) { try read(folder.path + "/yolo") }
        #expect(error.description.contains(words) && error.line == 2, "\(error)")
    }
}
