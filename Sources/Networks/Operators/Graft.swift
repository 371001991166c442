/// Where a window is cut out of a value [·,C,H,W] that was computed once, and what has changed is put into it.
///
/// Made by ``PatchGraph`` and never read from a file. Inputs: what has changed [N,C,h,w] (or [1,C,H,W], the same for
/// all items), the clean value [1,C,H,W], and which row and column of the tables each item uses [N,2].
public struct Graft: Sendable, Hashable {
    public enum Result: Sendable, Hashable {
        /// The window [N,C,h′,w′]; positions outside of the clean value hold `outside`.
        case window(outside: Float)
        /// The mean over each plane of the clean value with the changed part in it, [N,C,1,1]: the clean value's mean
        /// plus what the change adds to it.
        case mean
    }

    /// One axis, by the place of an item along it.
    public struct Axis: Sendable, Hashable {
        /// Positions of the result.
        public var extent: Int
        /// From one position of the result to the next, in positions of the clean value.
        public var step: Int
        /// Where the window begins in the clean value; less than 0 where it begins in the padding.
        public var first: [Int]
        /// The positions of the clean value that have changed.
        public var changed: [Range<Int>]
        /// Where in the clean value the changed tensor begins.
        public var source: [Int]

        public init(extent: Int, step: Int, first: [Int], changed: [Range<Int>], source: [Int]) {
            self.extent = extent
            self.step = step
            self.first = first
            self.changed = changed
            self.source = source
        }
    }

    public var items: Int
    public var rows: Axis
    public var columns: Axis
    public var result: Result

    public init(items: Int, rows: Axis, columns: Axis, result: Result) {
        self.items = items
        self.rows = rows
        self.columns = columns
        self.result = result
    }
}
