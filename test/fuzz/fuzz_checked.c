/* fuzz_checked.c: any bytes as a checked file: what is taken is, to the byte, what checked_format writes. */
#include "file.h"

#include "base/checked_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char name[] = "staff";
	struct fuzz_input input = {bytes, n};
	struct buffer file = BUFFER_INIT(FUZZ_FILE_BYTES_MAX), content = BUFFER_INIT(CHECKED_BYTES_MAX), again = BUFFER_INIT(FUZZ_FILE_BYTES_MAX);
	struct text found, damaged;
	bool cut, whole = fuzz_byte(&input) & 1;
	if (whole) {
		checked_format(&file, name, fuzz_bytes(&input, 255));
		damaged = fuzz_damaged(&input, buffer_view(&file), &cut);
	} else {
		damaged = fuzz_rest(&input);
	}
	fuzz_file_put(name, damaged);
	bool good = checked_parse(damaged, name, &found);
	int error = checked_read(fuzz_folder(), name, &content);
	MUST(error == (good ? 0 : ERROR_CORRUPT));
	if (good) {
		MUST(text_equal(found, buffer_view(&content)));
		checked_format(&again, name, found);
		MUST(text_equal(damaged, buffer_view(&again)));
	}
	buffer_free(&file);
	buffer_free(&content);
	buffer_free(&again);
	return 0;
}
