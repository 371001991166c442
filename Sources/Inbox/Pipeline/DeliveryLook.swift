/// How it is found out whether the sidecars of a photo that is done are there.
enum DeliveryLook {
    /// By whether there is a document: for scans that look at every photo again.
    case byDocument
    /// By the document and all files that it lists.
    case byAllFiles
}
