/* folder_lock.c: flock on a file of its own, which says who. */
#include "base/folder_lock.h"

#include "base/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The process that the file names, 0: none. */
static long holder_read(int file)
{
	char text[32];
	ssize_t n = pread(file, text, sizeof text - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	return strtol(text, NULL, 10);
}

static int holder_write(int file)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	return ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)n, 0) == n ? 0 : ERROR_IO;
}

int folder_lock(int *lock, const char *folder)
{
	char path[4200];
	snprintf(path, sizeof path, "%.4000s/" FOLDER_LOCK_FILE, folder);
	int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		return refuse(ERROR_IO, "%s cannot be opened: %s.", path, strerror(errno));
	if (flock(file, LOCK_EX | LOCK_NB) != 0) {
		bool busy = errno == EWOULDBLOCK;
		long holder = holder_read(file);
		int error = busy ? refuse(ERROR_BUSY, "Another server runs on this folder (pid %ld).", holder)
		                 : refuse(ERROR_IO, "%s cannot be locked: %s.", path, strerror(errno));
		close(file);
		return error;
	}
	/* On a full disk the number may not fit: the lock holds all the same. */
	if (holder_write(file) != 0 && errno != ENOSPC && errno != EDQUOT) {
		int error = refuse(ERROR_IO, "%s cannot be written: %s.", path, strerror(errno));
		close(file);
		return error;
	}
	*lock = file;
	return 0;
}

void folder_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}
