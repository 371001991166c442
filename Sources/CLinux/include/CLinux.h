#pragma once

/// What Linux offers and Swift cannot call: system calls without a function in libc, and functions of headers that Swift's
/// module of libc leaves out.

/// Opens the file at `path`, relative to the open folder `folder`, for reading. No symbolic link on the way is followed and
/// nothing above the folder is reached, whoever changes the path meanwhile. It does not wait for the writer of a FIFO.
///
/// Returns a descriptor, or -1 with `errno`: `ELOOP` for a link, `EXDEV` for a way out.
int clinux_open_beneath(int folder, const char *path);

/// Gives the open file `to` the POSIX access control list that the file at `from` has. Returns 0, also where `from` has none and
/// `to` therefore loses its own; -1 where `from` has one that `to` cannot get.
int clinux_copy_acl(const char *from, int to);

/// Whether the file at `path` has a POSIX access control list.
int clinux_has_acl(const char *path);

/// Gives memory that is free back to the system.
void clinux_give_memory_back(void);
