public import Foundation

/// How the place is in which the catalog's records lie.
public struct CatalogCondition: Sendable, Hashable {
    /// What is wrong with it, in words; nil where nothing is, or where nobody looked.
    public var damage: String?
    /// When the records were last copied; nil where they never were.
    public var lastBackup: Date?
    /// Paths of damaged catalogs that were set aside and are still there.
    public var setAside: [String]

    init(damage: String? = nil, lastBackup: Date? = nil, setAside: [String] = []) {
        self.damage = damage
        self.lastBackup = lastBackup
        self.setAside = setAside
    }
}
