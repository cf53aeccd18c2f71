/* decide.c: `attune decide --evaluate`, how well a log of choices would have been foreseen. */
#include "cli/verb.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/progress.h"
#include "customize/evaluate.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 1 << 30, FILES_MAX = 100000, PATH_BYTES_MAX = 4096 };

static const char help[] =
	"usage: attune decide --evaluate PATH --surface menu|usual [options]\n"
	"\n"
	"Replays a log of choices through the code that decides for the server: first predict, then learn.\n"
	"\n"
	"  --evaluate PATH    a folder with one file a customer and one chosen option a line (menu only; files named\n"
	"                     SOURCE, README or LICENSE are notes); or a CSV with the columns customer,time,option or\n"
	"                     customer,time,value; further columns: with, day, weekday, hour, at most two contexts\n"
	"  --surface KIND     menu: the next action and the home slots; usual: the usual value\n"
	"  --slots N          home slots of the menu, 1 to 16 (8)\n"
	"  --suggestions N    suggestions beside it, 0 to 8 (3)\n"
	"  --half even|odd    every second customer only: choose constants on one half, report the other\n"
	"  --json             one JSON object\n"
	"  --help             this text\n";

struct request {
	const char *path, *surface;
	bool json;
	struct evaluate_settings settings;
};

static bool read_count(const char *text, int64_t least, int64_t most, uint32_t *count)
{
	int64_t number;
	if (text_to_int64(text_of(text), &number) != 0 || number < least || number > most)
		return false;
	*count = (uint32_t)number;
	return true;
}

/* EXIT_DONE to go on; EXIT_USAGE after a message. */
static int read_options(struct request *request, int argc, char **argv)
{
	enum { EVALUATE = 256, SURFACE, SLOTS, SUGGESTIONS, HALF, JSON, HELP };
	static const struct option options[] = {
		{"evaluate", required_argument, NULL, EVALUATE}, {"surface", required_argument, NULL, SURFACE},
		{"slots", required_argument, NULL, SLOTS},       {"suggestions", required_argument, NULL, SUGGESTIONS},
		{"half", required_argument, NULL, HALF},         {"json", no_argument, NULL, JSON},
		{"help", no_argument, NULL, HELP},               {0},
	};
	const char *wrong = NULL;
	for (int option; !wrong && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == EVALUATE)
			request->path = optarg;
		else if (option == SURFACE)
			request->surface = optarg;
		else if (option == SLOTS && !read_count(optarg, 1, MENU_HOME_MAX, &request->settings.slots))
			wrong = "--slots is a number from 1 to 16";
		else if (option == SUGGESTIONS && !read_count(optarg, 0, EVALUATE_SUGGESTIONS_MAX, &request->settings.suggestions))
			wrong = "--suggestions is a number from 0 to 8";
		else if (option == HALF && strcmp(optarg, "even") != 0 && strcmp(optarg, "odd") != 0)
			wrong = "--half is even or odd";
		else if (option == HALF)
			request->settings.half = *optarg == 'e' ? EVALUATE_EVEN : EVALUATE_ODD;
		else if (option == JSON)
			request->json = true;
		else if (option == HELP)
			request->surface = "help";
		else if (option == '?')
			return EXIT_USAGE;
	}
	if (!wrong && request->surface && strcmp(request->surface, "help") == 0)
		return EXIT_DONE;
	if (!wrong && optind < argc)
		wrong = "everything is given by options";
	if (!wrong && !request->path)
		wrong = "--evaluate says which log";
	if (!wrong && (!request->surface || (strcmp(request->surface, "menu") != 0 && strcmp(request->surface, "usual") != 0)))
		wrong = "--surface is menu or usual";
	if (wrong)
		fprintf(stderr, "attune decide: %s. `attune decide --help` explains.\n", wrong);
	return wrong ? EXIT_USAGE : EXIT_DONE;
}

/* The whole file at @path into @out. Errors: ERROR_IO, ERROR_LIMIT, ERROR_MEMORY. */
static int read_file(struct buffer *out, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return ERROR_IO;
	char block[16384];
	size_t n;
	while ((n = fread(block, 1, sizeof block, file)) > 0)
		buffer_append(out, block, n);
	int error = ferror(file) ? ERROR_IO : !out->failed ? 0 : out->n + n > out->bytes_max - sizeof block ? ERROR_LIMIT : ERROR_MEMORY;
	fclose(file);
	return error;
}

static int fail(const char *path, const char *message)
{
	fprintf(stderr, "attune decide: %s: %s\n", path, message);
	return EXIT_FAILED;
}

static int read_one(struct choices *choices, const char *path, const char *customer)
{
	struct buffer bytes = BUFFER_INIT(FILE_BYTES_MAX);
	int error = read_file(&bytes, path);
	choices->message[0] = 0;
	if (error == 0 && customer)
		error = choices_add_lines(choices, text_of(customer), buffer_view(&bytes));
	else if (error == 0)
		error = choices_add_csv(choices, buffer_view(&bytes));
	buffer_free(&bytes);
	if (error)
		return fail(path, choices->message[0] ? choices->message : error == ERROR_IO ? strerror(errno) : error_sentence(error));
	return EXIT_DONE;
}

/* A folder may say where it comes from; that is no customer. */
static int is_customer(const struct dirent *entry)
{
	static const char *const notes[] = {"SOURCE", "README", "LICENSE"};
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		size_t n = strlen(notes[i]);
		if (strncmp(entry->d_name, notes[i], n) == 0 && (entry->d_name[n] == 0 || entry->d_name[n] == '.'))
			return 0;
	}
	return entry->d_name[0] != '.';
}

static int read_folder(struct choices *choices, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, is_customer, alphasort), status = EXIT_DONE;
	if (n < 0)
		return fail(path, strerror(errno));
	if (n > FILES_MAX)
		status = fail(path, "there are too many files in this folder.");
	for (int i = 0; i < n; i++) {
		char name[PATH_BYTES_MAX];
		struct stat about;
		if (snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name) >= (int)sizeof name)
			status = status ? status : fail(path, "a path is too long.");
		else if (status == EXIT_DONE && stat(name, &about) == 0 && S_ISREG(about.st_mode))
			status = read_one(choices, name, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return status;
}

static int read_log(struct choices *choices, const char *path)
{
	struct stat about;
	if (stat(path, &about) != 0)
		return fail(path, strerror(errno));
	int status = S_ISDIR(about.st_mode) ? read_folder(choices, path) : read_one(choices, path, NULL);
	if (status == EXIT_DONE && choices->n == 0)
		return fail(path, "there are no choices in it.");
	if (status == EXIT_DONE && choices_sort(choices) != 0)
		return fail(path, error_sentence(ERROR_MEMORY));
	return status;
}

static void draw(void *context, uint64_t done)
{
	progress_set(context, done);
}

static double share(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* A figure by its name in JSON and by its sentence. */
struct figure {
	const char *name, *sentence;
	double value;
	bool is_count;
};

static void write_figures(const struct figure *figures, size_t n, bool json)
{
	struct buffer out = BUFFER_INIT(1 << 16);
	struct json_writer writer = JSON_WRITER(&out);
	if (json)
		json_object_begin(&writer);
	for (size_t i = 0; i < n; i++) {
		if (json) {
			json_key(&writer, text_of(figures[i].name));
			if (figures[i].is_count)
				json_write_int(&writer, (int64_t)figures[i].value);
			else
				json_write_double(&writer, (double)(int64_t)(figures[i].value * 1e6 + 0.5) / 1e6);
		} else {
			buffer_format(&out, figures[i].is_count ? "%12.0f  %s\n" : "%12.4f  %s\n", figures[i].value, figures[i].sentence);
		}
	}
	if (json) {
		json_object_end(&writer);
		buffer_char(&out, '\n');
	}
	fwrite(out.p, 1, out.n, stdout);
	buffer_free(&out);
}

static int run_menu(const struct request *request, const struct choices *choices, uint64_t started_ns)
{
	struct evaluate_menu is;
	int error = choices->has_options ? evaluate_menu(&is, choices, &request->settings) : ERROR_INVALID;
	if (error)
		return fail(request->path, error == ERROR_INVALID ? "a menu is evaluated on options: the CSV needs the column option."
		                                                  : error_sentence(error));
	const struct figure figures[] = {
		{"customers", "customers", (double)is.customers, true},
		{"events", "choices", (double)is.events, true},
		{"top1", "of the choices were the first guess", share(is.top1, is.events), false},
		{"top5", "were among the first five guesses", share(is.top5, is.events), false},
		{"in_home", "stood in the home slots", share(is.in_home, is.events), false},
		{"in_view", "stood in the home slots or among the suggestions", share(is.in_view, is.events), false},
		{"changes_per_100", "home slots changed per 100 choices", 100 * share(is.changes, is.events), false},
		{"seconds", "seconds", (double)(clock_monotonic_ns() - started_ns) / 1e9, false},
	};
	write_figures(figures, sizeof figures / sizeof *figures, request->json);
	return EXIT_DONE;
}

static int run_usual(const struct request *request, const struct choices *choices, uint64_t started_ns)
{
	struct evaluate_usual is;
	int error = choices->has_values ? evaluate_usual(&is, choices, &request->settings) : ERROR_INVALID;
	if (error)
		return fail(request->path, error == ERROR_INVALID ? "the usual is evaluated on values: a CSV with the column value."
		                                                  : error_sentence(error));
	const struct figure figures[] = {
		{"customers", "customers", (double)is.customers, true},
		{"events", "choices, from each customer's fourth on", (double)is.events, true},
		{"top1", "of them were the likeliest value", share(is.top1, is.events), false},
		{"offered", "of them had an offer", share(is.offered, is.events), false},
		{"precision", "of the offers were right", share(is.right, is.offered), false},
		{"seconds", "seconds", (double)(clock_monotonic_ns() - started_ns) / 1e9, false},
	};
	write_figures(figures, sizeof figures / sizeof *figures, request->json);
	return EXIT_DONE;
}

int verb_decide(int argc, char **argv)
{
	struct request request = {.settings = {.slots = 8, .suggestions = 3}};
	int status = read_options(&request, argc, argv);
	if (status != EXIT_DONE)
		return status;
	if (strcmp(request.surface, "help") == 0) {
		fputs(help, stdout);
		return EXIT_DONE;
	}
	struct choices choices __attribute__((cleanup(choices_free)));
	struct progress progress;
	uint64_t started_ns = clock_monotonic_ns();
	choices_init(&choices);
	status = read_log(&choices, request.path);
	if (status != EXIT_DONE)
		return status;
	progress_start(&progress, "replaying", choices.n);
	request.settings.progress = draw;
	request.settings.progress_context = &progress;
	status = strcmp(request.surface, "menu") == 0 ? run_menu(&request, &choices, started_ns)
	                                              : run_usual(&request, &choices, started_ns);
	progress_end(&progress);
	return status;
}
