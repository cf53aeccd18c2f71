/* progress.c: the progress line. */
#include "base/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DRAW_NS_MIN = 100 * 1000 * 1000, BAR_WIDTH = 30 };

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
	*progress = (struct progress){
		.what = what, .total = total, .visible = isatty(STDERR_FILENO) == 1, .started_ns = clock_monotonic_ns()};
}

static void draw(const struct progress *progress)
{
	char bar[BAR_WIDTH + 1];
	double share = progress->total ? (double)progress->done / (double)progress->total : 0;
	size_t filled = share >= 1 ? BAR_WIDTH : (size_t)(share * BAR_WIDTH);
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', filled);
	bar[BAR_WIDTH] = 0;
	double seconds = (double)(progress->drawn_ns - progress->started_ns) / 1e9;
	fprintf(stderr, "\r\033[K%s [%s] %3.0f %%  %.0f s", progress->what, bar, share * 100, seconds);
	fflush(stderr);
}

void progress_set(struct progress *progress, uint64_t done)
{
	progress->done = done;
	if (!progress->visible)
		return;
	uint64_t now = clock_monotonic_ns();
	if (now - progress->drawn_ns < DRAW_NS_MIN)
		return;
	progress->drawn_ns = now;
	draw(progress);
}

void progress_end(struct progress *progress)
{
	if (progress->visible)
		fputs("\r\033[K", stderr);
}
