/* fuzz_event_map.c: any bytes, read as a map of columns. */
#include "event/import/event_map.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char problem[EVENT_MAP_ERROR_BYTES];
	struct event_map map = {0};
	struct arena arena;
	arena_init(&arena, 1024 * 1024);
	int error = event_map_parse(&map, &arena, (struct text){(const char *)bytes, n}, problem);
	if (memchr(problem, 0, sizeof problem) == NULL || (error == ERROR_INVALID && !*problem))
		abort();
	if (error == 0 && map.keep_n > EVENT_MAP_KEEP_MAX)
		abort();
	arena_free(&arena);
	return 0;
}
