package import Files

/// What becomes of a photo that was in hand when the daemon died.
package enum Recovery: Sendable, Hashable {
    /// Its sidecars prove that it was finished.
    case finished(PhotoSummary)
    /// The daemon has died over it too often, `deaths` times by now; it is set aside until it changes.
    case stopsDaemon(deaths: Int)
    /// It waits again. Where the daemon died over it, the death counts; where it only waited for its turn on the
    /// network or for a file, not even the try does.
    case waits(countsDeath: Bool)

    /// - Parameters:
    ///   - file: the file as it is now; nil where it is gone or cannot be looked at.
    ///   - proof: what its sidecars prove.
    package init(of record: PhotoRecord, file: FileIdentity?, proof: SidecarProof?, retry: RetryPolicy) {
        let isSameFile = file?.hasSameContents(as: record.identity) ?? false
        let deaths = record.crashes + 1
        if isSameFile, let proof {
            self = .finished(proof.summary)
        } else if isSameFile, record.isComputing, deaths >= retry.crashesBeforeSettingAside {
            self = .stopsDaemon(deaths: deaths)
        } else {
            self = .waits(countsDeath: record.isComputing)
        }
    }
}
