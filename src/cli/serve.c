/* serve.c: attune serve: runs the server until it is told to stop. */
#include "cli/house.h"
#include "cli/verb.h"

#include "base/descriptors.h"
#include "base/refusal.h"
#include "base/report.h"
#include "base/secret.h"
#include "serve/server.h"

#include <signal.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int usage(FILE *out)
{
	struct buffer text = BUFFER_INIT(64 * 1024);
	settings_describe(&text, false);
	fprintf(out, "usage: attune serve DIR [--setting value ...]\n\nRuns the server on the data folder DIR (`attune init DIR` makes one).\n"
	             "Settings come from DIR/attune.conf, ATTUNE_NAME, and here:\n\n%.*s", TEXT_ARGS(buffer_view(&text)));
	buffer_free(&text);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* --name value pairs; the first word without -- is the folder. */
static int arguments_read(int argc, char **argv, const char **folder, struct settings *settings, bool apply)
{
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) != 0) {
			if (*folder && strcmp(*folder, argv[i]) != 0) {
				fprintf(stderr, "attune serve: one data folder, not \"%s\" as well\n", argv[i]);
				return EXIT_USAGE;
			}
			*folder = argv[i];
			continue;
		}
		struct text rest = text_of(argv[i] + 2), name, value;
		text_next(&rest, '=', &name);
		value = rest.p ? rest : i + 1 < argc ? text_of(argv[++i]) : (struct text){0};
		if (!apply)
			continue;
		int error = value.p ? settings_set(settings, name, value) : ERROR_INVALID;
		if (error == ERROR_NOT_FOUND)
			fprintf(stderr, "attune serve: there is no setting \"%.*s\"; did you mean --%s?\n", TEXT_ARGS(name), settings_nearest(name));
		else if (error)
			fprintf(stderr, "attune serve: --%.*s cannot be \"%.*s\"; `attune serve --help` has its range\n", TEXT_ARGS(name), TEXT_ARGS(value));
		if (error)
			return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static int settings_gather(int argc, char **argv, const char **folder, struct settings *settings)
{
	char path[4200], problem[200];
	settings_default(settings);
	if (arguments_read(argc, argv, folder, settings, false) != EXIT_DONE)
		return EXIT_USAGE;
	if (!*folder) {
		usage(stderr);
		return EXIT_USAGE;
	}
	snprintf(path, sizeof path, "%s/attune.conf", *folder);
	if (settings_read(settings, path, problem) != 0 || settings_environment(settings, problem) != 0) {
		fprintf(stderr, "attune serve: %s\n", problem);
		return EXIT_FAILED;
	}
	return arguments_read(argc, argv, folder, settings, true);
}

static void level_set(const char *name)
{
	report_level_set(strcmp(name, "debug") == 0 ? REPORT_DEBUG : strcmp(name, "warning") == 0 ? REPORT_WARNING :
	                 strcmp(name, "error") == 0 ? REPORT_ERROR : REPORT_INFO);
}

/* For systemd, Type=notify: one datagram to its socket. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || !*path || strlen(path) >= sizeof address.sun_path)
		return;
	int end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(address.sun_path, path, strlen(path));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = 0;
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (end >= 0 && sendto(end, state, strlen(state), 0, (struct sockaddr *)&address, n) < 0)
		report(REPORT_WARNING, "notify_failed", "systemd could not be told: %s", state);
	if (end >= 0)
		close(end);
}

/* As many files as the system allows, and no more connections than leave room for the server's own. */
static void descriptors_settle(struct settings *settings)
{
	size_t limit = descriptors_raise();
	unsigned possible = descriptors_connections(limit, (unsigned)settings->connections_max, (unsigned)settings->threads);
	if (possible < (unsigned)settings->connections_max)
		report(REPORT_WARNING, "files_limit", "May have %zu files open: at most %u connections are served at a time, not %u. Raise the limit (LimitNOFILE).",
		       limit, possible, (unsigned)settings->connections_max);
	else
		report(REPORT_INFO, "files_limit", "May have %zu files open.", limit);
	settings->connections_max = possible;
}

int verb_serve(int argc, char **argv)
{
	struct server_options options = {.folds = &house_folds, .kinds = &house_kinds, .column = house_column};
	struct server *server;
	struct stat status;
	const char *folder = NULL;
	sigset_t signals;
	int signal_number;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return usage(stdout);
	int exit = settings_gather(argc, argv, &folder, &options.settings);
	if (exit != EXIT_DONE)
		return exit;
	if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
		fprintf(stderr, "attune serve: there is no folder \"%s\"; `attune init %s` makes it\n", folder, folder);
		return EXIT_FAILED;
	}
	level_set(options.settings.log_level);
	secret_process_protect();
	descriptors_settle(&options.settings);
	/* Before any thread: all of them leave these signals to the wait below. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	options.folder = folder;
	int error = sodium_init() < 0 ? ERROR_IO : server_start(&server, &options);
	if (error) {
		char why[2 * REFUSAL_BYTES];
		fprintf(stderr, "attune serve: %s: %s\n", folder, refusal_sentence(error, why));
		return EXIT_FAILED;
	}
	report(REPORT_INFO, "started", "Listening on http://%s:%u", options.settings.listen, server_port(server));
	notify("READY=1");
	sigwait(&signals, &signal_number);
	notify("STOPPING=1");
	report(REPORT_INFO, "stopping", "Stopping: serving what is under way.");
	server_stop(server);
	report(REPORT_INFO, "stopped", "Stopped.");
	return EXIT_DONE;
}
