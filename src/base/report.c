/* report.c: log lines. */
#include "base/report.h"

#include "base/clock.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { REPORT_BYTES_MAX = 4096 };

static _Atomic int level_min = REPORT_INFO;

void report_level_set(enum report_level level)
{
	atomic_store(&level_min, (int)level);
}

void report(enum report_level level, const char *event, const char *format, ...)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};
	char message[1024];
	struct buffer line = BUFFER_INIT(REPORT_BYTES_MAX);
	va_list args;
	if ((int)level < atomic_load(&level_min))
		return;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	struct json_writer writer = JSON_WRITER(&line);
	json_object_begin(&writer);
	json_put_time(&writer, "time", clock_now_ms());
	json_put_text(&writer, "level", text_of(names[level]));
	json_put_text(&writer, "event", text_of(event));
	json_put_text(&writer, "message", text_of(message));
	json_object_end(&writer);
	buffer_char(&line, '\n');
	if (!line.failed && write(STDERR_FILENO, line.p, line.n) < 0) {
		/* Nobody listens; there is nowhere left to say so. */
	}
	buffer_free(&line);
}
