import ArgumentParser
import Foundation
import GroundTruth
import WireProtocol

/// Photos of which it is known what they show: a folder's, or those that people have answered about.
struct LabelledPhotoOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the photos.", valueName: "folder"))
    var photos: String?

    @Option(help: ArgumentHelp("What is true of them, as 'evaluate' takes it.", valueName: "path"))
    var truth: String?

    @Flag(help: "The photos of the inbox that people have answered about, instead of --photos and --truth.")
    var corrections = false

    func validate() throws {
        guard (photos != nil) != corrections else {
            throw ValidationError(
                "give --photos, or --corrections for the photos that people have answered about")
        }
        if corrections, truth != nil {
            throw ValidationError("--corrections says itself what is true; leave --truth out")
        }
    }

    /// The folder that the photos' files are below, and what is true of them.
    ///
    /// - Parameters:
    ///   - untold: what is known where there is a folder and no truth.
    ///   - command: for errors.
    /// - Throws: `CommandFailure`.
    func read(
        _ common: CommonOptions, for command: String, untold: (_ folder: String) throws(TruthError) -> [TruePhoto]
    ) async throws -> (folder: String, known: [TruePhoto]) {
        if corrections { return try await answered(common) }
        let photos = photos ?? ""
        let folder = Files.absolutePath(photos)
        guard !Files.isMissing(folder) else { throw CommandFailure("there is no folder at \(photos)") }
        let known: [TruePhoto]
        do {
            if let path = truth.map(Files.absolutePath) {
                known = try GroundTruthForm.found(at: path).read(path, photos: folder)
            } else {
                known = try untold(folder)
            }
        } catch {
            throw CommandFailure("\(error); see 'interpretctl \(command) --help'")
        }
        guard !known.isEmpty else { throw CommandFailure("there are no \(PhotoKind.names) photos in \(photos)") }
        return (folder, known)
    }

    private func answered(_ common: CommonOptions) async throws -> (folder: String, known: [TruePhoto]) {
        let (status, given) = try await common.withDaemon { connection in
            let status = try await connection.call(RPCMethods.status, NoParameters())
            let given = try await connection.call(RPCMethods.corrections, CorrectionsParameters(present: true))
            return (try RPCMethods.status.output(of: status), try RPCMethods.corrections.output(of: given))
        }
        guard !given.corrections.isEmpty else {
            throw CommandFailure(
                "nobody has answered about a photo that is in the inbox; answer on the evidence page, or with 'interpretctl correct'"
            )
        }
        return (status.inbox, given.corrections.map(TruePhoto.init))
    }
}

extension TruePhoto {
    /// What a person has answered. Where there is nothing to find, there is no box.
    fileprivate init(_ correction: Correction) {
        self.init(
            file: correction.photo, labels: [correction.label],
            boxes: (correction.bbox.map { [Box(bbox: $0, label: correction.label)] } ?? [])
                + (correction.furtherBoxes ?? []).map { Box(bbox: $0.bbox, label: $0.label) })
    }
}
