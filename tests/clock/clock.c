/*
 * A clock that a test sets: preloaded into programs, it makes time pass faster for all of them alike.
 *
 * The file that TEST_CLOCK names says since which moment of the machine's monotonic clock how many nanoseconds more have
 * passed and at what rate time passes now (see support/clock.mjs, which writes it). Clocks show that time, and whoever waits
 * for a while waits until it has passed, also when the rate changes meanwhile.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
/* Nobody waits longer than this before looking at the clock again. */
#define SLICE (20 * 1000000LL)

struct told {
    volatile int64_t before; /* the same as `after`, unless it is being written */
    volatile int64_t base;   /* monotonic, in nanoseconds */
    volatile int64_t extra;  /* nanoseconds ahead at `base` */
    volatile int64_t rate;   /* in thousandths */
    volatile int64_t after;
};

static const struct told *told;
static int (*real_gettime)(clockid_t, struct timespec *);
static long (*real_syscall)(long, ...);
static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int (*real_poll)(struct pollfd *, nfds_t, int);
static int (*real_clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    if (real_gettime)
        return;
    real_syscall = dlsym(RTLD_NEXT, "syscall");
    real_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");
    real_poll = dlsym(RTLD_NEXT, "poll");
    real_clock_nanosleep = dlsym(RTLD_NEXT, "clock_nanosleep");
    real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *map = mmap(NULL, sizeof(struct told), PROT_READ, MAP_SHARED, file, 0);
        if (map != MAP_FAILED)
            told = map;
        close(file);
    }
}

static int64_t ns(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static struct timespec timespec_of(int64_t value)
{
    return (struct timespec){ .tv_sec = value / SECOND, .tv_nsec = value % SECOND };
}

static int64_t machine(void)
{
    struct timespec now;
    begin();
    real_gettime(CLOCK_MONOTONIC, &now);
    return ns(&now);
}

/* How far this clock is ahead of the machine's; *rate in thousandths. */
static int64_t ahead(int64_t *rate)
{
    *rate = 1000;
    if (!told)
        return 0;
    for (;;) {
        int64_t mark = told->before;
        atomic_thread_fence(memory_order_acquire);
        int64_t base = told->base, extra = told->extra, now_rate = told->rate;
        atomic_thread_fence(memory_order_acquire);
        if (mark == told->after) {
            *rate = now_rate;
            int64_t since = machine() - base;
            return extra + (since / 1000) * (now_rate - 1000);
        }
    }
}

static int64_t shown(void)
{
    int64_t rate, more = ahead(&rate);
    return machine() + more;
}

/* What is left until `until`, in the machine's nanoseconds, and no more than a slice. */
static int64_t slice(int64_t until)
{
    int64_t rate;
    int64_t left = until - machine() - ahead(&rate);
    left = left <= 0 ? 0 : left * 1000 / rate;
    return left > SLICE ? SLICE : left;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    begin();
    int failed = real_gettime(id, out);
    if (failed == 0 && (id == CLOCK_REALTIME || id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME ||
                        id == CLOCK_REALTIME_COARSE || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW)) {
        int64_t rate;
        *out = timespec_of(ns(out) + ahead(&rate));
    }
    return failed;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int epoll_wait(int handle, struct epoll_event *events, int most, int timeout)
{
    begin();
    if (timeout <= 0 || !told)
        return real_epoll_wait(handle, events, most, timeout);
    int64_t until = shown() + timeout * 1000000LL;
    for (;;) {
        int64_t left = slice(until);
        int found = real_epoll_wait(handle, events, most, (int)((left + 999999) / 1000000));
        if (found != 0 || left == 0)
            return found;
    }
}

int poll(struct pollfd *handles, nfds_t count, int timeout)
{
    begin();
    if (timeout <= 0 || !told)
        return real_poll(handles, count, timeout);
    int64_t until = shown() + timeout * 1000000LL;
    for (;;) {
        int64_t left = slice(until);
        int found = real_poll(handles, count, (int)((left + 999999) / 1000000));
        if (found != 0 || left == 0)
            return found;
    }
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *time, struct timespec *rest)
{
    begin();
    if (!told)
        return real_clock_nanosleep(id, flags, time, rest);
    int64_t left, until = ns(time);
    if (flags & TIMER_ABSTIME) {
        struct timespec clock;
        real_gettime(id, &clock);
        until += machine() - ns(&clock);
    } else {
        until += shown();
    }
    while ((left = slice(until)) > 0) {
        struct timespec some = timespec_of(left);
        int failed = real_clock_nanosleep(CLOCK_MONOTONIC, 0, &some, NULL);
        if (failed) {
            if (rest)
                *rest = timespec_of(until > shown() ? until - shown() : 0);
            return failed;
        }
    }
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
    int failed = clock_nanosleep(CLOCK_MONOTONIC, 0, time, rest);
    if (failed)
        errno = failed;
    return failed ? -1 : 0;
}

/* Rust's threads wait with futex until a moment of the monotonic clock. */
long syscall(long number, ...)
{
    __builtin_va_list list;
    long a[6];
    __builtin_va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = __builtin_va_arg(list, long);
    __builtin_va_end(list);
    begin();
    int command = (int)a[1] & FUTEX_CMD_MASK;
    if (number != SYS_futex || command != FUTEX_WAIT_BITSET || !a[3] || !told || ((int)a[1] & FUTEX_CLOCK_REALTIME))
        return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    int64_t until = ns((const struct timespec *)a[3]);
    for (;;) {
        int64_t left = slice(until);
        struct timespec moment = timespec_of(machine() + left);
        long found = real_syscall(number, a[0], a[1], a[2], &moment, a[4], a[5]);
        if (!(found < 0 && errno == ETIMEDOUT) || left == 0)
            return found;
    }
}
