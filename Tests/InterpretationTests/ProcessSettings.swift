import Foundation

enum ProcessSettings {
    /// With METHODS_VERBOSE set, tests print the differences they measure.
    static let isVerbose = ProcessInfo.processInfo.environment["METHODS_VERBOSE"] != nil
}
