// Faults below a program, for `Scripts/torture`: loaded into it with LD_PRELOAD.
//
// TORTURE_FOLDER   what happens outside of it is left alone
// TORTURE_KILL_AT  SIGKILL instead of the so-manieth call that changes something in it (the first is 1)
// TORTURE_CONTROL  a file of three 64-bit integers that may change at any time: an errno with which such calls fail (0: none),
//                  seconds by which the clock of the day is wrong, and how many such calls there were
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    _Atomic int64_t error, clock_offset, calls;
} control_block;

static control_block private_block;
static control_block *control = &private_block;
static const char *folder;
static long kill_at;

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void prepare(void) {
    folder = getenv("TORTURE_FOLDER");
    const char *at = getenv("TORTURE_KILL_AT");
    kill_at = at ? atol(at) : 0;
    const char *path = getenv("TORTURE_CONTROL");
    const int file = path ? REAL(open)(path, O_RDWR) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof(control_block), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) control = shared;
    close(file);
}

static int is_inside(const char *path) { return folder && path && strncmp(path, folder, strlen(folder)) == 0; }

static int is_file_inside(int descriptor) {
    struct stat status;
    if (!folder || fstat(descriptor, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_inside(path);
}

/// A path below an open folder, or any path where that is no folder of its own.
static int is_inside_at(int descriptor, const char *path) {
    return path && path[0] == '/' ? is_inside(path) : descriptor == AT_FDCWD ? 0 : is_file_inside(descriptor);
}

/// Whether the call fails, with errno set.
static int fails(void) {
    const int64_t number = atomic_fetch_add(&control->calls, 1) + 1;
    if (kill_at > 0 && number == kill_at) kill(getpid(), SIGKILL);
    const int64_t error = atomic_load(&control->error);
    if (error == 0) return 0;
    errno = (int)error;
    return 1;
}

#define CHANGES(result, name, parameters, arguments, isInside)      \
    result name parameters {                                        \
        if ((isInside) && fails()) return -1;                       \
        return REAL(name) arguments;                                \
    }

CHANGES(ssize_t, write, (int d, const void *b, size_t n), (d, b, n), is_file_inside(d))
CHANGES(ssize_t, pwrite, (int d, const void *b, size_t n, off_t o), (d, b, n, o), is_file_inside(d))
CHANGES(ssize_t, pwrite64, (int d, const void *b, size_t n, off64_t o), (d, b, n, o), is_file_inside(d))
CHANGES(ssize_t, writev, (int d, const struct iovec *v, int n), (d, v, n), is_file_inside(d))
CHANGES(int, fsync, (int d), (d), is_file_inside(d))
CHANGES(int, fdatasync, (int d), (d), is_file_inside(d))
CHANGES(int, ftruncate, (int d, off_t n), (d, n), is_file_inside(d))
CHANGES(int, ftruncate64, (int d, off64_t n), (d, n), is_file_inside(d))
CHANGES(int, rename, (const char *a, const char *b), (a, b), is_inside(b))
CHANGES(int, renameat, (int c, const char *a, int d, const char *b), (c, a, d, b), is_inside_at(d, b))
CHANGES(int, renameat2, (int c, const char *a, int d, const char *b, unsigned f), (c, a, d, b, f), is_inside_at(d, b))
CHANGES(int, link, (const char *a, const char *b), (a, b), is_inside(b))
CHANGES(int, linkat, (int c, const char *a, int d, const char *b, int f), (c, a, d, b, f), is_inside_at(d, b))
// Nothing is put away for lack of room, but somebody may be killed before.
int unlink(const char *path) {
    if (is_inside(path)) {
        const int64_t number = atomic_fetch_add(&control->calls, 1) + 1;
        if (kill_at > 0 && number == kill_at) kill(getpid(), SIGKILL);
    }
    return REAL(unlink)(path);
}

// MARK: The clock of the day

int clock_gettime(clockid_t clock, struct timespec *time) {
    const int result = REAL(clock_gettime)(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += atomic_load(&control->clock_offset);
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    const int result = REAL(gettimeofday)(time, zone);
    if (result == 0) time->tv_sec += atomic_load(&control->clock_offset);
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
