/* fail.c: see fail.h. Compiled without 64-bit names of calls, so that both names can be given. */
#include "fail.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HALF = -1, WAYS_MAX = 4 };

static struct fail *_Atomic failing;

void __sanitizer_print_stack_trace(void) __attribute__((weak));

void fail_begin(struct fail *fail)
{
	if (fail) {
		atomic_store(&fail->count, 0);
		fail->fired = fail->mild = false;
	}
	atomic_store(&failing, fail);
}

/* What this call fails with: 0: it does not; HALF: of the bytes; else a number for errno. @ways ends with 0. */
static int fault(const char *call, int file, const char *path, const int ways[WAYS_MAX + 1])
{
	struct fail *fail = atomic_load(&failing);
	char link[64], open_path[120] = "";
	size_t n = 0;
	if (!fail || (!path && file >= 0 && file <= 2) || atomic_fetch_add(&fail->count, 1) + 1 != fail->at)
		return 0;
	while (ways[n])
		n++;
	int how = ways[(fail->at + fail->turn) % n];
	if (!path && file >= 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", file);
		ssize_t length = readlink(link, open_path, sizeof open_path - 1);
		open_path[length > 0 ? length : 0] = 0;
	}
	fail->fired = true;
	fail->mild = how == HALF || how == EINTR || strcmp(call, "access") == 0 || /* Who opens it meets it. */
	             strcmp(call, "mmap") == 0 ||    /* The store is tried again with a smaller map. */
	             strcmp(call, "ftruncate") == 0; /* Of the lock, whose content is only a hint. */
	snprintf(fail->what, sizeof fail->what, "%s of %.120s: %s", call, path ? path : open_path, how == HALF ? "half of it" : strerrorname_np(how));
	if (fail->traced) {
		fprintf(stderr, "the call that fails: %s\n", fail->what);
		if (__sanitizer_print_stack_trace)
			__sanitizer_print_stack_trace();
	}
	return how;
}

#define WAYS(...) (const int[WAYS_MAX + 1]){__VA_ARGS__}
#define FAULT(call, file, path, value, ...)                                   \
	do {                                                                        \
		int how_ = fault(call, file, path, WAYS(__VA_ARGS__));                    \
		if (how_) {                                                               \
			errno = how_;                                                           \
			return value;                                                           \
		}                                                                         \
	} while (0)

/* ---- bytes ---- */

ssize_t read(int file, void *bytes, size_t n)
{
	int how = fault("read", file, NULL, WAYS(EIO, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_read, file, bytes, how && n > 1 ? n / 2 : n);
}

ssize_t pread(int file, void *bytes, size_t n, off_t at)
{
	int how = fault("pread", file, NULL, WAYS(EIO, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_pread64, file, bytes, how && n > 1 ? n / 2 : n, at);
}

ssize_t pread64(int file, void *bytes, size_t n, off_t at)
{
	return pread(file, bytes, n, at);
}

ssize_t write(int file, const void *bytes, size_t n)
{
	int how = fault("write", file, NULL, WAYS(EIO, ENOSPC, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_write, file, bytes, how && n > 1 ? n / 2 : n);
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at)
{
	int how = fault("pwrite", file, NULL, WAYS(EIO, ENOSPC, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_pwrite64, file, bytes, how && n > 1 ? n / 2 : n, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off_t at)
{
	return pwrite(file, bytes, n, at);
}

/* Half of several pieces is the first of them. */
ssize_t writev(int file, const struct iovec *parts, int n)
{
	int how = fault("writev", file, NULL, WAYS(EIO, ENOSPC, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_writev, file, parts, how && n > 1 ? n / 2 : n);
}

ssize_t pwritev(int file, const struct iovec *parts, int n, off_t at)
{
	int how = fault("pwritev", file, NULL, WAYS(EIO, ENOSPC, HALF, EINTR));
	errno = how > 0 ? how : errno;
	return how > 0 ? -1 : syscall(SYS_pwritev, file, parts, how && n > 1 ? n / 2 : n, at, 0);
}

ssize_t pwritev64(int file, const struct iovec *parts, int n, off_t at)
{
	return pwritev(file, parts, n, at);
}

void *mmap(void *at, size_t n, int protection, int flags, int file, off_t offset)
{
	FAULT("mmap", file, file < 0 ? "memory" : NULL, MAP_FAILED, ENOMEM);
	return (void *)syscall(SYS_mmap, at, n, protection, flags, file, offset); /* NOLINT */
}

void *mmap64(void *at, size_t n, int protection, int flags, int file, off_t offset)
{
	return mmap(at, n, protection, flags, file, offset);
}

/* ---- syncs and sizes ---- */

int fdatasync(int file)
{
	FAULT("fdatasync", file, NULL, -1, EIO, ENOSPC);
	return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
	FAULT("fsync", file, NULL, -1, EIO, ENOSPC);
	return (int)syscall(SYS_fsync, file);
}

int msync(void *at, size_t n, int flags)
{
	FAULT("msync", -1, "a map", -1, EIO);
	return (int)syscall(SYS_msync, at, n, flags);
}

int ftruncate(int file, off_t size)
{
	FAULT("ftruncate", file, NULL, -1, EIO, ENOSPC, EINTR);
	return (int)syscall(SYS_ftruncate, file, size);
}

int ftruncate64(int file, off_t size)
{
	return ftruncate(file, size);
}

int posix_fallocate(int file, off_t at, off_t n)
{
	int how = fault("posix_fallocate", file, NULL, WAYS(ENOSPC, EIO, EINTR));
	return how ? how : syscall(SYS_fallocate, file, 0, at, n) == 0 ? 0 : errno;
}

int posix_fallocate64(int file, off_t at, off_t n)
{
	return posix_fallocate(file, at, n);
}

int fstat(int file, struct stat *status)
{
	FAULT("fstat", file, NULL, -1, EIO);
	return (int)syscall(SYS_fstat, file, status);
}

int fstat64(int file, struct stat64 *status)
{
	return fstat(file, (struct stat *)status);
}

int stat(const char *path, struct stat *status)
{
	FAULT("stat", -1, path, -1, EIO);
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

int stat64(const char *path, struct stat64 *status)
{
	return stat(path, (struct stat *)status);
}

int access(const char *path, int mode)
{
	FAULT("access", -1, path, -1, EIO);
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

int flock(int file, int operation)
{
	FAULT("flock", file, NULL, -1, EIO, EINTR, ENOLCK);
	return (int)syscall(SYS_flock, file, operation);
}

/* ---- names ---- */

static int opened(const char *call, int folder, const char *path, int flags, mode_t mode)
{
	int how = flags & O_CREAT ? fault(call, -1, path, WAYS(EIO, ENOSPC, EMFILE, EINTR)) : fault(call, -1, path, WAYS(EIO, EMFILE, EINTR));
	errno = how ? how : errno;
	return how ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPENED(...)                                                           \
	va_list args;                                                               \
	va_start(args, flags);                                                      \
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, int) : 0; \
	va_end(args);                                                               \
	return opened(__VA_ARGS__, path, flags, mode)

int open(const char *path, int flags, ...)
{
	OPENED("open", AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
	OPENED("open", AT_FDCWD);
}

int openat(int folder, const char *path, int flags, ...)
{
	OPENED("openat", folder);
}

int openat64(int folder, const char *path, int flags, ...)
{
	OPENED("openat", folder);
}

int mkdir(const char *path, mode_t mode)
{
	FAULT("mkdir", -1, path, -1, EIO, ENOSPC);
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	FAULT("rename", -1, from, -1, EIO, ENOSPC);
	return (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int folder, const char *path, int flags)
{
	FAULT("unlink", -1, path, -1, EIO);
	return (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int link(const char *from, const char *to)
{
	FAULT("link", -1, from, -1, EIO, ENOSPC);
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int chmod(const char *path, mode_t mode)
{
	FAULT("chmod", -1, path, -1, EIO);
	return (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}

/* ---- what is not a call to the kernel ---- */

/* @call of libc, or of a sanitizer that stands before it. */
static void (*beyond(const char *call))(void)
{
	void (*found)(void);
	void *symbol = dlsym(RTLD_NEXT, call);
	memcpy(&found, &symbol, sizeof found);
	return found;
}

DIR *opendir(const char *path)
{
	FAULT("opendir", -1, path, NULL, EMFILE, EIO);
	return ((DIR *(*)(const char *))beyond("opendir"))(path);
}

DIR *fdopendir(int file)
{
	FAULT("fdopendir", file, NULL, NULL, ENOMEM);
	return ((DIR *(*)(int))beyond("fdopendir"))(file);
}

struct dirent64 *readdir64(DIR *folder)
{
	FAULT("readdir", dirfd(folder), NULL, NULL, EIO);
	return ((struct dirent64 *(*)(DIR *))beyond("readdir64"))(folder);
}

FILE *fopen64(const char *path, const char *mode)
{
	FAULT("fopen", -1, path, NULL, EMFILE, EIO);
	return ((FILE *(*)(const char *, const char *))beyond("fopen64"))(path, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
	if (fault("pthread_create", -1, "a thread", WAYS(EAGAIN)))
		return EAGAIN;
	return ((int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))beyond("pthread_create"))(thread, attributes, run, arg);
}
