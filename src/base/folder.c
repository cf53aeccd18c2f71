/* folder.c: folders that last. */
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_sync_parent(const char *path)
{
	char parent[4096];
	int n = snprintf(parent, sizeof parent, "%s", path);
	if (n <= 0 || n >= (int)sizeof parent)
		return ERROR_IO;
	while (n > 1 && parent[n - 1] == '/')
		parent[--n] = 0;
	char *slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent] = 0;
	int folder = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return ERROR_IO;
	int error = fsync(folder) == 0 ? 0 : ERROR_IO;
	close(folder);
	return error;
}

int folder_make(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return folder_sync_parent(path);
	return errno == EEXIST ? 0 : errno == ENOSPC || errno == EDQUOT ? ERROR_FULL : ERROR_IO;
}
