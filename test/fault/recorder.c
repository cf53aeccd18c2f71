/*
 * recorder.c: to be preloaded: writes down everything a process does to the files under RECORD_FOLDER, in order and with
 * contents, to RECORD_TRACE; and what it has acknowledged, by calling recorder_mark.
 *
 * One lock around each call and its line, so the order written down is the order in which it happened. Files and folders
 * are named by their inode. Memory maps are read-only in our programs, so msync writes nothing.
 */
#include "trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) (*(__typeof__(&name))real(#name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace_file = -1;
static char root[PATH_MAX];

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (!found)
		abort();
	return found;
}

__attribute__((constructor)) static void start(void)
{
	const char *trace = getenv("RECORD_TRACE"), *folder = getenv("RECORD_FOLDER");
	if (!trace || !folder || !realpath(folder, root))
		return;
	trace_file = ((int (*)(const char *, int, ...))real("open"))(trace, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (trace_file < 0)
		abort();
}

static ssize_t write_out(const void *bytes, size_t n)
{
	return ((ssize_t(*)(int, const void *, size_t))real("write"))(trace_file, bytes, n);
}

static void put(const struct trace_op *op, const void *bytes)
{
	if (write_out(op, sizeof *op) != sizeof *op || (op->bytes && write_out(bytes, op->bytes) != (ssize_t)op->bytes))
		abort();
}

static int path_in(const char *path)
{
	size_t n = strlen(root);
	return trace_file >= 0 && strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int file_in(int file)
{
	char link[64], path[PATH_MAX];
	if (trace_file < 0 || file < 0)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return 0;
	path[n] = 0;
	return path_in(path);
}

static uint64_t inode_of(int file)
{
	struct stat status;
	return fstat(file, &status) == 0 ? status.st_ino : 0;
}

/* The folder and the last name of @path at @folder. */
static int place_of(int folder, const char *path, uint64_t *parent, char name[TRACE_NAME])
{
	char whole[PATH_MAX], up[PATH_MAX], resolved[PATH_MAX];
	struct stat status;
	if (path[0] != '/') {
		char link[64] = "/proc/self/cwd";
		if (folder != AT_FDCWD)
			snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
		ssize_t n = readlink(link, up, sizeof up - 1);
		if (n <= 0)
			return 0;
		up[n] = 0;
		snprintf(whole, sizeof whole, "%s/%s", up, path);
	} else {
		snprintf(whole, sizeof whole, "%s", path);
	}
	char *slash = strrchr(whole, '/');
	snprintf(name, TRACE_NAME, "%s", slash + 1);
	*slash = 0;
	if (!realpath(*whole ? whole : "/", resolved) || !path_in(resolved) || stat(resolved, &status) != 0)
		return 0;
	*parent = status.st_ino;
	return 1;
}

static void wrote(int file, const void *bytes, size_t n, off_t at)
{
	struct trace_op op = {.kind = TRACE_WRITE, .inode = inode_of(file), .at = (uint64_t)at, .n = n, .bytes = n};
	static const char zeros[4096];
	size_t z = 0;
	while (z < n && memcmp((const char *)bytes + z, zeros, n - z < sizeof zeros ? n - z : sizeof zeros) == 0)
		z += n - z < sizeof zeros ? n - z : sizeof zeros;
	if (z == n) {
		op.kind = TRACE_ZERO;
		op.bytes = 0;
	}
	put(&op, bytes);
	if (fcntl(file, F_GETFL) & O_DSYNC)
		put(&(struct trace_op){.kind = TRACE_SYNC_WRITE, .inode = op.inode}, NULL);
}

static void entered(uint64_t parent, const char *name, uint64_t inode, int is_folder)
{
	struct trace_op op = {.kind = TRACE_LINK, .inode = inode, .parent = parent, .n = (uint64_t)is_folder};
	snprintf(op.name, sizeof op.name, "%s", name);
	put(&op, NULL);
}

void recorder_mark(uint64_t id);
void recorder_mark(uint64_t id)
{
	pthread_mutex_lock(&lock);
	if (trace_file >= 0)
		put(&(struct trace_op){.kind = TRACE_MARK, .at = id}, NULL);
	pthread_mutex_unlock(&lock);
}

/* ---- what is written ---- */

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at)
{
	if (!file_in(file))
		return REAL(pwrite)(file, bytes, n, at);
	pthread_mutex_lock(&lock);
	ssize_t done = REAL(pwrite)(file, bytes, n, at);
	if (done > 0)
		wrote(file, bytes, (size_t)done, at);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off_t at)
{
	return pwrite(file, bytes, n, at);
}

ssize_t write(int file, const void *bytes, size_t n)
{
	if (!file_in(file))
		return REAL(write)(file, bytes, n);
	pthread_mutex_lock(&lock);
	off_t at = lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
	ssize_t done = REAL(write)(file, bytes, n);
	if (done > 0)
		wrote(file, bytes, (size_t)done, at);
	pthread_mutex_unlock(&lock);
	return done;
}

static void wrote_parts(int file, const struct iovec *parts, int n, off_t at, ssize_t left)
{
	for (int i = 0; i < n && left > 0; i++) {
		size_t here = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
		wrote(file, parts[i].iov_base, here, at);
		at += (off_t)here;
		left -= (ssize_t)here;
	}
}

ssize_t pwritev(int file, const struct iovec *parts, int n, off_t at)
{
	if (!file_in(file))
		return REAL(pwritev)(file, parts, n, at);
	pthread_mutex_lock(&lock);
	ssize_t done = REAL(pwritev)(file, parts, n, at);
	wrote_parts(file, parts, n, at, done);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t writev(int file, const struct iovec *parts, int n)
{
	if (!file_in(file))
		return REAL(writev)(file, parts, n);
	pthread_mutex_lock(&lock);
	off_t at = lseek(file, 0, SEEK_CUR);
	ssize_t done = REAL(writev)(file, parts, n);
	wrote_parts(file, parts, n, at, done);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwritev64(int file, const struct iovec *parts, int n, off_t at)
{
	return pwritev(file, parts, n, at);
}

int ftruncate(int file, off_t size)
{
	pthread_mutex_lock(&lock);
	int error = REAL(ftruncate)(file, size);
	if (!error && file_in(file))
		put(&(struct trace_op){.kind = TRACE_SIZE, .inode = inode_of(file), .n = (uint64_t)size}, NULL);
	pthread_mutex_unlock(&lock);
	return error;
}

int ftruncate64(int file, off_t size)
{
	return ftruncate(file, size);
}

int posix_fallocate(int file, off_t at, off_t n)
{
	pthread_mutex_lock(&lock);
	int error = REAL(posix_fallocate)(file, at, n);
	if (!error && file_in(file))
		put(&(struct trace_op){.kind = TRACE_GROW, .inode = inode_of(file), .n = (uint64_t)(at + n)}, NULL);
	pthread_mutex_unlock(&lock);
	return error;
}

int posix_fallocate64(int file, off_t at, off_t n)
{
	return posix_fallocate(file, at, n);
}

/* ---- what is made durable ---- */

static int synced(int file, int (*sync)(int))
{
	if (!file_in(file))
		return sync(file);
	pthread_mutex_lock(&lock);
	int error = sync(file);
	if (!error)
		put(&(struct trace_op){.kind = TRACE_SYNC, .inode = inode_of(file)}, NULL);
	pthread_mutex_unlock(&lock);
	return error;
}

int fdatasync(int file)
{
	return synced(file, (int (*)(int))real("fdatasync"));
}

int fsync(int file)
{
	return synced(file, (int (*)(int))real("fsync"));
}

/* ---- names ---- */

static int opened(const char *function, int folder, const char *path, int flags, mode_t mode)
{
	struct stat status;
	int (*open_at)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))real(function);
	if (trace_file < 0 || !(flags & O_CREAT))
		return open_at(folder, path, flags, mode);
	pthread_mutex_lock(&lock);
	int is_new = fstatat(folder, path, &status, 0) != 0;
	int file = open_at(folder, path, flags, mode);
	if (file >= 0 && file_in(file)) {
		uint64_t parent;
		char name[TRACE_NAME];
		if (is_new && place_of(folder, path, &parent, name))
			entered(parent, name, inode_of(file), 0);
		if (!is_new && flags & O_TRUNC)
			put(&(struct trace_op){.kind = TRACE_SIZE, .inode = inode_of(file)}, NULL);
	}
	pthread_mutex_unlock(&lock);
	return file;
}

static mode_t mode_of(int flags, va_list args)
{
	return flags & O_CREAT ? (mode_t)va_arg(args, int) : 0;
}

#define OPEN(name)                                        \
	int name(const char *path, int flags, ...)              \
	{                                                       \
		va_list args;                                         \
		va_start(args, flags);                                \
		mode_t mode = mode_of(flags, args);                   \
		va_end(args);                                         \
		return opened("openat", AT_FDCWD, path, flags, mode); \
	}
#define OPEN_AT(name)                                    \
	int name(int folder, const char *path, int flags, ...) \
	{                                                      \
		va_list args;                                        \
		va_start(args, flags);                               \
		mode_t mode = mode_of(flags, args);                  \
		va_end(args);                                        \
		return opened("openat", folder, path, flags, mode);  \
	}
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

int mkdir(const char *path, mode_t mode)
{
	struct stat status;
	uint64_t parent;
	char name[TRACE_NAME];
	pthread_mutex_lock(&lock);
	int error = REAL(mkdir)(path, mode);
	if (!error && place_of(AT_FDCWD, path, &parent, name) && stat(path, &status) == 0)
		entered(parent, name, status.st_ino, 1);
	pthread_mutex_unlock(&lock);
	return error;
}

static void unlinked(uint64_t parent, const char *name)
{
	struct trace_op op = {.kind = TRACE_UNLINK, .parent = parent};
	snprintf(op.name, sizeof op.name, "%s", name);
	put(&op, NULL);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	struct trace_op op = {.kind = TRACE_RENAME};
	char name[TRACE_NAME];
	uint64_t parent = 0;
	pthread_mutex_lock(&lock);
	int known = place_of(from_folder, from, &op.parent, op.name) && place_of(to_folder, to, &parent, name);
	int error = REAL(renameat)(from_folder, from, to_folder, to);
	if (!error && known) {
		snprintf(op.to, sizeof op.to, "%s", name);
		if (parent != op.parent)
			abort(); /* Ours stay in their folder. */
		put(&op, NULL);
	}
	pthread_mutex_unlock(&lock);
	return error;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int folder, const char *path, int flags)
{
	char name[TRACE_NAME];
	uint64_t parent;
	pthread_mutex_lock(&lock);
	int known = place_of(folder, path, &parent, name);
	int error = REAL(unlinkat)(folder, path, flags);
	if (!error && known)
		unlinked(parent, name);
	pthread_mutex_unlock(&lock);
	return error;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}
