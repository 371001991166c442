import Foundation
import Testing
import WireProtocol

/// How requests say what they are about.
@Suite struct PhotoSourceTests {
    private func request(_ method: String, _ params: String) throws -> Request {
        try Request(line: Data(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#.utf8))
    }

    /// What is wrong with the parameters; nil for nothing.
    private func refusal<Parameters, Output>(
        _ method: RPCMethod<Parameters, Output>, _ params: String
    ) throws -> String? {
        let request = try request(method.name, params)
        do {
            _ = try method.parameters(of: request)
            return nil
        } catch {
            #expect(error.code == .invalidParameters)
            return error.message
        }
    }

    @Test(arguments: [
        (#"{"photo":"/a.jpg","class":"cat"}"#, PhotoSource.path("/a.jpg")),
        (#"{"photoBytes":"AQI=","class":"cat"}"#, .bytes(Data([1, 2]))),
        (#"{"jpeg":"AQI=","class":"cat"}"#, .bytes(Data([1, 2]))),
        (#"{"npy":"AQI=","class":"cat"}"#, .tensor(Data([1, 2]))),
        (#"{"photo":null,"npy":"AQI=","class":"cat"}"#, .tensor(Data([1, 2]))),
    ])
    func theSourceIsAMemberAmongTheOthers(params: String, source: PhotoSource) throws {
        let parameters = try RPCMethods.explain.parameters(of: try request("explain", params))
        #expect(parameters == ExplainParameters(source: source, classLabel: "cat"))
    }

    @Test func bytesAreSentUnderTheNeutralName() throws {
        let parameters = SegmentParameters(source: .bytes(Data([1, 2])), images: true)
        #expect(try JSONText(encoding: parameters).description == #"{"images":true,"photoBytes":"AQI="}"#)
    }

    @Test(arguments: [
        #"{}"#, #"{"photo":"/a.jpg","npy":"AQI="}"#, #"{"photo":"/a.jpg","photoBytes":"AQI="}"#,
        #"{"photoBytes":"AQI=","jpeg":"AQI="}"#, #"{"photoBytes":"AQI=","npy":"AQI="}"#,
    ])
    func noneAndSeveralAreRefusedInTheSameWords(params: String) throws {
        let message = "give exactly one of 'photo', 'photoBytes', 'passedPhoto', 'npy' and 'passedNpy'"
        #expect(try refusal(RPCMethods.explain, params) == "explain: \(message)")
        let project = String(params.dropLast()) + (params == "{}" ? "" : ",") + #""layer":"x"}"#
        #expect(try refusal(RPCMethods.project, project) == "project: \(message)")
    }

    @Test func methodsThatTakeNoTensorDoNotOfferOne() throws {
        #expect(
            try refusal(RPCMethods.segment, "{}")
                == "segment: give exactly one of 'photo', 'photoBytes' and 'passedPhoto'")
        let two = #"{"photo":"/a.jpg","jpeg":"AQI="}"#
        #expect(
            try refusal(RPCMethods.units, two) == "units: give exactly one of 'photo', 'photoBytes' and 'passedPhoto'")
        let tensor = #"{"npy":"AQI="}"#
        #expect(try refusal(RPCMethods.segment, tensor)?.hasPrefix("segment: unknown parameter 'npy'") == true)
        #expect(try refusal(RPCMethods.units, tensor)?.hasPrefix("units: unknown parameter 'npy'") == true)
        #expect(try refusal(RPCMethods.units, #"{"layer":"x","unit":1}"#) == nil)
    }

    @Test func aRelativePathIsRefusedInTheSameWords() throws {
        let relative = #"{"photo":"a.jpg"}"#
        let message = "'photo' should be an absolute path, got 'a.jpg'"
        #expect(try refusal(RPCMethods.explain, relative) == "explain: \(message)")
        #expect(try refusal(RPCMethods.segment, relative) == "segment: \(message)")
        #expect(try refusal(RPCMethods.units, relative) == "units: \(message)")
        #expect(try refusal(RPCMethods.project, #"{"photo":"a.jpg","layer":"x"}"#) == "project: \(message)")
    }

    @Test func aSourceOfTheWrongKindIsNamed() throws {
        #expect(try refusal(RPCMethods.explain, #"{"photo":7}"#) == "explain: 'photo' should be a string")
        #expect(
            try refusal(RPCMethods.explain, #"{"photo":"/a","animal":{"bbox":["x",0,1,1]}}"#)
                == "explain: 'animal.bbox[0]' should be a number")
        #expect(try refusal(RPCMethods.explain, #"{"photoBytes":"?"}"#)?.contains("'photoBytes' is not valid") == true)
    }

    /// Reading and writing are by hand where a source stands among the members: none may be forgotten.
    @Test func everyMemberSurvivesTheRoundTrip() throws {
        func check<Parameters, Output>(
            _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters
        ) throws where Parameters: Hashable {
            let request = try method.request(id: 1, parameters)
            #expect(try method.parameters(of: request) == parameters)
            let written = try request.params.decoded(as: [String: JSONValue].self).keys
            let sources: Set = ["photo", "photoBytes", "passedPhoto", "jpeg", "npy", "passedNpy"]
            #expect(Set(written).subtracting(sources) == Set(Parameters.memberNames).subtracting(sources))
        }
        var explain = ExplainParameters(
            source: .path("/a.jpg"), method: "m", classLabel: "c", furtherClasses: ["d"], against: "e",
            probability: true, model: "n", parameters: ["steps": .number(3), "fill": .string("blur")], raw: true,
            rawAttribution: true, images: true, plainSaliency: true, memory: 1, partialMaps: true,
            animal: .box(BoundingBox(x: 1, y: 2, width: 3, height: 4)))
        explain.format = .png
        explain.colourMap = "turbo"
        explain.opacity = 0.5
        explain.preview = PictureRoom(width: 80, height: 48)
        try check(RPCMethods.explain, explain)
        try check(
            RPCMethods.segment,
            SegmentParameters(source: .path("/a.jpg"), classLabel: "c", method: "m", model: "n", images: true))
        try check(
            RPCMethods.project,
            ProjectParameters(
                source: .tensor(Data([1])), layer: "l", unit: 1, count: 2, model: "n", rule: .guided, raw: true,
                images: true))
        try check(
            RPCMethods.units,
            UnitsParameters(source: .bytes(Data([1])), layer: "l", unit: 1, count: 2, model: "n", images: true))
    }
}
