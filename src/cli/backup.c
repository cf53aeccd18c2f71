/* backup.c: attune backup and attune restore: a data folder copied, and brought back. */
#include "cli/verb.h"

#include "base/clock.h"
#include "base/folder.h"
#include "engine/backup.h"
#include "engine/verify.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char WHOLE[] = "backup.json"; /* Written last: a backup without it is not whole. */

struct call {
	const char *verb, *from, *to;
	bool json;
};

static int usage(FILE *out, const char *verb)
{
	if (strcmp(verb, "backup") == 0)
		fputs("usage: attune backup DIR TO [--json]\n\nCopies the data folder DIR to the new folder TO, with or without a server running on it, and\n"
		      "checks the whole log on the way. Finished files of the log are hard links when TO is on the same disk.\n"
		      "The copy holds everything, secrets included: keep it as safe as DIR.\n", out);
	else
		fputs("usage: attune restore BACKUP DIR [--json]\n\nBrings BACKUP (made by attune backup) back as the new data folder DIR and checks it.\n", out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int call_read(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	*call = (struct call){.verb = argv[0]};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h') {
			usage(stdout, argv[0]);
			exit(EXIT_DONE);
		}
		if (option != 'j')
			return usage(stderr, argv[0]);
		call->json = true;
	}
	if (optind + 2 != argc)
		return usage(stderr, argv[0]);
	call->from = argv[optind];
	call->to = argv[optind + 1];
	return EXIT_DONE;
}

static int failed(const struct call *call, int error)
{
	fprintf(stderr, "attune %s: %s to %s: %s\n", call->verb, call->from, call->to,
	        error == ERROR_CONFLICT  ? "the target is there and not empty; name a new folder" :
	        error == ERROR_NOT_FOUND ? "there is no data folder" : error_sentence(error));
	return EXIT_FAILED;
}

static int whole_write(const struct call *call, const struct backup *backup)
{
	char path[4200], now[CLOCK_TEXT_BYTES];
	clock_format(now, clock_now_ms());
	snprintf(path, sizeof path, "%s/%s", call->to, WHOLE);
	FILE *file = fopen(path, "wx");
	if (!file)
		return ERROR_IO;
	int n = fprintf(file, "{\"taken\":\"%s\",\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"last\":\"%" PRIx64 "\"}\n", now, backup->segments,
	                backup->bytes, backup->last);
	bool is_written = n > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
	return fclose(file) == 0 && is_written ? folder_sync(call->to) : ERROR_IO;
}

int verb_backup(int argc, char **argv)
{
	struct call call;
	struct backup backup;
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE)
		return exit;
	if (setpriority(PRIO_PROCESS, 0, 10) != 0) /* The server beside it comes first. */
		fprintf(stderr, "attune backup: its priority could not be lowered: %s\n", strerror(errno));
	int error = engine_backup(&backup, call.from, call.to);
	if (!error)
		error = whole_write(&call, &backup);
	if (error)
		return failed(&call, error);
	if (call.json)
		printf("{\"backup\":true,\"segments\":%" PRIu64 ",\"linked\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n", backup.segments, backup.linked, backup.bytes);
	else
		printf("%s is a whole copy of %s: %" PRIu64 " bytes of log in %" PRIu64 " files, %" PRIu64 " of them links.\n", call.to, call.from,
		       backup.bytes, backup.segments, backup.linked);
	return EXIT_DONE;
}

int verb_restore(int argc, char **argv)
{
	struct call call;
	struct backup backup;
	struct verify found;
	struct stat status;
	char path[4200];
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE)
		return exit;
	snprintf(path, sizeof path, "%s/%s", call.from, WHOLE);
	if (stat(path, &status) != 0) {
		fprintf(stderr, "attune restore: %s is not a whole backup: it has no %s\n", call.from, WHOLE);
		return EXIT_FAILED;
	}
	int error = engine_backup(&backup, call.from, call.to);
	snprintf(path, sizeof path, "%s/%s", call.to, WHOLE);
	if (!error && unlink(path) != 0)
		error = ERROR_IO;
	if (!error && backup.segments)
		error = engine_verify(call.to, &found, NULL, NULL);
	else
		found = (struct verify){0};
	if (error)
		return failed(&call, error);
	if (call.json)
		printf("{\"restored\":true,\"records\":%" PRIu64 ",\"events\":%" PRIu64 "}\n", found.records, found.events);
	else
		printf("%s is restored and sound: %" PRIu64 " records, %" PRIu64 " events. Next: attune serve %s\n", call.to, found.records, found.events,
		       call.to);
	return EXIT_DONE;
}
