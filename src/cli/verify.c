/* verify.c: attune verify: is every block and every record of a data folder sound, and is the audit log as it was written? */
#include "cli/folder_check.h"
#include "cli/verb.h"

#include "base/damage.h"
#include "base/refusal.h"
#include "base/report.h"
#include "trust/audit.h"

#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>

static int usage(FILE *out)
{
	fputs("usage: attune verify DIR [--json]\n       attune verify --audit DIR [--hash HASH] [--json]\n\n"
	      "Reads everything in the data folder DIR: the log, the configuration, keys, secrets and registers, the audit log, and, while no\n"
	      "server runs, the snapshot, rows and hashes that follow from the log. Names each damaged piece, what it costs and what to do;\n"
	      "the exit status is then 1. With --audit the audit log: names the first entry\n"
	      "that was altered, taken away, moved or cut; --hash asks whether the entry with a hash that was noted earlier is still there.\n"
	      "Changes nothing; may run beside the server.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static void show(const char *folder, const struct verify *found, int error, bool json)
{
	if (json)
		printf("{\"sound\":%s,\"records\":%" PRIu64 ",\"events\":%" PRIu64 ",\"decisions\":%" PRIu64 ",\"names\":%" PRIu64 ",\"origins\":%" PRIu64
		       ",\"merges\":%" PRIu64 ",\"splits\":%" PRIu64, error || damage_count() ? "false" : "true", found->records, found->events, found->decisions,
		       found->names, found->origins, found->merges, found->splits);
	else if (!error && damage_count() == 0)
		printf("%s is sound: %" PRIu64 " records, %" PRIu64 " events of %" PRIu64 " origins, %" PRIu64 " decisions.\n", folder, found->records,
		       found->events, found->origins, found->decisions);
	folder_damage_print("verify", json);
	if (json)
		puts("}");
	if (error)
		fprintf(stderr, "attune verify: %s: %s%s%s\n", folder, error_sentence(error), *found->problem ? " " : "", found->problem);
}

/* ---- the audit log ---- */

static void audit_show(const char *folder, const struct audit_verified *found, const char *hash, int error, bool json)
{
	if (json) {
		printf("{\"sound\":%s,\"entries\":%" PRIu64 ",\"last\":\"%s\"", error ? "false" : "true", found->n, found->last);
		if (hash)
			printf(",\"holds\":%s", found->holds ? "true" : "false");
		if (found->broken)
			printf(",\"broken\":%" PRIu64 ",\"problem\":\"%s\"", found->broken, found->problem);
		puts("}");
	} else if (!error) {
		printf("The audit log of %s is sound: %" PRIu64 " entries.\nLast hash: %s\n", folder, found->n, found->n ? found->last : "none");
		if (hash)
			puts(found->holds ? "The entry with the given hash is among them." : "No entry has the given hash.");
	}
	if (error)
		fprintf(stderr, "attune verify: %s: %s\n", folder, found->broken ? found->problem :
		        error == ERROR_NOT_FOUND ? "there is no audit log; `attune serve` begins it" : error_sentence(error));
}

static int audit_check(const char *folder, const char *hash, bool json)
{
	struct audit_verified found = {0};
	int error = sodium_init() < 0 ? ERROR_IO : audit_verify(&found, folder, hash);
	audit_show(folder, &found, hash, error, json);
	return error || (hash && !found.holds) ? EXIT_FAILED : EXIT_DONE;
}

int verb_verify(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {"audit", no_argument, NULL, 'a'},
	                                        {"hash", required_argument, NULL, 's'}, {0}};
	struct folder_found found;
	const char *hash = NULL;
	bool json = false, audit = false;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option != 'j' && option != 'a' && option != 's')
			return usage(option == 'h' ? stdout : stderr);
		json |= option == 'j';
		audit |= option == 'a';
		hash = option == 's' ? optarg : hash;
	}
	if (optind + 1 != argc || (hash && !audit))
		return usage(stderr);
	if (audit)
		return audit_check(argv[optind], hash, json);
	report_level_set((enum report_level)(REPORT_ERROR + 1)); /* The list is printed in the end. */
	int error = folder_check(argv[optind], false, &found);
	if (error) {
		char why[2 * REFUSAL_BYTES];
		fprintf(stderr, "attune verify: %s: %s\n", argv[optind], refusal_sentence(error, why));
		return EXIT_FAILED;
	}
	show(argv[optind], &found.log, found.log_error, json);
	return found.log_error || damage_count() ? EXIT_FAILED : EXIT_DONE;
}
