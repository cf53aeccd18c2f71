/*
 * simulate.c: many lives of an engine on a disk that forgets, tears, misplaces and rots.
 *
 *   simulate SEEDS [--first SEED] [--lies] [--no-rot] [--spare PART]     simulate --seed SEED
 *
 * A seed is one to three lives in one folder, each ended by a crash; then, in two of five, rot: bits that flip, or a page of zeros, in one
 * file. Then the folder is opened and compared with what was acknowledged: no event is lost or there twice, unless what hit it is named by
 * its file; nothing is wrong without a word, and what was erased stays so. --lies makes the syncs of the log worthless: then events must be
 * lost, and the log must miss what it knew to be on disk.
 * Threads of the engine run as they like, so a seed need not end twice in the same way; --seed says more about one.
 */
#include "disk.h"
#include "life.h"
#include "random.h"

#include "base/report.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MAX = 16, SAID_MAX = 20, LIVES_MAX = 3, FILES_MAX = 64, LIFE_SECONDS_MAX = 60, BITS_MAX = 8, NEAR = 16, PAGE = 4096 };

struct totals {
	uint64_t seeds, lives, rotten, refused, named, lost, doubled, wrong;
};

struct shared {
	struct totals totals[WORKERS_MAX];
	struct model models[WORKERS_MAX];
	uint32_t said;
};

static struct shared *shared;
static bool lies, no_rot, verbose;
static char top[128];

/* ---- files ---- */

static void folder_empty(const char *path)
{
	DIR *items = opendir(path);
	for (struct dirent *item; items && (item = readdir(items));) {
		char name[512];
		if (item->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, item->d_name);
		if (item->d_type == DT_DIR)
			folder_empty(name);
		if (remove(name) != 0)
			perror(name);
	}
	if (items)
		closedir(items);
}

static void files_find(const char *path, char files[FILES_MAX][PATH_MAX_BYTES], size_t *n)
{
	DIR *items = opendir(path);
	for (struct dirent *item; items && (item = readdir(items));) {
		char name[512];
		struct stat status;
		if (item->d_name[0] == '.' || strcmp(item->d_name, "lock") == 0 || strcmp(item->d_name, "lock.mdb") == 0)
			continue;
		snprintf(name, sizeof name, "%s/%s", path, item->d_name);
		if (item->d_type == DT_DIR)
			files_find(name, files, n);
		else if (*n < FILES_MAX && stat(name, &status) == 0 && status.st_size > 0)
			snprintf(files[(*n)++], PATH_MAX_BYTES, "%s", name);
	}
	if (items)
		closedir(items);
}

/* So far there is something else than zeros. */
static size_t used_of(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return n;
}

static void rot(struct model *model, const char *folder, uint64_t *seed)
{
	static char files[FILES_MAX][PATH_MAX_BYTES];
	size_t n = 0;
	files_find(folder, files, &n);
	if (!n)
		return;
	const char *path = files[random_below(seed, (uint32_t)n)];
	for (int tries = 0; tries < 3 && random_below(seed, 2) && !strstr(path, ".segment"); tries++)
		path = files[random_below(seed, (uint32_t)n)]; /* Rather a log, where the truth is. */
	struct stat status;
	int file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0)
		abort();
	uint8_t *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (bytes == MAP_FAILED)
		abort();
	size_t used = used_of(bytes, (size_t)status.st_size);
	if (used > 2 * PAGE && random_below(seed, 2))
		used = random_below(seed, 4) ? used : 2 * PAGE; /* What is in use is often at the begin. */
	bool wipe = used && random_below(seed, 4) == 0;
	size_t at = used ? random_below(seed, (uint32_t)used) : 0, n_hit = wipe ? PAGE : NEAR;
	at = wipe ? at / PAGE * PAGE : at;
	n_hit = at + n_hit < (size_t)status.st_size ? n_hit : (size_t)status.st_size - at;
	if (!life_may_hit(path, at, n_hit))
		used = 0;
	if (used && wipe)
		memset(bytes + at, 0, n_hit);
	for (uint32_t bits = used && !wipe ? 1 + random_below(seed, BITS_MAX) : 0; bits > 0; bits--)
		bytes[at + random_below(seed, (uint32_t)n_hit)] ^= (uint8_t)(1 << random_below(seed, 8));
	munmap(bytes, (size_t)status.st_size);
	close(file);
	if (used)
		snprintf(model->damaged[model->damaged_n++ % DAMAGED_MAX], PATH_MAX_BYTES, "%s", path);
}

/* ---- one seed ---- */

static void child_quiet(void)
{
	alarm(LIFE_SECONDS_MAX);
	if (verbose)
		return;
	report_level_set(REPORT_ERROR + 1);
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(nothing, STDERR_FILENO);
}

/* Run @part of a life in a process of its own; false when it ended as none may. */
static bool child_run(const struct life *life, void (*part)(const struct life *), const char *what)
{
	struct model *model = life->model;
	int status;
	pid_t child = fork();
	if (child == 0) {
		child_quiet();
		part(life);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DISK_CRASHED))
		return true;
	if (!model->wrong) {
		model->wrong++;
		snprintf(model->text, sizeof model->text, "%s ended by %s %d", what, WIFSIGNALED(status) ? "signal" : "exit",
		         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	return false;
}

static void seed_run(uint64_t number, size_t worker)
{
	char folder[160], stash[160];
	struct totals *totals = &shared->totals[worker];
	struct model *model = &shared->models[worker];
	uint64_t seed = number * 0x9e3779b97f4a7c15u;
	memset(model, 0, sizeof *model);
	snprintf(folder, sizeof folder, "%s/%zu/data", top, worker);
	snprintf(stash, sizeof stash, "%s/%zu/stash", top, worker);
	folder_empty(folder);
	folder_empty(stash);
	uint32_t lives = 1 + random_below(&seed, LIVES_MAX);
	bool ok = true, rots = !no_rot && random_below(&seed, 5) < 2;
	struct life life = {.folder = folder, .stash = stash, .model = model, .lies = lies, .fat = random_below(&seed, 3) == 0};
	for (uint32_t i = 0; i < lives && ok; i++) {
		folder_empty(stash);
		life.seed = random_next(&seed);
		life.misdirects = rots && i + 1 == lives;
		ok = child_run(&life, life_run, "a life");
		totals->lives++;
	}
	if (ok && rots)
		rot(model, folder, &seed);
	life.seed = random_next(&seed);
	if (ok)
		child_run(&life, life_check, "the check");
	totals->seeds++;
	totals->rotten += model->damaged_n > 0;
	totals->refused += model->refused;
	totals->named += model->named;
	totals->lost += model->lost > 0;
	totals->doubled += model->doubled > 0;
	totals->wrong += model->wrong > 0;
	if ((model->lost || model->doubled || model->wrong) && __atomic_fetch_add(&shared->said, 1, __ATOMIC_RELAXED) < SAID_MAX)
		printf("seed %llu%s%s: %s\n", (unsigned long long)number, model->damaged_n ? ", damaged " : "",
		       model->damaged_n ? model->damaged[0] + strlen(folder) + 1 : "", model->text);
	fflush(stdout);
}

/* ---- all of them ---- */

static void worker_run(uint64_t first, uint64_t seeds, size_t worker, size_t workers)
{
	char path[160];
	const char *const parts[] = {"", "/data", "/stash"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%zu%s", top, worker, parts[i]);
		if (mkdir(path, 0700) != 0)
			abort();
	}
	for (uint64_t i = worker; i < seeds; i += workers)
		seed_run(first + i, worker);
}

static struct totals totals_sum(size_t workers)
{
	struct totals all = {0};
	for (size_t i = 0; i < workers; i++) {
		const struct totals *one = &shared->totals[i];
		all.seeds += one->seeds, all.lives += one->lives, all.rotten += one->rotten, all.refused += one->refused, all.named += one->named;
		all.lost += one->lost, all.doubled += one->doubled, all.wrong += one->wrong;
	}
	return all;
}

static int show(const struct totals *all, double seconds)
{
	printf("%-28s %10llu\n%-28s %10llu\n%-28s %10llu\n%-28s %10llu\n%-28s %10llu\n%-28s %10.1f\n", "seeds", (unsigned long long)all->seeds, "lives and crashes",
	       (unsigned long long)all->lives, "with damage", (unsigned long long)all->rotten, "refused, with its file", (unsigned long long)all->refused,
	       "opened, and it was named", (unsigned long long)all->named, "milliseconds a seed", seconds * 1000 / (double)(all->seeds ? all->seeds : 1));
	printf("simulate: %llu seeds, %llu lost, %llu doubled, %llu wrong\n", (unsigned long long)all->seeds, (unsigned long long)all->lost,
	       (unsigned long long)all->doubled, (unsigned long long)all->wrong);
	if (lies) /* Where a sync makes nothing durable, what was acknowledged must be missed, here or by the log itself. */
		return all->lost + all->wrong > all->seeds / 4 ? 0 : 1;
	return all->lost || all->doubled || all->wrong;
}

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint64_t seeds = 0, first = 1;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--lies") == 0)
			lies = true;
		else if (strcmp(argv[i], "--no-rot") == 0)
			no_rot = true;
		else if (strcmp(argv[i], "--spare") == 0 && i + 1 < argc)
			life_spared = argv[++i];
		else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc)
			first = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
			first = strtoull(argv[++i], NULL, 10);
			seeds = 1;
			verbose = true;
		} else if (!(seeds = strtoull(argv[i], NULL, 10))) {
			fprintf(stderr, "usage: simulate SEEDS [--first SEED] [--lies] [--no-rot] [--spare PART] | --seed SEED\n");
			return 2;
		}
	}
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = processors < 1 ? 1 : 2 * (size_t)processors; /* A life waits for its disk about half of the time. */
	size_t workers = wanted > WORKERS_MAX ? WORKERS_MAX : wanted;
	workers = seeds < workers ? seeds : workers;
	snprintf(top, sizeof top, "%s/attune-simulate-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(top) || !seeds)
		return 2;
	double begun = now_s();
	for (size_t i = 0; i < workers; i++)
		if (fork() == 0) {
			worker_run(first, seeds, i, workers);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	struct totals all = totals_sum(workers);
	int failed = show(&all, now_s() - begun);
	if (verbose && failed) {
		printf("kept in %s\n", top);
		return failed;
	}
	folder_empty(top);
	rmdir(top);
	return all.seeds == seeds ? failed : 1;
}
