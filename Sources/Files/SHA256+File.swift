public import Digests

extension SHA256 {
    /// The digest of the file at `path`, read a mebibyte at a time; symbolic links are not followed.
    ///
    /// - Throws: `FileError`.
    @available(*, noasync, message: "call it within FileWork.run")
    public static func hexDigest(ofFile path: FilePath) throws(FileError) -> String {
        var digest = SHA256()
        try OpenFile(path).readAll { digest.update($0) }
        return digest.hexDigest()
    }
}
