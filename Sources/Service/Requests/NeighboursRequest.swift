import DatasetSearch
import Execution
import Files
import Foundation
import Interpretation
import Photos
import Socket
import WireProtocol

/// Answers `neighbours`: the photos of the index that a network sees most alike, and which labelled photos pull its last layer.
struct NeighboursRequest: Sendable {
    let models: ModelStore
    let permitted: PermittedFolders
    let indexes: UnitIndexes
    let overlay: Overlay

    private static let largestCount = 100
    private static let usualPenalty = 0.003

    func neighbours(_ parameters: NeighboursParameters, _ context: RequestContext) async throws -> NeighboursResult {
        let count = parameters.count ?? 10
        guard (1...Self.largestCount).contains(count) else {
            throw RPCError(.badParameter, "count should lie between 1 and \(Self.largestCount), got \(count)")
        }
        let model = try models.requested(parameters.model)
        guard model.task == .classification, model.headInput != nil else {
            throw RPCError(
                .methodNotApplicable,
                model.whyNotExplained
                    ?? "model '\(model.name)' does not end in a linear layer, whose input neighbours are compared in")
        }
        let photo = try await NamedPhoto(reading: parameters.source, in: permitted, passed: context.passed)
        let prepared = try PreparedPhoto(photo, for: model)
        let reading = try await model.headReading(of: prepared.input.tensor, as: .question)
        let classIndex = reading.scores.indices.max { reading.scores[$0] < reading.scores[$1] } ?? 0
        let others = try await indexes.index(of: model).decisions().filter { $0.photo.sha256 != prepared.sha256 }
        let comparable = others.compactMap { decided in
            decided.decision.features.flatMap { features in
                NeighboursRequest.distance(features, reading.features).map { (decided, $0) }
            }
        }
        let nearest = comparable.sorted { ($0.1, $0.0.photo.id) < ($1.1, $1.0.photo.id) }.prefix(count)
        var result = NeighboursResult(
            model: Sidecar.Model(model), label: model.label(of: classIndex),
            probability: model.probability(of: classIndex, reading.scores)?.rounded(toPlaces: 4),
            photos: comparable.count, withoutFeatures: others.count - comparable.count,
            neighbours: nearest.map { decided, distance in
                NeighboursResult.Neighbour(
                    photo: decided.photo.files.first?.filePath.string ?? "",
                    label: model.label(of: decided.decision.classIndex),
                    probability: decided.decision.probability?.rounded(toPlaces: 4),
                    distance: distance.rounded(toPlaces: 4))
            })
        if let named = parameters.labelled {
            let folder = try await permitted.folder(named, member: "labelled").string
            result.representers = try await representers(
                model, folder, reading, count, parameters.penalty ?? Self.usualPenalty, context)
        }
        if parameters.images == true { result.sheet = try await sheet(prepared, result) }
        return result
    }

    /// Euclidean; nil of different numbers of features.
    private static func distance(_ a: [Float], _ b: [Float]) -> Double? {
        guard a.count == b.count else { return nil }
        return zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
    }

    // MARK: Labelled photos

    private func representers(
        _ model: LoadedModel, _ folder: String, _ asked: LoadedModel.HeadReading, _ count: Int, _ penalty: Double,
        _ context: RequestContext
    ) async throws -> NeighboursResult.Representers {
        let labelled = try await FileWork.run(on: FilePath(folder)) {
            try LabelledPhotos(in: folder, labels: nil, of: model, for: "a fit of the last layer")
        }
        let classes = try labelled.labels.map { (label) throws(RPCError) in
            guard let index = model.labels.firstIndex(of: label) else {
                throw RPCError(
                    .noSuchClass,
                    "the folder '\(label)' in \(folder) is no label of model '\(model.name)'; it knows "
                        + model.labels.prefix(20).joined(separator: ", "))
            }
            return index
        }
        var (readings, photos) = ([LoadedModel.HeadReading](), [LabelledPhotos.Photo]())
        var skipped: [String: String] = [:]
        for (number, photo) in labelled.photos.enumerated() {
            try Task.checkCancellation()
            do {
                let prepared = try PreparedPhoto(try await NamedPhoto(reading: FilePath(photo.path)), for: model)
                readings.append(try await model.headReading(of: prepared.input.tensor, as: .longQuestion))
                photos.append(photo)
            } catch let error as UnreadablePhoto {
                skipped[photo.path] = "\(error)"
            }
            context.progress(
                fraction: 0.9 * Double(number + 1) / Double(labelled.photos.count), message: "reading labelled photos")
        }
        context.progress(fraction: 0.9, message: "fitting the last layer")
        let labels = photos.map(\.classIndex)
        let points = try RepresenterPoints(
            features: readings.map(\.features), labels: labels, classes: classes.count, penalty: penalty)
        // Of the classes that have photos, the one that the network itself gives the highest score.
        let explained = classes.indices.max { asked.scores[classes[$0]] < asked.scores[classes[$1]] } ?? 0
        let shares = points.shares(inScoreOf: explained, for: asked.features)
        func point(_ index: Int, withShare: Bool = true) -> NeighboursResult.Point {
            NeighboursResult.Point(
                photo: photos[index].path, label: labelled.labels[labels[index]],
                share: withShare ? shares[index].rounded(toPlaces: 5) : nil,
                probability: points.probabilities[index][labels[index]].rounded(toPlaces: 4))
        }
        let order = shares.indices.sorted { shares[$0] > shares[$1] }
        return NeighboursResult.Representers(
            labels: labelled.labels, photos: photos.count, penalty: penalty, isConverged: points.isConverged,
            residual: points.residual, label: labelled.labels[explained],
            score: points.scores(for: asked.features)[explained].rounded(toPlaces: 4),
            bias: points.bias[explained].rounded(toPlaces: 4),
            towards: order.prefix(count).filter { shares[$0] > 0 }.map { point($0) },
            away: order.reversed().prefix(count).filter { shares[$0] < 0 }.map { point($0) },
            leastBelieved: points.leastBelieved.prefix(count).map { point($0, withShare: false) },
            shipped: shipped(model, classes, readings, labels, points), skipped: skipped)
    }

    /// How far the network's own head is from the fitted one.
    private func shipped(
        _ model: LoadedModel, _ classes: [Int], _ readings: [LoadedModel.HeadReading], _ labels: [Int],
        _ points: RepresenterPoints
    ) -> NeighboursResult.Shipped {
        let own = readings.map { reading in NeighboursRequest.softmax(classes.map { Double(reading.scores[$0]) }) }
        let differences = zip(own, points.probabilities).map { zip($0, $1).reduce(0) { $0 + abs($1.0 - $1.1) } / 2 }
        func best(_ values: [Double]) -> Int? { values.indices.max { values[$0] < values[$1] } }
        let weights = model.headWeights.map { weights in classes.map { weights[$0] } }
        return NeighboursResult.Shipped(
            agree: zip(own, points.probabilities).count { best($0) == best($1) },
            difference: (differences.reduce(0, +) / Double(max(differences.count, 1))).rounded(toPlaces: 4),
            residual: weights.map { weights in
                HeadStationarity.residual(
                    weights: weights, features: readings.map(\.features),
                    errors: zip(own, labels).map { own, label in
                        own.enumerated().map { ($0 == label ? 1 : 0) - $1 }
                    }
                ).rounded(toPlaces: 4)
            })
    }

    private static func softmax(_ scores: [Double]) -> [Double] {
        let highest = scores.max() ?? 0
        let exponentials = scores.map { exp($0 - highest) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    // MARK: The sheet

    private static let drawn = 6

    /// The photo, its neighbours, and the labelled photos that have the largest shares; those that cannot be read any more
    /// are left out.
    private func sheet(_ prepared: PreparedPhoto, _ result: NeighboursResult) async throws -> Data {
        var entries = [ContactSheet.Entry(pictures: [prepared.photo.bitmap], caption: "the photo: \(result.label)")]
        var captions = result.neighbours.prefix(Self.drawn).map { neighbour in
            (neighbour.photo, String(format: "%@, distance %.3f", neighbour.label, neighbour.distance))
        }
        if let found = result.representers {
            captions += found.towards.prefix(Self.drawn).map {
                ($0.photo, String(format: "%@, pulls %+.3f", $0.label, $0.share ?? 0))
            }
            captions += found.away.prefix(Self.drawn).map {
                ($0.photo, String(format: "%@, pulls %+.3f", $0.label, $0.share ?? 0))
            }
            captions += found.leastBelieved.prefix(Self.drawn).map {
                ($0.photo, String(format: "labelled %@, believed %.2f", $0.label, $0.probability))
            }
        }
        for (path, caption) in captions {
            guard let read = try? await NamedPhoto(reading: FilePath(path)),
                let photo = try? PhotoDecoder.decode(
                    read.bytes, for: .atLeast(inputWidth: 1, inputHeight: 1, longSide: 224))
            else { continue }
            entries.append(ContactSheet.Entry(pictures: [photo.bitmap], caption: caption))
        }
        return try JPEGEncoder.encode(try ContactSheet(font: overlay.font).render(entries))
    }
}
