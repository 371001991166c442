import CLinux
import Glibc

/// A file without a name that holds the values of tensors, so that the kernel can take their memory back when it is needed
/// elsewhere, and read them again when they are.
///
/// Nobody else can open it: a file that somebody may change or cut short would change the tensors, or end the process.
package struct TensorFile: ~Copyable {
    /// Why there is no such file, in words: a disk that is full, a folder that is not there.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Bytes between the beginnings of tensors: a cache line.
    private static let alignment = 64

    private let descriptor: CInt
    private let mapping: FileMapping
    private var end = 0

    /// - Parameters:
    ///   - folder: on a disk. The file is there as long as tensors lie in it, and takes its place there.
    ///   - counts: of the values of each tensor that shall be moved.
    package init(in folder: String, for counts: [Int]) throws(Failure) {
        let size = counts.reduce(0) { $0 + TensorFile.room($1) }
        let opened = clinux_open_unnamed(folder)
        guard opened >= 0 else { throw Failure("no file in \(folder)") }
        // Taken now, since a page that finds no room on the disk later would be lost.
        let code = posix_fallocate(opened, 0, off_t(max(size, 1)))
        guard code == 0, let mapping = FileMapping(opened, count: size) else {
            let failure = Failure("no room for \(size >> 20) MiB in \(folder)", code: code == 0 ? errno : code)
            close(opened)
            throw failure
        }
        self.mapping = mapping
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// The same tensor with its values in the file. To be called with as many values, in the order that was announced.
    package mutating func moved(_ tensor: Tensor) throws(Failure) -> Tensor {
        let start = end
        guard start + TensorFile.room(tensor.count) <= mapping.count else {
            throw Failure("no room for it", code: ENOSPC)
        }
        try tensor.withUnsafeValues { (values) throws(Failure) in
            let bytes = UnsafeRawBufferPointer(values)
            var done = 0
            while done < bytes.count {
                let written = pwrite(
                    descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(start + done))
                if written > 0 { done += written } else if errno != EINTR { throw Failure("writing weights") }
            }
        }
        end += TensorFile.room(tensor.count)
        return Tensor(shape: tensor.shape, in: mapping, at: start)
    }

    private static func room(_ count: Int) -> Int {
        (count * MemoryLayout<Float>.stride + alignment - 1) / alignment * alignment
    }
}

extension TensorFile.Failure {
    fileprivate init(_ what: String, code: CInt = errno) {
        description = "\(what): \(String(cString: strerror(code)))"
    }
}

/// A whole file in memory, for reading, as long as somebody holds it. To be used for files of the process's own: where
/// somebody cuts a mapped file short, the process ends.
final class FileMapping: @unchecked Sendable {
    let start: UnsafeRawPointer
    let count: Int

    /// - Parameter count: the file's bytes.
    /// - Returns: nil, with the reason in `errno`, where the system has none.
    init?(_ descriptor: CInt, count: Int) {
        guard let address = mmap(nil, max(count, 1), PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            return nil
        }
        start = UnsafeRawPointer(address)
        self.count = count
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: start), max(count, 1)) }

    /// The pages of these bytes, which lie in the mapping, are no longer in the process's memory; the file has them.
    func letGo(_ bytes: UnsafeRawBufferPointer) {
        guard let address = bytes.baseAddress, bytes.count > 0 else { return }
        let page = sysconf(CInt(_SC_PAGESIZE))
        let from = (address - start) / page * page
        madvise(UnsafeMutableRawPointer(mutating: start + from), address - start + bytes.count - from, MADV_DONTNEED)
    }
}
