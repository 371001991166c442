#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/// As <linux/openat2.h> has them, which Debian 12's headers bring and older ones do not.
struct how {
    unsigned long long flags, mode, resolve;
};
enum { NO_MAGIC_LINKS = 0x02, NO_SYMBOLIC_LINKS = 0x04, BENEATH = 0x08 };

static const int file_flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

/// The same for kernels before 5.6, or a sandbox that does not know the call: one name after the other.
static int open_by_steps(int folder, const char *path) {
    int here = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    while (here >= 0) {
        while (*path == '/') path++;
        const char *end = strchrnul(path, '/');
        char name[256];
        size_t length = (size_t)(end - path);
        int failure = length == 0 ? EISDIR : length >= sizeof name ? ENAMETOOLONG : 0;
        if (failure == 0) {
            memcpy(name, path, length);
            name[length] = 0;
            if (strcmp(name, "..") == 0) failure = EXDEV;
        }
        int next = -1;
        if (failure == 0) {
            next = *end ? openat(here, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                        : openat(here, name, file_flags);
            if (next < 0) failure = errno;
        }
        close(here);
        if (failure != 0) {
            errno = failure;
            return -1;
        }
        if (*end == 0) return next;
        here = next;
        path = end;
    }
    return -1;
}

int clinux_open_beneath(int folder, const char *path) {
    struct how how = {
        .flags = (unsigned long long)file_flags, .resolve = BENEATH | NO_SYMBOLIC_LINKS | NO_MAGIC_LINKS};
    int file;
    do file = (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
    while (file < 0 && (errno == EINTR || errno == EAGAIN));
    if (file >= 0 || (errno != ENOSYS && errno != EPERM)) return file;
    return open_by_steps(folder, path);
}

static const char acl[] = "system.posix_acl_access";
/// The kernel allows no larger attribute.
enum { LARGEST_ATTRIBUTE = 65536 };

int clinux_has_acl(const char *path) { return lgetxattr(path, acl, NULL, 0) > 0; }

int clinux_copy_acl(const char *from, int to) {
    static _Thread_local char value[LARGEST_ATTRIBUTE];
    ssize_t size = lgetxattr(from, acl, value, sizeof value);
    if (size <= 0) {
        // One that it got from its folder would admit whom the other file does not.
        fremovexattr(to, acl);
        return 0;
    }
    return fsetxattr(to, acl, value, (size_t)size, 0);
}

void clinux_reuse_pieces(int bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, 16 * bytes);
}

void clinux_give_memory_back(void) { malloc_trim(0); }
