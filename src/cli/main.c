/* main.c: the verbs of attune. */
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

static const struct verb {
	const char *name, *sentence;
	int (*run)(int argc, char **argv);
} verbs[] = {
#define X(name, sentence) {#name, sentence, verb_##name},
	VERBS(X)
#undef X
	{NULL, NULL, NULL},
};

static void usage(FILE *out)
{
	fputs("usage: attune VERB [options]\n\n", out);
	for (const struct verb *verb = verbs; verb->name; verb++)
		fprintf(out, "  %-10s %s\n", verb->name, verb->sentence);
	fputs("\n`attune VERB --help` explains a verb.\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_DONE;
	}
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (strcmp(verb->name, argv[1]) == 0)
			return verb->run(argc - 1, argv + 1);
	fprintf(stderr, "attune: there is no verb \"%s\". `attune --help` lists them.\n", argv[1]);
	return EXIT_USAGE;
}
