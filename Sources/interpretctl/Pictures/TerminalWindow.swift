package import Glibc

/// The size of a terminal's window, and of a character in it.
package struct TerminalWindow: Equatable {
    package var columns = 80
    package var rows = 24
    /// In pixels.
    package var cellWidth = 8
    package var cellHeight = 16

    package init() {}

    /// Of the terminal at `descriptor`; what it does not say is as above.
    package init(of descriptor: Int32) {
        var size = winsize()
        // Where there is no terminal the size stays 0.
        _ = ioctl(descriptor, UInt(TIOCGWINSZ), &size)
        self.init(size)
    }

    package init(_ size: winsize) {
        guard size.ws_col > 0, size.ws_row > 0 else { return }
        columns = Int(size.ws_col)
        rows = Int(size.ws_row)
        let (width, height) = (Int(size.ws_xpixel) / columns, Int(size.ws_ypixel) / rows)
        // Terminals without pixels say 0, and some say nonsense.
        guard (4...64).contains(width), (6...128).contains(height) else { return }
        (cellWidth, cellHeight) = (width, height)
    }
}
