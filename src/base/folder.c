/* folder.c: folders that last. */
#include "base/folder.h"

#include "base/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_sync(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_of_file(errno);
	int error = fsync(folder) == 0 ? 0 : ERROR_IO;
	close(folder);
	return error;
}

/* Open the folder that holds @path; -1 and errno when that fails. */
static int parent_open(const char *path)
{
	char parent[4096];
	int n = snprintf(parent, sizeof parent, "%s", path);
	if (n <= 0 || n >= (int)sizeof parent) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while (n > 1 && parent[n - 1] == '/')
		parent[--n] = 0;
	char *slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent] = 0;
	return open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int folder_sync_parent(const char *path)
{
	int folder = parent_open(path);
	if (folder < 0)
		return error_of_file(errno);
	int error = fsync(folder) == 0 ? 0 : ERROR_IO;
	close(folder);
	return error;
}

int folder_next(DIR *items, const char **name)
{
	errno = 0;
	const struct dirent *item = readdir(items);
	*name = item ? item->d_name : NULL;
	return item || errno == 0 ? 0 : error_of_file(errno);
}

static int bytes_copy(int from, int to, uint64_t bytes_max)
{
	char bytes[64 * 1024];
	for (uint64_t left = bytes_max; left;) {
		ssize_t n = read(from, bytes, left < sizeof bytes ? left : sizeof bytes);
		if (n <= 0)
			return n == 0 ? 0 : ERROR_IO;
		for (ssize_t at = 0; at < n;) {
			ssize_t written = write(to, bytes + at, (size_t)(n - at));
			if (written <= 0)
				return error_of_file(errno);
			at += written;
		}
		left -= (uint64_t)n;
	}
	return 0;
}

int file_copy(const char *from, const char *to, uint64_t bytes_max)
{
	struct stat status;
	int source = open(from, O_RDONLY | O_CLOEXEC);
	if (source < 0 || fstat(source, &status) != 0) {
		int error = error_of_file(errno);
		if (source >= 0)
			close(source);
		return error;
	}
	int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error = target < 0 ? error_of_file(errno) : bytes_copy(source, target, bytes_max);
	if (!error && fsync(target) != 0)
		error = error_of_file(errno);
	if (target >= 0)
		close(target);
	close(source);
	return error;
}

int folder_make(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return folder_sync_parent(path);
	int error = errno == EEXIST ? 0 : error_of_file(errno);
	return error ? refuse(error, "The folder %s cannot be made: %s.", path, strerror(errno)) : 0;
}

static int bytes_write(int file, struct text text)
{
	for (size_t at = 0; at < text.n;) {
		ssize_t written = write(file, text.p + at, text.n - at);
		if (written <= 0)
			return error_of_file(errno);
		at += (size_t)written;
	}
	return fsync(file) == 0 ? 0 : error_of_file(errno);
}

/* Both files are opened before anything is renamed: a want of descriptors changes nothing. */
int file_replace(const char *path, struct text text)
{
	char draft[4096];
	int n = snprintf(draft, sizeof draft, "%s.new", path);
	if (n <= 0 || n >= (int)sizeof draft)
		return ERROR_IO;
	int folder = parent_open(path);
	if (folder < 0)
		return error_of_file(errno);
	int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int error = file < 0 ? error_of_file(errno) : bytes_write(file, text);
	if (file >= 0 && close(file) != 0 && !error)
		error = error_of_file(errno);
	if (!error && rename(draft, path) != 0)
		error = error_of_file(errno);
	if (error) {
		refuse(error, "%s cannot be written: %s.", path, strerror(errno));
		unlink(draft);
	} else if (fsync(folder) != 0) {
		error = refuse(ERROR_IO, "The folder of %s cannot be synced: %s.", path, strerror(errno));
	}
	close(folder);
	return error;
}

static int aside_name(const char *path, char aside[FILE_ASIDE_BYTES])
{
	for (unsigned n = 1; n < 100000; n++) {
		if (snprintf(aside, FILE_ASIDE_BYTES, "%s.damaged-%u", path, n) >= FILE_ASIDE_BYTES)
			return ERROR_IO;
		if (access(aside, F_OK) != 0 && errno == ENOENT)
			return 0;
	}
	return ERROR_IO;
}

int file_set_aside(const char *path, char aside[FILE_ASIDE_BYTES])
{
	int error = aside_name(path, aside);
	if (error)
		return error;
	if (rename(path, aside) != 0)
		return errno == ENOENT ? ERROR_NOT_FOUND : refuse(ERROR_IO, "%s cannot be renamed: %s.", path, strerror(errno));
	return folder_sync_parent(path);
}

int file_keep_aside(const char *path, char aside[FILE_ASIDE_BYTES])
{
	int error = aside_name(path, aside);
	if (!error)
		error = file_copy(path, aside, UINT64_MAX);
	return error ? error : folder_sync_parent(path);
}

int file_load(const char *path, struct buffer *out)
{
	char bytes[64 * 1024];
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = file < 0 ? -1 : 1;
	while (n > 0 && !out->failed && (n = read(file, bytes, sizeof bytes)) > 0)
		buffer_append(out, bytes, (size_t)n);
	int error = n < 0 ? refuse(ERROR_IO, "%s cannot be read: %s.", path, strerror(errno)) : out->failed ? ERROR_MEMORY : 0;
	if (file >= 0)
		close(file);
	return error;
}
