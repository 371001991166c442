/// sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3): how the daemon talks to its service manager.

#ifndef INTERPRETD_CSYSTEMD_H
#define INTERPRETD_CSYSTEMD_H

#include <systemd/sd-daemon.h>

#endif
