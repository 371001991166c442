import Files
package import WireProtocol

extension WireProtocol.PhotoRecord {
    /// What clients are told of a record.
    ///
    /// - Parameter correction: what a person has answered; nil where nobody has.
    package init(_ record: Inbox.PhotoRecord, correction: String?) {
        let summary = record.summary
        self.init(
            path: record.path.string, state: WireProtocol.PhotoState(rawValue: record.state.rawValue) ?? .pending,
            updated: record.changedAt, error: record.errorMessage, warning: summary?.warning, boxes: summary?.boxCount,
            label: summary?.label,
            furtherLabels: summary.flatMap { $0.furtherLabels.isEmpty ? nil : $0.furtherLabels },
            probability: summary?.probability, margin: summary?.margin,
            verdict: summary?.verdict, doubtful: summary?.isDoubtful, correction: correction)
    }
}
