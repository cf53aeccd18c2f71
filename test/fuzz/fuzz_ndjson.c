/* fuzz_ndjson.c: any bytes, read as NDJSON. */
#include "fuzz_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	return fuzz_event_format(bytes, n, EVENT_FORMAT_NDJSON);
}
