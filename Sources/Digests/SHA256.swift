import CCrypto
public import Foundation

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, as lower-case hexadecimal digits.
///
/// A digest under way takes bytes as they come; most callers have them at once and take ``hexDigest(of:)``.
public struct SHA256: ~Copyable {
    private let context = EVP_MD_CTX_new()

    public init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    public mutating func update(_ data: Data) {
        data.withUnsafeBytes { update($0) }
    }

    /// The digest of all that was taken.
    public consuming func hexDigest() -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        EVP_DigestFinal_ex(context, &digest, &count)
        return digest.prefix(Int(count)).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }

    /// The digest of `data`.
    public static func hexDigest(of data: Data) -> String {
        var digest = SHA256()
        digest.update(data)
        return digest.hexDigest()
    }
}
