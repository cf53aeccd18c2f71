/* journeys.c: `attune journeys`, from a file to what customers really did. */
#include "base/unit.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/progress.h"
#include "cli/journeys_report.h"
#include "cli/verb.h"
#include "event/import/event_file.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	WHERE_MAX = 16,
	REJECTS_SHOWN = 5,
	MAP_ARENA_BYTES = 1024 * 1024,
	NAMES_ACTIVITIES_MAX = 1 << 20,
	PROGRESS_ROWS = 4096,
	TOP = 20,
	VARIANTS = 10,
	NUMBER_MAX = 1000 * 1000 * 1000,
};
static const uint64_t case_bytes_max = (uint64_t)8 << 30, activity_bytes_max = (uint64_t)256 << 20;
static const size_t report_bytes_max = (size_t)2 << 30;

struct where {
	struct text name, value;
};

struct work {
	const char *path, *rejects_path, *goal;
	struct event_map map;
	struct arena arena;
	struct where wheres[WHERE_MAX];
	size_t wheres_n;
	struct journeys_options options;
	bool has_from, has_to;
	bool json, with_lifecycle, cut_at_gap;
	size_t top, variants;
	struct names cases, activities;
	uint32_t *case_column, *activity_column, last_case;
	int64_t *time_column;
	size_t n, case_capacity, activity_capacity, time_capacity;
	uint64_t where_met[WHERE_MAX];
	struct buffer activity_text;
	struct event_file *file;
	struct progress progress;
	FILE *rejects;
	uint64_t rejected;
};

static const char help[] =
	"usage: attune journeys FILE [options]\n"
	"\n"
	"Shows what customers really did, from a log of events in a file: CSV, NDJSON or XES, plain or gzip; - reads\n"
	"standard input.\n"
	"\n"
	"  --json                one JSON object instead of a table\n"
	"  --map FILE.yaml       which column is what: the keys case, activity, time, lifecycle, attributes\n"
	"  --case COLUMN         the column that says which case (or customer) an event belongs to\n"
	"  --activity COLUMN     the column that says what happened\n"
	"  --time COLUMN         the column that says when\n"
	"  --cut case|goal|gap   where a journey ends: with its case (default), with the goal, or before a long silence\n"
	"  --goal NAME           the activity that journeys are for; shows where they end without it\n"
	"  --gap 30m             the silence that ends a journey, with --cut gap (ms, s, m, h or d; default 30m)\n"
	"  --from TIME           only events from this time on, such as 2026-05-03 or 2026-05-03T07:00:00Z\n"
	"  --to TIME             only events before this time\n"
	"  --where NAME=VALUE    only events whose column NAME is VALUE; may be given again\n"
	"  --lifecycle           tell apart what has begun from what is complete: activity+transition\n"
	"  --variants N          show N usual courses (default 10)\n"
	"  --top N               show N rows of the other lists (default 20)\n"
	"  --rejects FILE        write every line that was refused, with its number and the reason\n"
	"  --help                this text\n";

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int fail(const char *format, ...)
{
	va_list args;
	fputs("attune journeys: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

static int misuse(const char *what, const char *value, const char *wanted)
{
	fail("%s \"%s\" is not %s. `attune journeys --help` explains it.", what, value, wanted);
	return EXIT_USAGE;
}

static int take_gap(const char *argument, int64_t *ms)
{
	if (duration_parse(text_of(argument), ms) != 0 || *ms == 0)
		return misuse("--gap", argument, "a time such as 30m or 2h");
	return EXIT_DONE;
}

static int take_number(const char *what, const char *argument, size_t *number)
{
	int64_t parsed;
	if (text_to_int64(text_of(argument), &parsed) != 0 || parsed < 0 || parsed > NUMBER_MAX)
		return misuse(what, argument, "a number");
	*number = (size_t)parsed;
	return EXIT_DONE;
}

static int take_where(struct work *work, const char *argument)
{
	const char *equals = strchr(argument, '=');
	if (!equals || equals == argument)
		return misuse("--where", argument, "NAME=VALUE");
	if (work->wheres_n == WHERE_MAX) {
		fail("--where may be given at most %d times.", WHERE_MAX);
		return EXIT_USAGE;
	}
	work->wheres[work->wheres_n++] = (struct where){{argument, (size_t)(equals - argument)}, text_of(equals + 1)};
	return EXIT_DONE;
}

static int take_map(struct work *work, const char *path)
{
	char problem[EVENT_MAP_ERROR_BYTES];
	struct event_map map;
	int error = event_map_read(&map, &work->arena, path, problem);
	if (error)
		return fail("%s: %s", path, problem[0] ? problem : error_sentence(error));
	for (int role = 0; role < EVENT_ROLES; role++) /* An option wins over the map, wherever it stands. */
		if (work->map.columns[role].n)
			map.columns[role] = work->map.columns[role];
	work->map = map;
	return EXIT_DONE;
}

static int take_cut(struct work *work, const char *argument)
{
	work->cut_at_gap = strcmp(argument, "gap") == 0;
	work->options.cut_at_goal = strcmp(argument, "goal") == 0;
	if (!work->cut_at_gap && !work->options.cut_at_goal && strcmp(argument, "case") != 0)
		return misuse("--cut", argument, "case, goal or gap");
	return EXIT_DONE;
}

enum option_code { OPTION_JSON = 256, OPTION_MAP, OPTION_CASE, OPTION_ACTIVITY, OPTION_TIME, OPTION_CUT, OPTION_GOAL,
	OPTION_GAP, OPTION_FROM, OPTION_TO, OPTION_WHERE, OPTION_LIFECYCLE, OPTION_VARIANTS, OPTION_TOP, OPTION_REJECTS,
	OPTION_HELP };

static int take_option(struct work *work, int code, const char *argument)
{
	switch (code) {
	case OPTION_JSON:
		work->json = true;
		return EXIT_DONE;
	case OPTION_MAP:
		return take_map(work, argument);
	case OPTION_CASE:
	case OPTION_ACTIVITY:
	case OPTION_TIME:
		work->map.columns[code - OPTION_CASE] = text_of(argument);
		return EXIT_DONE;
	case OPTION_CUT:
		return take_cut(work, argument);
	case OPTION_GOAL:
		work->goal = argument;
		return EXIT_DONE;
	case OPTION_GAP:
		return take_gap(argument, &work->options.cut_gap_ms);
	case OPTION_FROM:
		work->has_from = true;
		return clock_parse(text_of(argument), &work->options.from_ms) ? misuse("--from", argument, "a date or time") : EXIT_DONE;
	case OPTION_TO:
		work->has_to = true;
		return clock_parse(text_of(argument), &work->options.to_ms) ? misuse("--to", argument, "a date or time") : EXIT_DONE;
	case OPTION_WHERE:
		return take_where(work, argument);
	case OPTION_LIFECYCLE:
		work->with_lifecycle = true;
		return EXIT_DONE;
	case OPTION_VARIANTS:
		return take_number("--variants", argument, &work->variants);
	case OPTION_TOP:
		return take_number("--top", argument, &work->top);
	case OPTION_REJECTS:
		work->rejects_path = argument;
		return EXIT_DONE;
	default:
		fputs("`attune journeys --help` lists the options.\n", stderr);
		return EXIT_USAGE;
	}
}

/* What the options must be together. */
static int check_options(struct work *work)
{
	if (work->options.cut_at_goal && !work->goal) {
		fail("--cut goal needs --goal NAME.");
		return EXIT_USAGE;
	}
	if (work->options.cut_gap_ms && !work->cut_at_gap) {
		fail("--gap goes with --cut gap.");
		return EXIT_USAGE;
	}
	if (work->cut_at_gap && !work->options.cut_gap_ms)
		work->options.cut_gap_ms = 30 * MS_A_MINUTE;
	if (work->has_from && !work->has_to)
		work->options.to_ms = INT64_MAX;
	if (work->has_to && !work->has_from)
		work->options.from_ms = INT64_MIN;
	if (!work->map.keep_listed)
		work->map.keep_n = 0;
	work->map.keep_listed = true;
	for (size_t i = 0; i < work->wheres_n; i++) {
		if (work->map.keep_n == EVENT_MAP_KEEP_MAX)
			return fail("too many attributes to keep: at most %d.", EVENT_MAP_KEEP_MAX);
		work->map.keep[work->map.keep_n++] = work->wheres[i].name;
	}
	return EXIT_DONE;
}

/* Returns true when the verb is over, with the exit status in *@status. */
static bool read_options(struct work *work, int argc, char **argv, int *status)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, OPTION_JSON},          {"map", required_argument, NULL, OPTION_MAP},
		{"case", required_argument, NULL, OPTION_CASE},    {"activity", required_argument, NULL, OPTION_ACTIVITY},
		{"time", required_argument, NULL, OPTION_TIME},    {"cut", required_argument, NULL, OPTION_CUT},
		{"goal", required_argument, NULL, OPTION_GOAL},    {"gap", required_argument, NULL, OPTION_GAP},
		{"from", required_argument, NULL, OPTION_FROM},    {"to", required_argument, NULL, OPTION_TO},
		{"where", required_argument, NULL, OPTION_WHERE},  {"lifecycle", no_argument, NULL, OPTION_LIFECYCLE},
		{"variants", required_argument, NULL, OPTION_VARIANTS}, {"top", required_argument, NULL, OPTION_TOP},
		{"rejects", required_argument, NULL, OPTION_REJECTS}, {"help", no_argument, NULL, OPTION_HELP},
		{0},
	};
	int code;
	*status = EXIT_DONE;
	while (*status == EXIT_DONE && (code = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (code == OPTION_HELP) {
			fputs(help, stdout);
			return true;
		}
		*status = take_option(work, code, optarg);
	}
	if (*status != EXIT_DONE)
		return true;
	if (optind + 1 != argc) {
		fail("%s `attune journeys --help` shows how.", optind == argc ? "which FILE?" : "one FILE at a time.");
		*status = EXIT_USAGE;
		return true;
	}
	work->path = argv[optind];
	*status = check_options(work);
	return *status != EXIT_DONE;
}

static bool passes(struct work *work, const struct event_row *row)
{
	for (size_t i = 0; i < work->wheres_n; i++) {
		const struct where *where = &work->wheres[i];
		const struct event_attribute *found = event_row_find(row, where->name);
		work->where_met[i] += found != NULL;
		if (!found || !text_equal(found->value, where->value))
			return false;
	}
	return true;
}

static struct text activity_of(struct work *work, const struct event_row *row)
{
	if (!work->with_lifecycle || !row->lifecycle.n)
		return row->activity;
	buffer_reset(&work->activity_text);
	buffer_text(&work->activity_text, row->activity);
	buffer_char(&work->activity_text, '+');
	buffer_text(&work->activity_text, row->lifecycle);
	return buffer_view(&work->activity_text);
}

static int take_row(void *context, const struct event_row *row)
{
	struct work *work = context;
	uint32_t activity;
	if (work->progress.visible && event_file_rows(work->file) % PROGRESS_ROWS == 0) {
		uint64_t done, total;
		event_file_position(work->file, &done, &total);
		work->progress.total = total;
		progress_set(&work->progress, done);
	}
	if (!passes(work, row))
		return 0;
	int error = 0;
	if (!work->n || !text_equal(names_text(&work->cases, work->last_case), row->case_id))
		error = names_add(&work->cases, row->case_id, &work->last_case);
	if (!error)
		error = names_add(&work->activities, activity_of(work, row), &activity);
	if (!error)
		error = memory_grow(&work->case_column, &work->case_capacity, work->n + 1, sizeof *work->case_column);
	if (!error)
		error = memory_grow(&work->activity_column, &work->activity_capacity, work->n + 1, sizeof *work->activity_column);
	if (!error)
		error = memory_grow(&work->time_column, &work->time_capacity, work->n + 1, sizeof *work->time_column);
	if (error)
		return error;
	work->case_column[work->n] = work->last_case;
	work->activity_column[work->n] = activity;
	work->time_column[work->n++] = row->time_ms;
	return 0;
}

static void take_reject(void *context, uint64_t line, const char *reason)
{
	struct work *work = context;
	work->rejected++;
	if (work->rejects)
		fprintf(work->rejects, "%" PRIu64 "\t%s\n", line, reason);
	else if (work->rejected <= REJECTS_SHOWN)
		fprintf(stderr, "%s%s:%" PRIu64 ": refused: %s\n", work->progress.visible ? "\r\033[K" : "", work->path, line, reason);
}

/* The file into columns. */
static int read_file(struct work *work)
{
	if (work->rejects_path && !(work->rejects = fopen(work->rejects_path, "w")))
		return fail("%s: %m", work->rejects_path);
	int error = event_file_open(&work->file, work->path, &work->map);
	if (error == ERROR_NOT_FOUND)
		return fail("%s: there is no such file.", work->path);
	if (error)
		return fail("%s: %s", work->path, error_sentence(error));
	struct event_sink sink = {.context = work, .row = take_row, .reject = take_reject};
	progress_start(&work->progress, "reading", 0);
	error = event_file_read(work->file, &sink);
	progress_end(&work->progress);
	if (work->rejected > REJECTS_SHOWN && !work->rejects)
		fprintf(stderr, "... and %" PRIu64 " more; --rejects FILE keeps them all.\n", work->rejected - REJECTS_SHOWN);
	if (error) {
		const char *problem = event_file_problem(work->file);
		return fail("%s: %s", work->path, problem[0] ? problem : error_sentence(error));
	}
	for (size_t i = 0; i < work->wheres_n; i++)
		if (!work->where_met[i] && event_file_rows(work->file) && (i == 0 || work->where_met[i - 1]))
			return fail("%s: no event has a column \"%.*s\" (--where).", work->path, TEXT_ARGS(work->wheres[i].name));
	if (work->n == 0)
		return fail("%s: there are no events%s.", work->path, event_file_rows(work->file) ? " that fit --where" : "");
	return EXIT_DONE;
}

static int find_goal(struct work *work)
{
	struct text goal = text_of(work->goal);
	size_t best = SIZE_MAX;
	uint32_t nearest = 0;
	if (!work->goal || names_find(&work->activities, goal, &work->options.goal))
		return EXIT_DONE;
	for (uint32_t i = 0; i < work->activities.n; i++) {
		size_t distance = text_distance(goal, names_text(&work->activities, i));
		if (distance < best) {
			best = distance;
			nearest = i;
		}
	}
	return fail("no event is called \"%s\" (--goal); the nearest is \"%.*s\".", work->goal,
	            TEXT_ARGS(names_text(&work->activities, nearest)));
}

static int print(struct work *work, const struct journeys *journeys, uint64_t started_ns)
{
	struct buffer out = BUFFER_INIT(report_bytes_max);
	struct journeys_report report = {
		.journeys = journeys, .cases = &work->cases, .activities = &work->activities, .rejected = work->rejected,
		.seconds = (double)(clock_monotonic_ns() - started_ns) / 1e9, .top = work->top, .variants = work->variants,
		.goal = work->options.goal};
	if (work->json)
		journeys_report_json(&out, &report);
	else
		journeys_report_table(&out, &report);
	bool written = !out.failed && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	buffer_free(&out);
	return written ? EXIT_DONE : fail("writing the result failed: %m");
}

static int mine(struct work *work, uint64_t started_ns)
{
	struct journeys journeys;
	struct journeys_columns columns = {.cases = work->case_column, .activities = work->activity_column,
	                                   .times_ms = work->time_column, .n = work->n, .cases_n = work->cases.n,
	                                   .activities_n = work->activities.n};
	int status = find_goal(work);
	if (status != EXIT_DONE)
		return status;
	int error = journeys_mine(&journeys, &columns, &work->options);
	if (error)
		return fail("%s", error_sentence(error));
	if (journeys.events == 0)
		status = fail("%s: no event lies between --from and --to.", work->path);
	else
		status = print(work, &journeys, started_ns);
	journeys_free(&journeys);
	return status;
}

int verb_journeys(int argc, char **argv)
{
	uint64_t started_ns = clock_monotonic_ns();
	int status;
	struct work *work = memory_zero_alloc(1, sizeof *work);
	if (!work)
		return fail("%s", error_sentence(ERROR_MEMORY));
	work->top = TOP;
	work->variants = VARIANTS;
	work->options.goal = JOURNEYS_NO_ACTIVITY;
	arena_init(&work->arena, MAP_ARENA_BYTES);
	names_init(&work->cases, NAMES_MAX, case_bytes_max);
	names_init(&work->activities, NAMES_ACTIVITIES_MAX, activity_bytes_max);
	work->activity_text = BUFFER_INIT(2 * EVENT_RECORD_BYTES_MAX + 1);
	if (!read_options(work, argc, argv, &status)) {
		status = read_file(work);
		if (status == EXIT_DONE)
			status = mine(work, started_ns);
	}
	if (work->rejects && fclose(work->rejects) != 0)
		status = fail("%s: %m", work->rejects_path);
	event_file_close(work->file);
	names_free(&work->cases);
	names_free(&work->activities);
	buffer_free(&work->activity_text);
	arena_free(&work->arena);
	memory_free(work->case_column);
	memory_free(work->activity_column);
	memory_free(work->time_column);
	memory_free(work);
	return status;
}
