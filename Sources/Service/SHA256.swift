import CCrypto
public import Foundation

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, as lower-case hexadecimal digits.
public enum SHA256 {
    /// The digest of `data`.
    public static func hexDigest(of data: Data) -> String {
        let digest = Digest()
        data.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    /// The digest of the file at `path`, read a mebibyte at a time; symbolic links are not followed.
    ///
    /// - Throws: `FileError`.
    public static func hexDigest(ofFile path: FilePath) throws(FileError) -> String {
        let digest = Digest()
        try OpenFile(path).readAll { digest.update($0) }
        return digest.finish()
    }

    /// A digest under way.
    private final class Digest {
        private let context = EVP_MD_CTX_new()

        init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

        deinit { EVP_MD_CTX_free(context) }

        func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

        func finish() -> String {
            var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var count: UInt32 = 0
            EVP_DigestFinal_ex(context, &digest, &count)
            return digest.prefix(Int(count)).map { byte in
                let digits = String(byte, radix: 16)
                return byte < 16 ? "0" + digits : digits
            }.joined()
        }
    }
}
