/*
 * flips.c: a damaged byte in every file of a data folder, one at a time: script/fault --flips.
 *
 *   flips [--every N] [--seconds S] [--workers N]     flips --at FILE:OFFSET
 *
 * Makes a small data folder (flips.h) and remembers what the server answers. Then, for each byte in use and one in 4,096 of what is not,
 * flips it, starts the server in a process of its own, asks the same, and ends it as a crash does. Allowed: the start is refused with the
 * file's name; the damage is named with the file's name; nothing changes. Not allowed: another answer without a word, a crash, a hang.
 * --every N takes each N-th byte only, --seconds stops after S seconds; --at tries one byte and says more.
 * Ends with "flips: N bytes, W wrong"; exit 1 when W is not 0.
 */
#include "flips.h"
#include "random.h"

#include "base/clock.h"
#include "base/damage.h"
#include "base/refusal.h"
#include "base/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MAX = 64, WORKERS_MAX = 16, TRIAL_SECONDS_MAX = 10, PAGE = 4096, NEAR = 8, SLOTS_USED = 8, SLOT = 64, KINDS_MAX = 40, TEXT_BYTES = 600, OLD_S = 1000 };

/* X(symbol, its column): what came of a flip. */
#define OUTCOMES(X) X(REFUSED, "refused") X(NAMED, "named") X(REBUILT, "rebuilt") X(HARMLESS, "harmless") X(WRONG, "wrong")
enum outcome {
#define X(symbol, name) symbol,
	OUTCOMES(X)
#undef X
	OUTCOMES_N,
};

struct image {
	char file[PATH_BYTES]; /* In the folder. */
	uint8_t *bytes;
	size_t n;
};

struct place {
	uint16_t file;
	uint32_t at;
};

/* What a worker and its children share. */
struct worker {
	struct answers model, found;
	enum outcome outcome;
	char text[TEXT_BYTES];
	uint64_t counts[FILES_MAX][OUTCOMES_N];
};

static char top[64];
static struct made *made;
static struct image images[FILES_MAX];
static size_t images_n;
static struct place *places;
static size_t places_n;
static struct worker *workers;
static bool verbose;

static _Noreturn void impossible(const char *what)
{
	fprintf(stderr, "flips: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- the folder ---- */

/* Call @each with every file below @folder/@below. */
static void files_each(const char *folder, const char *below, void (*each)(const char *folder, const char *file))
{
	char path[2 * PATH_BYTES], file[PATH_BYTES + 1];
	snprintf(path, sizeof path, "%s/%s", folder, below);
	DIR *items = opendir(path);
	for (struct dirent *item; items && (item = readdir(items));) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		snprintf(file, sizeof file, "%s%s%s", below, *below ? "/" : "", item->d_name);
		if (item->d_type == DT_DIR)
			files_each(folder, file, each);
		each(folder, file); /* A folder after what is in it. */
	}
	if (items)
		closedir(items);
}

static void image_take(const char *folder, const char *file)
{
	char path[2 * PATH_BYTES];
	struct stat status;
	snprintf(path, sizeof path, "%s/%s", folder, file);
	int open_file = open(path, O_RDONLY | O_CLOEXEC);
	if (open_file < 0 || fstat(open_file, &status) != 0 || images_n == FILES_MAX)
		impossible(path);
	if (S_ISREG(status.st_mode)) {
		struct image *image = &images[images_n++];
		snprintf(image->file, sizeof image->file, "%s", file);
		image->n = (size_t)status.st_size;
		image->bytes = malloc(image->n + 1);
		if (!image->bytes || read(open_file, image->bytes, image->n) != (ssize_t)image->n)
			impossible(path);
	}
	close(open_file);
}

static const struct image *image_of(const char *file)
{
	for (size_t i = 0; i < images_n; i++)
		if (strcmp(images[i].file, file) == 0)
			return &images[i];
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct image *)a)->file, ((const struct image *)b)->file);
}

/* Write the pages of @image that are not empty, and make the file old: whatever changes it makes it younger. */
static void image_put(const char *folder, const struct image *image)
{
	static const uint8_t zeros[PAGE];
	char path[2 * PATH_BYTES];
	snprintf(path, sizeof path, "%s/%s", folder, image->file);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, (off_t)image->n) != 0)
		impossible(path);
	for (size_t at = 0, run; at < image->n; at += run) {
		run = image->n - at < PAGE ? image->n - at : PAGE;
		if (memcmp(image->bytes + at, zeros, run) != 0 && pwrite(file, image->bytes + at, run, (off_t)at) != (ssize_t)run)
			impossible(path);
	}
	if (futimens(file, (struct timespec[]){{.tv_sec = OLD_S}, {.tv_sec = OLD_S}}) != 0)
		impossible(path);
	close(file);
}

static void stranger_remove(const char *folder, const char *file)
{
	char path[2 * PATH_BYTES];
	snprintf(path, sizeof path, "%s/%s", folder, file);
	if (!image_of(file))
		remove(path); /* A folder that is needed is not empty. */
}

/* Make @folder what the images say. */
static void folder_restore(const char *folder)
{
	files_each(folder, "", stranger_remove);
	for (size_t i = 0; i < images_n; i++) {
		char path[2 * PATH_BYTES];
		struct stat status;
		snprintf(path, sizeof path, "%s/%s", folder, images[i].file);
		if (stat(path, &status) == 0 && status.st_size == (off_t)images[i].n && status.st_mtim.tv_sec == OLD_S)
			continue;
		for (char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
			*slash = 0;
			mkdir(path, 0700);
			*slash = '/';
		}
		image_put(folder, &images[i]);
	}
}

static void everything_remove(const char *folder, const char *file)
{
	char path[2 * PATH_BYTES];
	snprintf(path, sizeof path, "%s/%s", folder, file);
	remove(path);
}

/* ---- a trial ---- */

/* Does @named, a file or a folder of the data folder, say where @file is? */
static bool is_named_by(const char *file, const char *named)
{
	size_t n = strlen(named);
	return n && strncmp(file, named, n) == 0 && (file[n] == 0 || file[n] == '/');
}

/* What the list of damage says of @file: 0 nothing, 1 that it was made again, 2 more. */
static int damage_of(const char *file)
{
	static struct damage list[DAMAGE_MAX];
	int said = 0;
	for (size_t i = 0, n = damage_list(list, DAMAGE_MAX); i < n; i++)
		if (is_named_by(file, list[i].file))
			said = list[i].effect != DAMAGE_REBUILT ? 2 : said ? said : 1;
	return said;
}

static void differences_find(struct worker *worker)
{
	const struct answers *a = &worker->model, *b = &worker->found;
	size_t n = 0;
	worker->text[0] = 0;
	for (size_t i = 0; i < a->n && n < TEXT_BYTES - 1; i++)
		if (i >= b->n || a->items[i].bytes != b->items[i].bytes || memcmp(a->items[i].text, b->items[i].text, a->items[i].bytes) != 0)
			n += (size_t)snprintf(worker->text + n, TEXT_BYTES - n, "%s%s", n ? ", " : "", a->items[i].name);
}

static void differences_show(const struct worker *worker)
{
	static struct damage list[DAMAGE_MAX];
	for (size_t i = 0, n = damage_list(list, DAMAGE_MAX); i < n; i++)
		printf("damage: %s at %llu, %s: %s\n", list[i].file, (unsigned long long)list[i].offset, damage_effect_name(list[i].effect), list[i].what);
	for (size_t i = 0; i < worker->model.n; i++)
		if (worker->model.items[i].bytes != worker->found.items[i].bytes || strcmp(worker->model.items[i].text, worker->found.items[i].text) != 0)
			printf("%s\n  was %.1500s\n  is  %.1500s\n", worker->model.items[i].name, worker->model.items[i].text, worker->found.items[i].text);
}

static void child_begin(void)
{
	alarm(TRIAL_SECONDS_MAX);
	if (verbose)
		return;
	report_level_set(REPORT_ERROR + 1);
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(nothing, STDERR_FILENO);
}

/* In a process of its own: open @folder, whose @file (NULL: none) is damaged, and see. */
static _Noreturn void look(const char *folder, const char *file, struct worker *worker)
{
	struct server *server;
	char problem[200], why[2 * REFUSAL_BYTES];
	child_begin();
	snprintf(worker->text, TEXT_BYTES, "it ended while it started");
	int error = flips_start(&server, folder, problem);
	if (error) {
		bool named = file && (damage_of(file) || strstr(refusal_sentence(error, why), file) || strstr(problem, file));
		worker->outcome = named ? REFUSED : WRONG;
		snprintf(worker->text, TEXT_BYTES, "refused (%s), and its file is not named: %s%s", error_name(error), refusal_sentence(error, why), problem);
		if (verbose)
			printf("%s %s\n", why, problem);
		exit(0);
	}
	snprintf(worker->text, TEXT_BYTES, "it ended while it answered");
	flips_ask(server, made, file ? file : "", file ? &worker->found : &worker->model);
	if (!file)
		_exit(0);
	differences_find(worker);
	int said = damage_of(file);
	if (verbose)
		differences_show(worker);
	bool differs = worker->text[0];
	worker->outcome = said > 1 || (differs && said) ? NAMED : said ? REBUILT : differs ? WRONG : HARMLESS;
	fflush(stdout);
	_exit(0);
}

/* Look in a child; false when it ended as none may. */
static bool child_look(const char *folder, const char *file, struct worker *worker)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		look(folder, file, worker);
	if (child < 0 || waitpid(child, &status, 0) != child)
		impossible("no process");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	size_t n = strlen(worker->text);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		snprintf(worker->text, TEXT_BYTES, "it took more than %d seconds", TRIAL_SECONDS_MAX);
	else
		snprintf(worker->text + n, TEXT_BYTES - n, ", by %s %d", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	worker->outcome = WRONG;
	return false;
}

static void model_make(const char *folder, struct worker *worker)
{
	folder_restore(folder);
	if (!child_look(folder, NULL, worker))
		impossible("the folder does not open");
	folder_restore(folder);
}

static void byte_flip(const char *folder, struct place place, unsigned mask)
{
	char path[2 * PATH_BYTES];
	uint8_t byte = (uint8_t)(images[place.file].bytes[place.at] ^ mask);
	snprintf(path, sizeof path, "%s/%s", folder, images[place.file].file);
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || pwrite(file, &byte, 1, place.at) != 1)
		impossible(path);
	close(file);
}

static void trial(const char *folder, struct worker *worker, struct place place, unsigned mask)
{
	for (int tries = 0; tries < 2; tries++) {
		byte_flip(folder, place, mask);
		child_look(folder, images[place.file].file, worker);
		folder_restore(folder);
		if (worker->outcome != WRONG || tries)
			break;
		/* Some answers change with the day: what is compared with is made again once. */
		char text[TEXT_BYTES];
		memcpy(text, worker->text, sizeof text);
		model_make(folder, worker);
		memcpy(worker->text, text, sizeof text);
	}
	worker->counts[place.file][worker->outcome]++;
	if (worker->outcome == WRONG || verbose)
		printf("%s %s at byte %u ^ 0x%02x: %s\n", worker->outcome == WRONG ? "WRONG" : "outcome", images[place.file].file, place.at, mask,
		       worker->outcome == WRONG ? worker->text : (const char *const[]){"refused", "named", "rebuilt", "harmless", ""}[worker->outcome]);
	fflush(stdout);
}

/* ---- all of them ---- */

static bool is_passed_over(const char *file)
{
	static const char *const empty[] = {"lock", "lookup/lock.mdb", "log/lock", "log/rewriting", "log/reserve", "configuration/lock", "configuration/rewriting"};
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		if (strcmp(file, empty[i]) == 0)
			return true;
	return false;
}

/* A byte near one that is not zero is in use; slots that nobody has yet are random, and not in use. */
static bool is_in_use(const struct image *image, size_t at)
{
	if (strcmp(image->file, "sealing/slots") == 0 && at >= SLOTS_USED * SLOT)
		return false;
	for (size_t i = at < NEAR ? 0 : at - NEAR; i <= at + NEAR && i < image->n; i++)
		if (image->bytes[i])
			return true;
	return false;
}

static void places_find(size_t every)
{
	size_t capacity = 0, in_use = 0;
	for (size_t i = 0; i < images_n; i++)
		capacity += is_passed_over(images[i].file) ? 0 : images[i].n;
	places = malloc((capacity + 1) * sizeof *places);
	for (size_t i = 0; i < images_n && places; i++) {
		size_t chosen = 0;
		for (size_t at = 0; at < images[i].n && !is_passed_over(images[i].file); at++) {
			bool used = is_in_use(&images[i], at);
			in_use += used;
			if ((used || at % PAGE == 0) && chosen++ % every == 0)
				places[places_n++] = (struct place){(uint16_t)i, (uint32_t)at};
		}
	}
	uint64_t seed = 1;
	for (size_t i = places_n; i > 1; i--) { /* So that a run that is cut short has been everywhere. */
		size_t other = random_below(&seed, (uint32_t)i);
		struct place swap = places[i - 1];
		places[i - 1] = places[other];
		places[other] = swap;
	}
	printf("%zu files, %zu bytes in use, %zu to flip\n", images_n, in_use, places_n);
	fflush(stdout);
}

static void worker_run(size_t number, size_t workers_n, int64_t until_ms)
{
	char folder[PATH_BYTES];
	snprintf(folder, sizeof folder, "%s/%zu", top, number);
	if (mkdir(folder, 0700) != 0)
		impossible(folder);
	model_make(folder, &workers[number]);
	for (size_t i = number; i < places_n && clock_now_ms() < until_ms; i += workers_n)
		trial(folder, &workers[number], places[i], i % 4 < 2 ? 1 : 0xff);
}

/* Files of the same kind are one row: what lies in a folder, by its ending. */
static void kind_of(const char *file, char out[PATH_BYTES])
{
	const char *slash = strchr(file, '/'), *dot = strrchr(file, '.');
	if (slash && dot && dot > slash && strncmp(file, "lookup", 6) != 0)
		snprintf(out, PATH_BYTES, "%.*s/*%s", (int)(slash - file), file, dot);
	else
		snprintf(out, PATH_BYTES, "%s", file);
}

static int show(size_t workers_n)
{
	static struct {
		char name[PATH_BYTES];
		uint64_t counts[OUTCOMES_N];
	} rows[KINDS_MAX];
	size_t rows_n = 0;
	uint64_t all = 0, wrong = 0;
	for (size_t i = 0; i < images_n; i++) {
		char kind[PATH_BYTES];
		size_t row = 0;
		kind_of(images[i].file, kind);
		while (row < rows_n && strcmp(rows[row].name, kind) != 0)
			row++;
		if (row == KINDS_MAX || is_passed_over(images[i].file))
			continue;
		rows_n = row == rows_n ? rows_n + 1 : rows_n;
		memcpy(rows[row].name, kind, sizeof kind);
		for (size_t w = 0; w < workers_n; w++)
			for (int outcome = 0; outcome < OUTCOMES_N; outcome++)
				rows[row].counts[outcome] += workers[w].counts[i][outcome];
	}
	printf("%-26s %9s", "file", "flipped");
#define X(symbol, name) printf(" %9s", name);
	OUTCOMES(X)
#undef X
	for (size_t row = 0; row < rows_n; row++) {
		uint64_t n = 0;
		for (int outcome = 0; outcome < OUTCOMES_N; outcome++)
			n += rows[row].counts[outcome];
		printf("\n%-26s %9llu", rows[row].name, (unsigned long long)n);
		for (int outcome = 0; outcome < OUTCOMES_N; outcome++)
			printf(" %9llu", (unsigned long long)rows[row].counts[outcome]);
		all += n;
		wrong += rows[row].counts[WRONG];
	}
	printf("\nflips: %llu bytes, %llu wrong\n", (unsigned long long)all, (unsigned long long)wrong);
	return wrong || !all;
}

static void folder_make_once(void)
{
	char folder[PATH_BYTES];
	int status;
	snprintf(folder, sizeof folder, "%s/whole", top);
	pid_t child = fork();
	if (child == 0) {
		report_level_set(verbose ? REPORT_INFO : REPORT_ERROR);
		flips_make(folder, made);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		impossible("the folder could not be made");
	files_each(folder, "", image_take);
	qsort(images, images_n, sizeof *images, by_name);
}

static int run_all(size_t every, int64_t seconds, size_t workers_n)
{
	places_find(every);
	int64_t until_ms = clock_now_ms() + seconds * 1000;
	int failed = 0, status;
	for (size_t i = 0; i < workers_n; i++)
		if (fork() == 0) {
			worker_run(i, workers_n, until_ms);
			exit(0);
		}
	while (wait(&status) > 0)
		failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	return show(workers_n) || failed;
}

static int run_one(char *at)
{
	char folder[PATH_BYTES], *colon = strrchr(at, ':');
	if (colon)
		*colon = 0;
	const struct image *image = image_of(at);
	if (!colon || !image || strtoull(colon + 1, NULL, 10) >= image->n) {
		fprintf(stderr, "flips: there is no such byte\n");
		return 2;
	}
	snprintf(folder, sizeof folder, "%s/0", top);
	mkdir(folder, 0700);
	model_make(folder, &workers[0]);
	for (unsigned mask = 1; mask < 256; mask += 254)
		trial(folder, &workers[0], (struct place){(uint16_t)(image - images), (uint32_t)strtoull(colon + 1, NULL, 10)}, mask);
	return 0;
}

static void *shared_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		impossible("no memory");
	return p;
}

int main(int argc, char **argv)
{
	size_t every = 1, workers_n = 2;
	int64_t seconds = 24 * 3600;
	char *at = NULL;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--at") == 0)
			at = argv[i + 1];
		else if (strcmp(argv[i], "--every") == 0)
			every = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seconds") == 0)
			seconds = strtoll(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--workers") == 0)
			workers_n = strtoull(argv[i + 1], NULL, 10);
		else
			every = 0;
	}
	if (argc % 2 == 0 || !every || !workers_n || workers_n > WORKERS_MAX || seconds <= 0) {
		fprintf(stderr, "usage: flips [--every N] [--seconds S] [--workers N] | --at FILE:OFFSET\n");
		return 2;
	}
	verbose = at;
	signal(SIGPIPE, SIG_IGN);
	snprintf(top, sizeof top, "%s/attune-flips-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	made = shared_alloc(sizeof *made);
	workers = shared_alloc(WORKERS_MAX * sizeof *workers);
	if (!mkdtemp(top) || sodium_init() < 0)
		impossible(top);
	folder_make_once();
	int status = at ? run_one(at) : run_all(every, seconds, workers_n);
	files_each(top, "", everything_remove);
	rmdir(top);
	return status;
}
