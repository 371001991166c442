/// Which look at a settled photo's bytes its admission needs; reading photos costs.
package enum RequiredLook: Sendable {
    /// Only what the record says of its file is to be brought up to date.
    case identity
    /// It will be queued whatever its bytes are.
    case nothing
    /// Its sidecars may prove that it is done.
    case proof
    /// Its digest tells whether it is still the photo that is done.
    case digest
}
