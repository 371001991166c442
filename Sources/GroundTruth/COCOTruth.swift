import Foundation
import WireProtocol

/// COCO's JSON: images, categories, annotations with boxes and, where they have them, polygons or run lengths.
enum COCOTruth {
    private struct File: Decodable {
        let images: [Image]
        let annotations: [Annotation]
        let categories: [Category]
    }

    private struct Image: Decodable {
        let id: Int
        let fileName: String
        let width: Int?
        let height: Int?

        private enum CodingKeys: String, CodingKey {
            case id, width, height
            case fileName = "file_name"
        }
    }

    private struct Category: Decodable {
        let id: Int
        let name: String
    }

    private struct Annotation: Decodable {
        let imageID: Int
        let categoryID: Int
        let bbox: BoundingBox?
        let segmentation: Segmentation?
        let isCrowd: Int?

        private enum CodingKeys: String, CodingKey {
            case bbox, segmentation
            case imageID = "image_id"
            case categoryID = "category_id"
            case isCrowd = "iscrowd"
        }
    }

    private enum Segmentation: Decodable, Equatable {
        /// x, y, x, y … of each.
        case polygons([[Double]])
        case runs(size: [Int], counts: [Int])

        private enum CodingKeys: String, CodingKey { case size, counts }

        init(from decoder: any Decoder) throws {
            if let polygons = try? decoder.singleValueContainer().decode([[Double]].self) {
                self = .polygons(polygons)
                return
            }
            let members = try decoder.container(keyedBy: CodingKeys.self)
            let size = try members.decode([Int].self, forKey: .size)
            if let text = try? members.decode(String.self, forKey: .counts) {
                guard let counts = CompressedRuns.decoded(text) else {
                    throw DecodingError.typeMismatch(
                        String.self, .init(codingPath: decoder.codingPath, debugDescription: "no run lengths"))
                }
                self = .runs(size: size, counts: counts)
            } else {
                self = .runs(size: size, counts: try members.decode([Int].self, forKey: .counts))
            }
        }
    }

    static func read(_ path: String) throws(TruthError) -> [TruePhoto] {
        let file = try JSONTruth.decode(File.self, path)
        let images = Dictionary(file.images.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Dictionary(file.categories.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        var table = TruthTable()
        // A photo without an annotation has nothing in it, and counts.
        for image in file.images { table.update(image.fileName) { _ in } }
        for (index, annotation) in file.annotations.enumerated() where annotation.isCrowd != 1 {
            func refusal(_ reason: String) -> TruthError { TruthError(path, "annotations[\(index)]: \(reason)") }
            guard let image = images[annotation.imageID] else {
                throw refusal("there is no image \(annotation.imageID)")
            }
            guard let label = names[annotation.categoryID] else {
                throw refusal("there is no category \(annotation.categoryID)")
            }
            if let box = annotation.bbox, !box.isPossible { throw refusal(BoundingBox.expectation) }
            let mask = annotation.segmentation.flatMap { Self.mask($0, image) }
            guard annotation.segmentation == nil || mask != nil else {
                throw refusal("its segmentation does not fit the image, which needs width and height")
            }
            table.update(image.fileName) { photo in
                photo.add(label: label)
                if let box = annotation.bbox { photo.add(box, label: label) }
                if let mask { photo.mask = photo.mask.flatMap { RunLengthUnion.of($0, mask) } ?? mask }
            }
        }
        return table.photos
    }

    private static func mask(_ segmentation: Segmentation, _ image: Image) -> SegmentResult.RunLengths? {
        switch segmentation {
        case .runs(let size, let counts):
            let runs = SegmentResult.RunLengths(size: size, counts: counts)
            return runs.isWhole ? runs : nil
        case .polygons(let polygons):
            guard let width = image.width, let height = image.height else { return nil }
            return PolygonMask.runLengths(of: polygons, width: width, height: height)
        }
    }
}
