/* verify.c: attune verify: is every block and every record of a data folder sound? */
#include "cli/verb.h"

#include "engine/verify.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

static int usage(FILE *out)
{
	fputs("usage: attune verify DIR [--json]\n\nReads the log of the data folder DIR, whole, and says whether it is sound. Changes nothing; may run beside the server.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static void show(const char *folder, const struct verify *found, int error, bool json)
{
	if (json)
		printf("{\"sound\":%s,\"records\":%" PRIu64 ",\"events\":%" PRIu64 ",\"decisions\":%" PRIu64 ",\"names\":%" PRIu64 ",\"origins\":%" PRIu64
		       ",\"merges\":%" PRIu64 ",\"splits\":%" PRIu64 "}\n", error ? "false" : "true", found->records, found->events, found->decisions,
		       found->names, found->origins, found->merges, found->splits);
	else if (!error)
		printf("%s is sound: %" PRIu64 " records, %" PRIu64 " events of %" PRIu64 " origins, %" PRIu64 " decisions.\n", folder, found->records,
		       found->events, found->origins, found->decisions);
	if (error)
		fprintf(stderr, "attune verify: %s: %s%s%s\n", folder, error_sentence(error), *found->problem ? " " : "", found->problem);
}

int verb_verify(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct verify found = {0};
	bool json = false;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option != 'j')
			return usage(option == 'h' ? stdout : stderr);
		json = true;
	}
	if (optind + 1 != argc)
		return usage(stderr);
	int error = engine_verify(argv[optind], &found, NULL, NULL);
	show(argv[optind], &found, error, json);
	return error ? EXIT_FAILED : EXIT_DONE;
}
