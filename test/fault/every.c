/*
 * every.c: the n-th allocation and the n-th call to the disk fail, for every n, over what a server and its verbs do.
 *
 * usage: every [--scenario NAME] [--malloc N | --io N] [--turn T] [--every K] [--start S] [--jobs J] [--keep]
 *
 * For each n a fresh folder: the act with its fault in one process, the check in another. The act may fail with a sentence, or go on;
 * the log may stop the process (70) when the disk failed. It may not crash, hang, leak or say what is not so. Afterwards nothing that
 * was acknowledged is lost, nothing there twice, who was erased stays so, and verify finds all sound.
 */
#include "base/memory.h"
#include "scenes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 8, PATH_BYTES = 120, LOG_STOP = 70, HANG_S = 30, SAID_BYTES = 6000 };

/* Of leaks, where there is a sanitizer that finds them. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

enum source { OF_MALLOC, OF_IO, SOURCES };
static const char *const source_names[SOURCES] = {"malloc", "io"};

struct tally {
	_Atomic uint64_t passed, failed;
};

/* In memory that all processes share. */
struct shared {
	struct told told;
	struct fail io;
	uint64_t malloc_at, mallocs;
};

static struct {
	const char *scenario;
	uint64_t at[SOURCES], every, start, turn;
	unsigned jobs;
	bool one, keep;
} given = {.every = 1, .jobs = 1};

static char root[PATH_BYTES];

static void *shared_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		perror("every: shared memory");
		exit(2);
	}
	return p;
}

static void run_command(const char *format, const char *a, const char *b)
{
	char command[3 * PATH_BYTES];
	snprintf(command, sizeof command, format, a, b);
	if (system(command) != 0) {
		fprintf(stderr, "every: failed: %s\n", command);
		exit(2);
	}
}

/* ---- one fault ---- */

static void output_to(const char *folder)
{
	char path[PATH_BYTES + 20];
	snprintf(path, sizeof path, "%s/said", folder);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0)
		_exit(2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(HANG_S);
}

static bool anything_said(void)
{
	off_t end = lseek(2, 0, SEEK_END);
	return end > 0;
}

static _Noreturn void act(const struct scene *scene, struct shared *shared, const char *folder)
{
	output_to(folder);
	scene_begin(folder, &shared->told);
	if (scene->before)
		scene->before();
	off_t before = lseek(2, 0, SEEK_END);
	memory_fail_at(shared->malloc_at);
	fail_begin(&shared->io);
	int ended = scene->act();
	fail_begin(NULL);
	shared->mallocs = memory_count();
	memory_fail_at(0);
	shared->told.acknowledged = ended == SCENE_DONE;
	fflush(NULL);
	if (ended != SCENE_DONE && (!anything_said() || lseek(2, 0, SEEK_END) == before))
		scene_wrong("it failed without a word");
	bool missed = shared->io.fired || shared->mallocs >= shared->malloc_at;
	if (scene->looks && ended == SCENE_DONE && missed && !shared->io.mild)
		scene_wrong("all is called sound, and not all of it could be read");
	if (scene->close)
		scene->close();
	if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
		scene_wrong("memory leaked");
	_exit(ended);
}

static _Noreturn void check(const struct scene *scene, struct shared *shared, const char *folder)
{
	output_to(folder);
	scene_begin(folder, &shared->told);
	scene->check();
	_exit(0);
}

static _Noreturn void make(const char *kind, struct shared *shared, const char *folder)
{
	output_to(folder);
	scene_begin(folder, &shared->told);
	scene_make(kind);
	_exit(2);
}

static int waited(pid_t child)
{
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static void said_show(const char *folder)
{
	static char text[SAID_BYTES + 1];
	char path[PATH_BYTES + 20];
	snprintf(path, sizeof path, "%s/said", folder);
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, SAID_BYTES, file) : 0;
	if (file)
		fclose(file);
	fprintf(stderr, "%.*s\n", (int)n, text);
}

static bool complain(const struct scene *scene, enum source source, uint64_t n, const struct shared *shared, const char *folder, const char *when, int status)
{
	char how[60];
	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, WTERMSIG(status) == SIGALRM ? "hangs" : "crashes by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof how, "ends with %d", WEXITSTATUS(status));
	fprintf(stderr, "every --scenario %s --%s %" PRIu64 " --turn %" PRIu64 ": %s %s%s%s\n", scene->name, source_names[source], n, given.turn, when, how,
	        source == OF_IO ? ": " : "", source == OF_IO ? shared->io.what : "");
	said_show(folder);
	return false;
}

/* The act and its check, where the @n-th of @source fails; 0: nothing does. */
static bool fault(const struct scene *scene, enum source source, uint64_t n, struct shared *shared, const char *folder)
{
	char template[PATH_BYTES];
	snprintf(template, sizeof template, "%.80s/%s", root, scene->folder);
	run_command("rm -rf '%s'; mkdir '%s'", folder, folder);
	run_command("cp -a --sparse=always '%s/.' '%s'", template, folder);
	shared->malloc_at = source == OF_MALLOC && n ? n : UINT64_MAX;
	shared->io.at = source == OF_IO ? n : 0;
	shared->io.turn = given.turn;
	shared->io.traced = given.one;
	shared->io.fired = false;
	shared->io.what[0] = 0;
	shared->told.acknowledged = false;
	pid_t child = fork();
	if (child == 0)
		act(scene, shared, folder);
	int status = waited(child), ended = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	bool stopped = ended == LOG_STOP && source == OF_IO && n;
	if (ended != SCENE_DONE && !(ended == SCENE_FAILED && (n || strcmp(scene->name, "verify-broken") == 0)) && !stopped)
		return complain(scene, source, n, shared, folder, "the act", status);
	if (given.one)
		said_show(folder);
	child = fork();
	if (child == 0)
		check(scene, shared, folder);
	status = waited(child);
	return status == 0 || complain(scene, source, n, shared, folder, "afterwards it", status);
}

/* ---- all of them ---- */

static void sweep(const struct scene *scene, enum source source, uint64_t calls, struct tally *tally, const struct told *told)
{
	for (unsigned job = 0; job < given.jobs; job++) {
		if (fork() != 0)
			continue;
		char folder[PATH_BYTES];
		struct shared *shared = shared_alloc(sizeof *shared);
		shared->told = *told;
		snprintf(folder, sizeof folder, "%.80s/work-%u", root, job);
		for (uint64_t n = 1 + given.start + job * given.every; n <= calls; n += given.jobs * given.every) {
			if (fault(scene, source, n, shared, folder))
				atomic_fetch_add(&tally->passed, 1);
			else
				atomic_fetch_add(&tally->failed, 1);
		}
		_exit(0);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static bool made(const char *kind, struct shared *shared)
{
	char folder[PATH_BYTES];
	snprintf(folder, sizeof folder, "%.80s/%s", root, kind);
	if (access(folder, F_OK) == 0)
		return true;
	run_command("mkdir '%s'%s", folder, "");
	pid_t child = fork();
	if (child == 0)
		make(kind, shared, folder);
	if (waited(child) == 0)
		return true;
	fprintf(stderr, "every: the folder for %s cannot be made:\n", kind);
	said_show(folder);
	return false;
}

/* One scene: the keys of each kind of folder are its own, so it is made anew. */
static bool scene_run(const struct scene *scene, struct tally *all)
{
	char folder[PATH_BYTES];
	struct shared *shared = shared_alloc(sizeof *shared);
	struct tally *tally = shared_alloc(sizeof *tally);
	snprintf(folder, sizeof folder, "%.80s/work", root);
	run_command("rm -rf '%s/%s'", root, scene->folder);
	if (!made(scene->folder, shared) || !fault(scene, OF_IO, 0, shared, folder)) {
		atomic_fetch_add(&all->failed, 1);
		return false;
	}
	uint64_t mallocs = shared->mallocs, calls = shared->io.count;
	if (given.one) {
		for (enum source source = 0; source < SOURCES; source++)
			if (given.at[source])
				atomic_fetch_add(fault(scene, source, given.at[source], shared, folder) ? &tally->passed : &tally->failed, 1);
	} else {
		sweep(scene, OF_MALLOC, mallocs, tally, &shared->told);
		sweep(scene, OF_IO, calls, tally, &shared->told);
	}
	printf("%-14s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", scene->name, mallocs, calls, tally->passed, tally->failed);
	fflush(stdout);
	atomic_fetch_add(&all->passed, tally->passed);
	atomic_fetch_add(&all->failed, tally->failed);
	return tally->failed == 0;
}

static int usage(void)
{
	fputs("usage: every [--scenario NAME] [--malloc N | --io N] [--turn T] [--every K] [--start S] [--jobs J] [--keep]\n", stderr);
	return 2;
}

static bool arguments_read(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		uint64_t number = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
		if (strcmp(argv[i], "--keep") == 0) {
			given.keep = true;
			continue;
		}
		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--scenario") == 0)
			given.scenario = argv[i + 1];
		else if (strcmp(argv[i], "--malloc") == 0)
			given.at[OF_MALLOC] = number;
		else if (strcmp(argv[i], "--io") == 0)
			given.at[OF_IO] = number;
		else if (strcmp(argv[i], "--turn") == 0)
			given.turn = number;
		else if (strcmp(argv[i], "--every") == 0)
			given.every = number;
		else if (strcmp(argv[i], "--start") == 0)
			given.start = number;
		else if (strcmp(argv[i], "--jobs") == 0)
			given.jobs = (unsigned)number;
		else
			return false;
		i++;
	}
	given.one = given.at[OF_MALLOC] || given.at[OF_IO];
	given.start %= given.every ? given.every : 1;
	return given.every && given.jobs && given.jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
	struct tally *all = shared_alloc(sizeof *all);
	bool found = false;
	if (!arguments_read(argc, argv))
		return usage();
	setenv("TZ", "UTC", 1);
	snprintf(root, sizeof root, "%s/attune-every-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(root)) {
		perror("every: a folder");
		return 2;
	}
	printf("%-14s %8s %8s %8s %8s\n", "scenario", "mallocs", "calls", "passed", "failed");
	fflush(stdout); /* Before a fork, or both have it. */
	for (const struct scene *scene = scenes; scene->name; scene++)
		if (!given.scenario || strcmp(given.scenario, scene->name) == 0) {
			found = true;
			scene_run(scene, all);
		}
	if (!given.keep)
		run_command("rm -rf '%s'%s", root, "");
	if (!found)
		return usage();
	printf("every: %" PRIu64 " faults, %" PRIu64 " failed\n", all->passed + all->failed, all->failed);
	return all->failed ? 1 : 0;
}
