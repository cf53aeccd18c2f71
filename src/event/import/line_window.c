/* line_window.c: a growing window over the bytes, for formats made of lines. */
#include "event/import/event_reader.h"

#include <string.h>

enum { WINDOW_FIRST = 256 * 1024 };

int line_window_open(struct line_window *window, struct event_file *file)
{
	*window = (struct line_window){.file = file};
	int error = memory_grow(&window->p, &window->capacity, WINDOW_FIRST, 1);
	if (!error)
		error = line_window_fill(window);
	if (!error && window->n >= 3 && memcmp(window->p, "\xef\xbb\xbf", 3) == 0)
		window->at = 3;
	if (error)
		line_window_close(window);
	return error;
}

void line_window_close(struct line_window *window)
{
	memory_free(window->p);
	window->p = NULL;
}

int line_window_fill(struct line_window *window)
{
	size_t left = window->n - window->at, got = 1;
	if (window->at) {
		memmove(window->p, window->p + window->at, left);
		window->at = 0;
		window->n = left;
	}
	if (window->n == window->capacity) {
		int error = memory_grow(&window->p, &window->capacity, window->capacity * 2, 1);
		if (error)
			return error;
	}
	while (window->n < window->capacity && got) {
		int error = event_bytes_read(&window->file->bytes, window->p + window->n, window->capacity - window->n, &got);
		if (error)
			return error;
		window->n += got;
	}
	window->at_end = got == 0;
	return 0;
}

int line_window_line(struct line_window *window, struct text *line)
{
	bool skipping = false;
	for (;;) {
		size_t left = window->n - window->at;
		const char *end = left ? memchr(window->p + window->at, '\n', left) : NULL;
		if (!end && window->at_end && !left && !skipping)
			return ERROR_NOT_FOUND;
		if (end || window->at_end) {
			size_t n = end ? (size_t)(end - window->p) - window->at : left;
			*line = (struct text){window->p + window->at, n};
			window->at += n + (end != NULL);
			window->file->line++;
			if (line->n && line->p[line->n - 1] == '\r')
				line->n--;
			return skipping || n > EVENT_RECORD_BYTES_MAX ? ERROR_LIMIT : 0;
		}
		if (left > EVENT_RECORD_BYTES_MAX) {
			skipping = true;
			window->at = window->n;
		}
		int error = line_window_fill(window);
		if (error)
			return error;
	}
}
