import Inbox
import Localization
import Testing

@Suite struct DoubtMarginTests {
    @Test func aTossUpIsTheSameForTheCatalogAndForTheVerdict() {
        #expect(Doubt.smallMargin == VerdictThresholds.standard.margin)
    }
}
