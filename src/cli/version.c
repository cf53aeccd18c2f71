/* version.c: attune version, attune describe. */
#include "cli/house.h"
#include "cli/verb.h"

#include "base/settings.h"
#include "serve/api.h"
#include "serve/places.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int verb_version(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	if (argc > 1 && !json) {
		fputs("usage: attune version [--json]\n", strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return strcmp(argv[1], "--help") == 0 ? EXIT_DONE : EXIT_USAGE;
	}
	const char *format = json ? "{\"attune\":\"%s\",\"libmicrohttpd\":\"%s\",\"libsodium\":\"%s\",\"zlib\":\"%s\",\"libcurl\":\"%s\"}\n"
	                          : "attune %s\nlibmicrohttpd %s\nlibsodium %s\nzlib %s\nlibcurl %s\n";
	printf(format, ATTUNE_VERSION, MHD_get_version(), sodium_version_string(), zlibVersion(), curl_version_info(CURLVERSION_NOW)->version);
	return EXIT_DONE;
}

/* The folds and their bounds. What customers really take is measured: script/check-budget. */
static int budget(void)
{
	printf("%-14s %7s  %s\n", "fold", "most", "");
	for (size_t i = 0; i < house_folds.n; i++)
		printf("%-14s %7u  %s\n", house_folds.folds[i]->name, house_folds.folds[i]->bytes_max, house_folds.folds[i]->purposes ? "learned" : "");
	printf("%-14s %7zu\n", "place", sizeof(struct customer) + sizeof(struct origin));
	return EXIT_DONE;
}

static void table_write(void *out, struct text name)
{
	json_write_text(out, name);
}

/* The register of places; with a data folder also the tables that are really in it. */
static int places(const char *folder)
{
	struct buffer out = BUFFER_INIT(1 << 20);
	struct json_writer json = JSON_WRITER(&out);
	char path[4200];
	int error = 0;
	json_object_begin(&json);
	json_key(&json, TEXT("places"));
	places_write(&json);
	if (folder) {
		snprintf(path, sizeof path, "%.4000s/lookup", folder);
		json_key(&json, TEXT("tables"));
		json_array_begin(&json);
		error = engine_tables(path, table_write, &json);
		json_array_end(&json);
	}
	json_object_end(&json);
	if (error)
		fprintf(stderr, "attune describe: %s: %s\n", path, error_sentence(error));
	else
		printf("%.*s\n", TEXT_ARGS(buffer_view(&out)));
	buffer_free(&out);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int verb_describe(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "budget") == 0)
		return budget();
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "places") == 0)
		return places(argc == 3 ? argv[2] : NULL);
	struct buffer out = BUFFER_INIT(1 << 20);
	bool settings = argc == 2 && strcmp(argv[1], "settings") == 0, routes_wanted = argc == 2 && strcmp(argv[1], "routes") == 0;
	if (!settings && !routes_wanted) {
		fputs("usage: attune describe settings|routes|budget\n       attune describe places [DIR]\n", argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_DONE : EXIT_USAGE;
	}
	if (settings)
		settings_describe(&out, true);
	else
		routes_describe(&out);
	printf("%.*s", TEXT_ARGS(buffer_view(&out)));
	buffer_free(&out);
	return EXIT_DONE;
}
