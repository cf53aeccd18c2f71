/* fuzz_conf.c: any bytes as attune.conf: settings within their ranges, or a sentence that says what is wrong. */
#include "file.h"

#include "base/settings.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char path[256], problem[200] = "";
	struct settings settings, again;
	settings_default(&settings);
	fuzz_file_put("attune.conf", (struct text){(const char *)bytes, n});
	snprintf(path, sizeof path, "%s/attune.conf", fuzz_folder());
	int error = settings_read(&settings, path, problem);
	MUST(error == 0 || error == ERROR_INVALID);
	MUST(!error == (strlen(problem) == 0));
	settings_default(&again);
	/* Whatever was read is a value that the setting takes. */
#define SET_TEXT(name) settings_set(&again, TEXT(#name), text_of(settings.name))
#define SET_NUMBER(name) (snprintf(problem, sizeof problem, "%lld", (long long)settings.name), settings_set(&again, TEXT(#name), text_of(problem)))
#define X(name, type, otherwise, smallest, largest, unit, sentence) MUST(SET_##type(name) == 0);
	SETTINGS(X)
#undef X
	return 0;
}
