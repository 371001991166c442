package import Files

/// What becomes of a photo that was in hand when the daemon died.
package enum Recovery: Sendable, Hashable {
    /// Its sidecars prove that it was finished.
    case finished(PhotoSummary)
    /// It waits again, and its try does not count. One that was being computed is a suspect from now on
    /// (``PhotoRecord/isSuspect``); one that only waited, for its turn on the network or for a file, is not.
    ///
    /// No photo is set aside here, however often the daemon dies: whoever killed it, or whether the power failed, is
    /// not known.
    case waits(isSuspect: Bool)

    /// - Parameters:
    ///   - file: the file as it is now; nil where it is gone or cannot be looked at.
    ///   - proof: what its sidecars prove.
    package init(of record: PhotoRecord, file: FileIdentity?, proof: SidecarProof?) {
        if let proof, !record.isForced, file?.hasSameContents(as: record.identity) == true {
            self = .finished(proof.summary)
        } else {
            self = .waits(isSuspect: record.isComputing)
        }
    }
}
