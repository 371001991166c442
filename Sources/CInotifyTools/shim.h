/// libinotifytools (GPL-2+; linked as a separate library behind the `FolderWatcher` protocol) and the kernel's
/// own event masks and structure, which its header only declares.

#ifndef INTERPRETD_CINOTIFYTOOLS_H
#define INTERPRETD_CINOTIFYTOOLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>

#include <inotifytools/inotifytools.h>

/// The flexible array member `name` does not reach Swift; this returns it, NULL where the event is about the
/// watched folder itself. The kernel pads it with zero bytes, so it is always terminated.
static inline const char *_Nullable inotify_event_name(const struct inotify_event *_Nonnull event) {
    return event->len > 0 ? event->name : NULL;
}

#endif
