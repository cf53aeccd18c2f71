/* check_folder.c: check_folder FOLDER ACKS: is the folder what the file of acknowledged ids promises? See check.h. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	uint64_t *acks = NULL, id;
	size_t n = 0;
	FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
	if (argc != 3)
		return 2;
	while (file && fread(&id, sizeof id, 1, file) == 1) {
		if (n % 65536 == 0)
			acks = realloc(acks, (n + 65536) * sizeof *acks);
		if (!acks)
			abort();
		acks[n++] = id;
	}
	if (file)
		fclose(file);
	bool sound = folder_is_sound(argv[1], acks, n);
	free(acks);
	printf("%zu acknowledged\n", n);
	return sound ? 0 : 1;
}
