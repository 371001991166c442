#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

int clinux_open_unnamed(const char *folder) {
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file >= 0) return file;
    // Some file systems make none without a name; there it has one for a moment.
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/.unnamed-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    file = mkostemp(path, O_CLOEXEC);
    if (file >= 0) unlink(path);
    return file;
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

/// Who sent a datagram, and a file; room for two files where one is expected, since the kernel pads.
enum { CONTROL = CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int)) };

ssize_t clinux_receive_file(int socket, void *bytes, size_t capacity, int *file, uid_t *user) {
    _Alignas(struct cmsghdr) char control[CONTROL];
    struct iovec piece = {bytes, capacity};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *file = -1;
    *user = (uid_t)-1;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET) continue;
        size_t size = part->cmsg_len - CMSG_LEN(0);
        if (part->cmsg_type == SCM_CREDENTIALS && size >= sizeof(struct ucred)) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(part), sizeof sender);
            *user = sender.uid;
        }
        if (part->cmsg_type != SCM_RIGHTS) continue;
        for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
            int one;
            memcpy(&one, CMSG_DATA(part) + at, sizeof one);
            if (*file < 0) *file = one;
            else close(one);
        }
    }
    return count;
}

int clinux_send_file(const char *path, const void *bytes, size_t count, int file) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sender < 0) return -1;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {(void *)bytes, count};
    struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &piece, .msg_iovlen = 1,
                             .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(part), &file, sizeof file);
    ssize_t sent;
    do sent = sendmsg(sender, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    int failure = errno;
    close(sender);
    errno = failure;
    return sent < 0 ? -1 : 0;
}

void clinux_give_memory_back(void) { malloc_trim(0); }
