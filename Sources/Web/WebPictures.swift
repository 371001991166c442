import Files
import Foundation
import HTTPTypes
import Hummingbird
import Inbox
import Photos
import WireProtocol

/// `GET /picture?photo=PATH&kind=KIND`: small pictures of the inbox's photos, and what lies beside them.
///
/// A path counts only as the catalog has it: there is no way from here to any other file.
struct WebPictures: Sendable {
    let photos: any PhotoLookup
    let thumbnails: Thumbnails

    /// Larger files beside a photo are not the daemon's.
    private static let largestFile = 64 << 20

    func add<Context: Hummingbird.RequestContext>(to router: Router<Context>) {
        router.get("/picture") { request, _ in try await answer(request) }
    }

    private func answer(_ request: Request) async throws -> Response {
        let parameters = request.uri.queryParameters
        guard let path = parameters["photo"], let kind = parameters["kind"] else {
            throw HTTPError(.badRequest, message: "give 'photo' and 'kind'")
        }
        guard let record = try await photos.known(String(path)) else {
            throw HTTPError(.notFound, message: "there is no such photo in the inbox")
        }
        do {
            let (data, type) = try await file(String(kind), of: record)
            // With a version in the address the same address is the same picture for ever.
            let keeping = parameters["v"] == nil ? "no-store" : "private, max-age=31536000, immutable"
            return Response(
                status: .ok, headers: [.contentType: type, .cacheControl: keeping],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        } catch let error as FileError where error.meansGone {
            throw HTTPError(.notFound, message: "there is no such picture of this photo")
        } catch let error as PhotoError {
            throw HTTPError(.unprocessableContent, message: "\(error)")
        }
    }

    private func file(_ name: String, of record: Inbox.PhotoRecord) async throws -> (Data, type: String) {
        switch name {
        case "thumbnail": return (try await thumbnails.picture(of: record, .small), "image/jpeg")
        case "photo": return (try await thumbnails.picture(of: record, .large), "image/jpeg")
        default:
            guard let kind = SidecarKind(rawValue: name) else {
                throw HTTPError(.badRequest, message: "there is no kind '\(name)' of picture")
            }
            let path = record.path.sidecar(kind)
            let data = try await FileWork.run(on: path) {
                try OpenFile(path).contents(atMost: WebPictures.largestFile)
            }
            return (data, kind.isPicture ? "image/jpeg" : "application/json")
        }
    }
}
