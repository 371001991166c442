import Testing
import WireProtocol

@Suite struct AgeTests {
    @Test(arguments: [("45s", 45), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000)] as [(String, Double)])
    func aNumberAndALetter(text: String, seconds: Double) {
        #expect(Age(text)?.seconds == seconds)
        #expect(Age(text)?.description == text)
    }

    @Test(arguments: ["", "d", "90", "90 d", "-1d", "0d", "1.5h", "3w", "36526d", "99999999999999999999d"])
    func anythingElseIsNoAge(text: String) {
        #expect(Age(text) == nil)
    }
}
