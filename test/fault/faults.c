/*
 * faults.c: to be preloaded: makes calls on files under FAULT_FOLDER fail.
 *
 *   FAULT_SYNC=n         the n-th fsync or fdatasync says EIO
 *   FAULT_FULL=from,ms   from the from-th write or allocation on, for ms milliseconds, all of them say ENOSPC
 *   FAULT_DIE=n          once the file FAULT_FOLDER/die is there, the process is killed before its n-th sync or rename
 *   FAULT_PART=text      of FAULT_DIE: only those of files and folders whose path has this in it are counted
 *   FAULT_SHORT=seed     writes to the log are cut short or interrupted (EINTR), about every third
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

static const char *folder, *part_counted;
static long sync_nth, die_nth, full_from, full_ms, short_seed;
static atomic_long syncs, deaths, writes;
static _Atomic int64_t full_until;

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

#define REAL(name) (*(__typeof__(&name))real(#name))

static long number(const char *name)
{
	const char *text = getenv(name);
	return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
	const char *full = getenv("FAULT_FULL");
	folder = getenv("FAULT_FOLDER");
	sync_nth = number("FAULT_SYNC");
	die_nth = number("FAULT_DIE");
	part_counted = getenv("FAULT_PART") ? getenv("FAULT_PART") : "";
	short_seed = number("FAULT_SHORT");
	if (full && sscanf(full, "%ld,%ld", &full_from, &full_ms) != 2)
		abort();
}

static int file_in(int file, const char *part)
{
	char link[64], path[PATH_MAX];
	if (!folder || file < 0)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return 0;
	path[n] = 0;
	return strncmp(path, folder, strlen(folder)) == 0 && strstr(path, part) != NULL;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_full(int file)
{
	if (!full_from || !file_in(file, "/"))
		return 0;
	long mine = atomic_fetch_add(&writes, 1) + 1;
	if (mine == full_from)
		atomic_store(&full_until, now_ms() + full_ms);
	return mine >= full_from && now_ms() < atomic_load(&full_until);
}

/* The moment before something becomes durable is the one at which a crash hurts most. */
static void perhaps_die(int inside)
{
	char sign[PATH_MAX];
	if (!die_nth || !inside)
		return;
	snprintf(sign, sizeof sign, "%s/die", folder);
	if (access(sign, F_OK) == 0 && atomic_fetch_add(&deaths, 1) + 1 == die_nth)
		kill(getpid(), SIGKILL);
}

static int sync_fails(int file)
{
	perhaps_die(die_nth && file_in(file, part_counted));
	if (!sync_nth || !file_in(file, "/") || atomic_fetch_add(&syncs, 1) + 1 != sync_nth)
		return 0;
	errno = EIO;
	return 1;
}

int fdatasync(int file)
{
	return sync_fails(file) ? -1 : REAL(fdatasync)(file);
}

int fsync(int file)
{
	return sync_fails(file) ? -1 : REAL(fsync)(file);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	perhaps_die(die_nth && file_in(to_folder, part_counted));
	return REAL(renameat)(from_folder, from, to_folder, to);
}

int rename(const char *from, const char *to)
{
	perhaps_die(folder && strncmp(to, folder, strlen(folder)) == 0 && strstr(to, part_counted));
	return REAL(rename)(from, to);
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at)
{
	if (is_full(file)) {
		errno = ENOSPC;
		return -1;
	}
	if (short_seed && file_in(file, "/log/")) {
		unsigned dice = (unsigned)(atomic_fetch_add(&writes, 1) * 2654435761u + (unsigned)short_seed) >> 16;
		if (dice % 6 == 0) {
			errno = EINTR;
			return -1;
		}
		if (dice % 6 == 1 && n > 1)
			n = 1 + dice / 6 % (n - 1);
	}
	return REAL(pwrite)(file, bytes, n, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off_t at)
{
	return pwrite(file, bytes, n, at);
}

ssize_t pwritev(int file, const struct iovec *parts, int n, off_t at)
{
	if (is_full(file)) {
		errno = ENOSPC;
		return -1;
	}
	return REAL(pwritev)(file, parts, n, at);
}

ssize_t writev(int file, const struct iovec *parts, int n)
{
	if (is_full(file)) {
		errno = ENOSPC;
		return -1;
	}
	return REAL(writev)(file, parts, n);
}

ssize_t pwritev64(int file, const struct iovec *parts, int n, off_t at)
{
	return pwritev(file, parts, n, at);
}

int posix_fallocate(int file, off_t at, off_t n)
{
	return is_full(file) ? ENOSPC : REAL(posix_fallocate)(file, at, n);
}

int posix_fallocate64(int file, off_t at, off_t n)
{
	return posix_fallocate(file, at, n);
}
