/// How it is found out whether the sidecars of a photo that is done are there.
enum DeliveryLook {
    /// By whether there is a document: for scans, which look at every photo.
    case byDocument
    /// By the document and all files that it lists.
    case byAllFiles
}
