/* folder.h: a fresh folder for a test, removed afterwards. */
#ifndef ATTUNE_TEST_FOLDER_H
#define ATTUNE_TEST_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline char *folder_new(char path[64])
{
	snprintf(path, 64, "/tmp/attune-test-XXXXXX");
	if (!mkdtemp(path))
		abort();
	return path;
}

static inline void folder_remove(const char *path)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command) != 0)
		fprintf(stderr, "could not remove %s\n", path);
}

#endif
