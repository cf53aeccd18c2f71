/* disk.c: see disk.h. Compiled without 64-bit names of calls, so that both names can be given. */
#include "disk.h"
#include "random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES_MAX = 256, NAME_BYTES = 128, SECTOR = 512, PAGE = 4096 };

struct write_op {
	uint64_t at, n, size_before, size_after;
	uint8_t *before, *after; /* NULL: only the size changed. before has what lay between at and size_before. */
	uint64_t before_n;
};

struct name_op {
	enum { NAME_MADE, NAME_TAKEN, NAME_CHANGED } kind;
	char name[NAME_BYTES], to[NAME_BYTES];
	unsigned stashed; /* The file that was there before, in the stash; 0: none. */
};

/* A file with writes that are not on the disk, or a folder with such changes of names. */
struct watched {
	ino_t inode;
	int file; /* Of our own. */
	bool of_log;
	struct write_op *writes;
	struct name_op *names;
	size_t n, capacity, names_n, names_capacity;
};

static struct disk_options options;
static dev_t device;
static struct watched watched[FILES_MAX];
static size_t watched_n;
static uint64_t steps;
static unsigned stash_n;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool on;

static _Noreturn void broken(const char *what)
{
	fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
	abort();
}

static void *grow(void *p, size_t *capacity, size_t n, size_t bytes)
{
	if (n < *capacity)
		return p;
	*capacity = 2 * n + 16;
	p = realloc(p, *capacity * bytes);
	if (!p)
		broken("no memory");
	return p;
}

/* ---- what is watched ---- */

static bool is_ours(int file, struct stat *status)
{
	return on && fstat(file, status) == 0 && status->st_dev == device && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode));
}

static struct watched *watched_of(int file, const struct stat *status)
{
	for (size_t i = 0; i < watched_n; i++)
		if (watched[i].inode == status->st_ino)
			return &watched[i];
	if (watched_n == FILES_MAX)
		broken("too many files");
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	int own = (int)syscall(SYS_openat, AT_FDCWD, link, (S_ISDIR(status->st_mode) ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_CLOEXEC, 0);
	if (own < 0)
		broken("cannot open a file again");
	char path[PATH_MAX];
	ssize_t length = readlink(link, path, sizeof path - 1);
	path[length > 0 ? length : 0] = 0;
	watched[watched_n] = (struct watched){.inode = status->st_ino, .file = own, .of_log = S_ISREG(status->st_mode) && strstr(path, "/log/")};
	return &watched[watched_n++];
}

static _Noreturn void crash(void);

static void step(void)
{
	if (++steps == options.crash_at)
		crash();
}

/* ---- writes ---- */

static uint8_t *bytes_of(int file, uint64_t at, uint64_t n)
{
	uint8_t *bytes = malloc(n + 1);
	if (!bytes || (n && syscall(SYS_pread64, file, bytes, n, at) != (ssize_t)n))
		broken("cannot read back");
	return bytes;
}

static void write_note(struct watched *file, struct write_op op)
{
	file->writes = grow(file->writes, &file->capacity, file->n, sizeof *file->writes);
	file->writes[file->n++] = op;
}

/* Before @n bytes are written at @at. Writing what is there already changes nothing. */
static void wrote(int file, const struct stat *status, const struct iovec *parts, int parts_n, uint64_t at, uint64_t n, bool durable)
{
	struct watched *to = watched_of(file, status);
	uint64_t size = (uint64_t)status->st_size, inside = at >= size ? 0 : at + n > size ? size - at : n, done = 0;
	struct write_op op = {.at = at, .n = n, .size_before = size, .size_after = at + n > size ? at + n : size, .before_n = inside};
	op.before = bytes_of(to->file, at, inside);
	op.after = malloc(n + 1);
	for (int i = 0; i < parts_n && done < n; i++) {
		memcpy(op.after + done, parts[i].iov_base, parts[i].iov_len);
		done += parts[i].iov_len;
	}
	if (durable || (inside == n && memcmp(op.before, op.after, n) == 0)) {
		free(op.before);
		free(op.after);
		return;
	}
	write_note(to, op);
}

/* Zeros into a hole change nothing: rooms that are filled ahead would take most of the time. Lock held. */
static bool is_hole_filled(int file, const struct stat *status, const struct iovec *part, uint64_t at)
{
	const uint8_t *bytes = part->iov_base;
	size_t n = part->iov_len;
	if (n < PAGE || at + n > (uint64_t)status->st_size || bytes[0] || memcmp(bytes, bytes + 1, n - 1) != 0)
		return false;
	off_t data = lseek(watched_of(file, status)->file, (off_t)at, SEEK_DATA);
	return data < 0 ? errno == ENXIO : (uint64_t)data >= at + n;
}

static ssize_t write_at(int file, const struct iovec *parts, int parts_n, off_t at)
{
	struct stat status;
	if (!is_ours(file, &status))
		return syscall(SYS_pwritev, file, parts, parts_n, at, 0);
	uint64_t n = 0;
	for (int i = 0; i < parts_n; i++)
		n += parts[i].iov_len;
	pthread_mutex_lock(&lock);
	step();
	fstat(file, &status);
	if (parts_n == 1 && is_hole_filled(file, &status, parts, (uint64_t)at)) {
		pthread_mutex_unlock(&lock);
		return (ssize_t)n;
	}
	wrote(file, &status, parts, parts_n, (uint64_t)at, n, fcntl(file, F_GETFL) & O_DSYNC);
	ssize_t done = syscall(SYS_pwritev, file, parts, parts_n, at, 0);
	pthread_mutex_unlock(&lock);
	return done;
}

ssize_t pwrite(int file, const void *bytes, size_t n, off_t at)
{
	struct iovec part = {(void *)(uintptr_t)bytes, n};
	return write_at(file, &part, 1, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t n, off_t at)
{
	return pwrite(file, bytes, n, at);
}

ssize_t pwritev(int file, const struct iovec *parts, int n, off_t at)
{
	return write_at(file, parts, n, at);
}

ssize_t pwritev64(int file, const struct iovec *parts, int n, off_t at)
{
	return write_at(file, parts, n, at);
}

ssize_t writev(int file, const struct iovec *parts, int n)
{
	struct stat status;
	if (!is_ours(file, &status))
		return syscall(SYS_writev, file, parts, n);
	off_t at = lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
	ssize_t done = write_at(file, parts, n, at);
	if (done > 0)
		lseek(file, at + done, SEEK_SET);
	return done;
}

ssize_t write(int file, const void *bytes, size_t n)
{
	struct iovec part = {(void *)(uintptr_t)bytes, n};
	return writev(file, &part, 1);
}

static void size_note(int file, uint64_t before, uint64_t after)
{
	struct stat status;
	fstat(file, &status);
	struct watched *to = watched_of(file, &status);
	struct write_op op = {.at = after, .size_before = before, .size_after = after, .before_n = before > after ? before - after : 0};
	op.before = bytes_of(to->file, op.at, op.before_n);
	write_note(to, op);
}

int ftruncate(int file, off_t size)
{
	struct stat status;
	if (!is_ours(file, &status))
		return (int)syscall(SYS_ftruncate, file, size);
	pthread_mutex_lock(&lock);
	step();
	if (status.st_size != size)
		size_note(file, (uint64_t)status.st_size, (uint64_t)size);
	int error = (int)syscall(SYS_ftruncate, file, size);
	pthread_mutex_unlock(&lock);
	return error;
}

int ftruncate64(int file, off_t size)
{
	return ftruncate(file, size);
}

int posix_fallocate(int file, off_t at, off_t n)
{
	struct stat status;
	if (!is_ours(file, &status))
		return syscall(SYS_fallocate, file, 0, at, n) == 0 ? 0 : errno;
	return status.st_size >= at + n || ftruncate(file, at + n) == 0 ? 0 : errno;
}

int posix_fallocate64(int file, off_t at, off_t n)
{
	return posix_fallocate(file, at, n);
}

/* ---- syncs ---- */

static void forget(struct watched *file)
{
	for (size_t i = 0; i < file->n; i++) {
		free(file->writes[i].before);
		free(file->writes[i].after);
	}
	file->n = file->names_n = 0;
}

static int sync_of(int file, bool lies)
{
	struct stat status;
	if (!is_ours(file, &status))
		return 0;
	pthread_mutex_lock(&lock);
	step();
	struct watched *synced = watched_of(file, &status);
	if (!lies || !synced->of_log)
		forget(synced);
	pthread_mutex_unlock(&lock);
	return 0;
}

int fdatasync(int file)
{
	return sync_of(file, options.lies);
}

int fsync(int file)
{
	return sync_of(file, false);
}

/* ---- names ---- */

/* The folder that holds @path, and its last name; NULL where nothing is watched. Lock held. */
static struct watched *place_of(int folder, const char *path, char name[NAME_BYTES])
{
	char up[PATH_MAX];
	struct stat status;
	struct watched *found = NULL;
	const char *slash = strrchr(path, '/');
	snprintf(up, sizeof up, "%.*s", slash ? (int)(slash - path) + (slash == path) : 1, slash ? path : ".");
	snprintf(name, NAME_BYTES, "%s", slash ? slash + 1 : path);
	int parent = (int)syscall(SYS_openat, folder, up, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (parent >= 0 && is_ours(parent, &status))
		found = watched_of(parent, &status);
	if (parent >= 0)
		close(parent);
	return found;
}

static bool is_there(const struct watched *folder, const char *name)
{
	struct stat status;
	return fstatat(folder->file, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static void stash_path(char path[PATH_MAX], unsigned n)
{
	snprintf(path, PATH_MAX, "%s/%u", options.stash, n);
}

/* Keep what @name is, for the case that the change is taken back. */
static unsigned stash(const struct watched *folder, const char *name)
{
	char path[PATH_MAX];
	stash_path(path, ++stash_n);
	if (linkat(folder->file, name, AT_FDCWD, path, 0) != 0)
		broken("cannot keep a name");
	return stash_n;
}

static void name_note(struct watched *folder, int kind, const char *name, const char *to, unsigned stashed)
{
	folder->names = grow(folder->names, &folder->names_capacity, folder->names_n, sizeof *folder->names);
	struct name_op *op = &folder->names[folder->names_n++];
	*op = (struct name_op){.kind = kind, .stashed = stashed};
	snprintf(op->name, sizeof op->name, "%s", name);
	snprintf(op->to, sizeof op->to, "%s", to);
}

static int opened(int folder, const char *path, int flags, mode_t mode)
{
	char name[NAME_BYTES];
	if (!on || !(flags & (O_CREAT | O_TRUNC)))
		return (int)syscall(SYS_openat, folder, path, flags, mode);
	pthread_mutex_lock(&lock);
	struct watched *parent = place_of(folder, path, name);
	bool is_new = parent && !is_there(parent, name);
	if (is_new && flags & O_CREAT)
		step();
	int file = (int)syscall(SYS_openat, folder, path, parent ? flags & ~O_TRUNC : flags, mode);
	if (file >= 0 && is_new)
		name_note(parent, NAME_MADE, name, "", 0);
	pthread_mutex_unlock(&lock);
	if (file >= 0 && parent && !is_new && flags & O_TRUNC && ftruncate(file, 0) != 0)
		broken("cannot truncate");
	return file;
}

#define OPEN(name, ...)                                                 \
	va_list args;                                                         \
	va_start(args, flags);                                                \
	mode_t mode = flags & O_CREAT ? (mode_t)va_arg(args, int) : 0;        \
	va_end(args);                                                         \
	return opened(__VA_ARGS__, path, flags, mode)

int open(const char *path, int flags, ...)
{
	OPEN(open, AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
	OPEN(open64, AT_FDCWD);
}

int openat(int folder, const char *path, int flags, ...)
{
	OPEN(openat, folder);
}

int openat64(int folder, const char *path, int flags, ...)
{
	OPEN(openat64, folder);
}

int mkdir(const char *path, mode_t mode)
{
	char name[NAME_BYTES];
	pthread_mutex_lock(&lock);
	struct watched *parent = on ? place_of(AT_FDCWD, path, name) : NULL;
	bool is_new = parent && !is_there(parent, name);
	if (is_new)
		step();
	int error = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	if (is_new && !error)
		name_note(parent, NAME_MADE, name, "", 0);
	pthread_mutex_unlock(&lock);
	return error;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
	char name[NAME_BYTES], to_name[NAME_BYTES];
	pthread_mutex_lock(&lock);
	struct watched *parent = on ? place_of(from_folder, from, name) : NULL, *target = on ? place_of(to_folder, to, to_name) : NULL;
	if (parent != target)
		broken("a name goes to another folder");
	if (parent)
		step();
	unsigned stashed = parent && is_there(parent, to_name) ? stash(parent, to_name) : 0;
	int error = (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
	if (parent && !error)
		name_note(parent, NAME_CHANGED, name, to_name, stashed);
	pthread_mutex_unlock(&lock);
	return error;
}

int rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int folder, const char *path, int flags)
{
	char name[NAME_BYTES];
	pthread_mutex_lock(&lock);
	struct watched *parent = on && !(flags & AT_REMOVEDIR) ? place_of(folder, path, name) : NULL;
	unsigned stashed = 0;
	if (parent && is_there(parent, name)) {
		step();
		stashed = stash(parent, name);
	}
	int error = (int)syscall(SYS_unlinkat, folder, path, flags);
	if (stashed && !error)
		name_note(parent, NAME_TAKEN, name, "", stashed);
	pthread_mutex_unlock(&lock);
	return error;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

/* ---- the crash ---- */

static void put(int file, const void *bytes, uint64_t n, uint64_t at)
{
	if (n && syscall(SYS_pwrite64, file, bytes, n, at) != (ssize_t)n)
		broken("cannot write");
}

static void writes_take_back(const struct watched *file)
{
	for (size_t i = file->n; i-- > 0;) {
		const struct write_op *op = &file->writes[i];
		if (syscall(SYS_ftruncate, file->file, op->size_before) != 0)
			broken("cannot take back a size");
		put(file->file, op->before, op->before_n, op->at);
	}
}

static uint64_t size_of(int file)
{
	struct stat status;
	if (fstat(file, &status) != 0)
		broken("no such file");
	return (uint64_t)status.st_size;
}

static void misdirect(const struct watched *file, const struct write_op *op)
{
	char link[64], path[PATH_MAX];
	uint64_t pages = size_of(file->file) / PAGE, n = op->n < PAGE ? op->n : PAGE;
	if (!pages)
		return;
	uint64_t at = random_below(&options.seed, (uint32_t)pages) * (uint64_t)PAGE + op->at % PAGE % (PAGE - n + 1);
	snprintf(link, sizeof link, "/proc/self/fd/%d", file->file);
	ssize_t length = readlink(link, path, sizeof path - 1);
	path[length > 0 ? length : 0] = 0;
	if (!options.may_hit(path, at, n))
		return;
	put(file->file, op->after, n, at);
	options.damaged(path);
}

static void write_keep(const struct watched *file, const struct write_op *op)
{
	uint32_t chance = random_below(&options.seed, 100);
	if (op->size_after != op->size_before && chance < 70 && size_of(file->file) < op->size_after)
		syscall(SYS_ftruncate, file->file, op->size_after);
	if (op->size_after < op->size_before && chance < 70)
		syscall(SYS_ftruncate, file->file, op->size_after);
	if (!op->after || chance >= 70)
		return; /* Lost. */
	if (chance == 69 && options.misdirects) {
		misdirect(file, op);
		return;
	}
	for (uint64_t at = op->at, next; at < op->at + op->n; at = next) {
		next = (at / SECTOR + 1) * SECTOR < op->at + op->n ? (at / SECTOR + 1) * SECTOR : op->at + op->n;
		if (chance < 35 || random_below(&options.seed, 2)) /* Whole, or torn. */
			put(file->file, op->after + (at - op->at), next - at, at);
	}
}

static void name_take_back(const struct watched *folder, const struct name_op *op)
{
	char path[PATH_MAX];
	if (op->kind == NAME_MADE) {
		stash_path(path, ++stash_n);
		syscall(SYS_renameat, folder->file, op->name, AT_FDCWD, path);
	} else if (op->kind == NAME_CHANGED) {
		syscall(SYS_renameat, folder->file, op->to, folder->file, op->name);
	}
	stash_path(path, op->stashed);
	if (op->stashed && linkat(AT_FDCWD, path, folder->file, op->kind == NAME_CHANGED ? op->to : op->name, 0) != 0)
		broken("cannot bring a name back");
}

/* Who reads a map while its file shrinks is dead already. */
static void stand_still(int number)
{
	(void)number;
	for (;;)
		pause();
}

/* Lock held: whoever else changes a file waits for it, until the end. */
static _Noreturn void crash(void)
{
	signal(SIGBUS, stand_still);
	for (size_t i = 0; i < watched_n; i++) {
		writes_take_back(&watched[i]);
		for (size_t op = 0; op < watched[i].n; op++)
			write_keep(&watched[i], &watched[i].writes[op]);
	}
	for (size_t i = watched_n; i-- > 0;) {
		size_t kept = watched[i].names_n ? random_below(&options.seed, (uint32_t)watched[i].names_n + 1) : 0;
		for (size_t op = watched[i].names_n; op-- > kept;)
			name_take_back(&watched[i], &watched[i].names[op]);
	}
	_exit(DISK_CRASHED);
}

_Noreturn void disk_crash(void)
{
	pthread_mutex_lock(&lock);
	crash();
}

void disk_begin(const struct disk_options *given)
{
	struct stat status;
	options = *given;
	if (stat(options.root, &status) != 0)
		broken(options.root);
	device = status.st_dev;
	on = true;
}

uint64_t disk_steps(void)
{
	return steps;
}
