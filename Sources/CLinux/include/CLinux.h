#pragma once

#include <sys/types.h>

/// What Linux offers and Swift cannot call: system calls without a function in libc, and functions of headers that Swift's
/// module of libc leaves out.

/// Opens the file at `path`, relative to the open folder `folder`, for reading. No symbolic link on the way is followed and
/// nothing above the folder is reached, whoever changes the path meanwhile. It does not wait for the writer of a FIFO.
///
/// Returns a descriptor, or -1 with `errno`: `ELOOP` for a link, `EXDEV` for a way out.
int clinux_open_beneath(int folder, const char *path);

/// Opens a file without a name on the disk of `folder`, for reading and writing: nobody else can open it, and it is gone when it
/// is closed, also where the process is killed. The programs that this one starts do not get it.
///
/// Returns a descriptor, or -1 with `errno`.
int clinux_open_unnamed(const char *folder);

/// Gives the open file `to` the POSIX access control list that the file at `from` has. Returns 0, also where `from` has none and
/// `to` therefore loses its own; -1 where `from` has one that `to` cannot get.
int clinux_copy_acl(const char *from, int to);

/// Whether the file at `path` has a POSIX access control list.
int clinux_has_acl(const char *path);

/// From now on pieces of memory of up to `bytes` come from the C library's heap, which keeps up to sixteen times that when it is
/// free. By themselves, larger pieces of a photo's work are mapped, filled with zeros and unmapped each time.
void clinux_reuse_pieces(int bytes);

/// Takes the next datagram of `socket` into `bytes`, without waiting. `*file` becomes the first open file that came with it, or -1;
/// further ones are closed. `*user` becomes who sent it, as the kernel knows, where the socket has SO_PASSCRED.
///
/// Returns the datagram's bytes, cut to `capacity`; -1 with `errno`, `EAGAIN` where there is none.
ssize_t clinux_receive_file(int socket, void *bytes, size_t capacity, int *file, uid_t *user);

/// Sends `bytes` with the open file `file` as one datagram to the socket at `path`, without waiting. Returns 0, or -1 with
/// `errno`: `EAGAIN` where the receiver has too many to read.
int clinux_send_file(const char *path, const void *bytes, size_t count, int file);

/// Gives memory that is free back to the system.
void clinux_give_memory_back(void);
