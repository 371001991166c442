extension Tensor {
    /// Whether some value is no number.
    public var hasNaN: Bool { values.contains { $0 != $0 } }
}
