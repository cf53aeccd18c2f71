/* export_page.c: the page of a customer's copy: it stands alone, without script and without a server. */
#include "serve/export.h"
#include "serve/portal.h"

#include "base/clock.h"

#include <stdio.h>

enum { BAR_WIDTH = 40, BAR_GAP = 12, CHART_HEIGHT = 160, FOOT = 24, ROOM = 24 };

static const char style[] =
	"body{font:18px/1.5 system-ui,sans-serif;color:#1c2430;background:#faf8f4;max-width:44em;margin:2em auto;padding:0 1em;overflow-wrap:anywhere}"
	"h1{font-size:28px}h2{font-size:20px;margin-top:2em;border-top:1px solid #e4dfd6;padding-top:1em}"
	"ul{padding:0;list-style:none}li{padding:.4em 0;border-bottom:1px solid #e4dfd6}.from{display:block;font-size:15px;color:#464e5b}"
	".guess{font-style:italic}.guess-mark{font-size:14px;border:1px solid;border-radius:4px;padding:0 .3em}"
	"table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left}.n{text-align:right}"
	"@media(prefers-color-scheme:dark){body{color:#eae6df;background:#14181d}.from{color:#bdb8af}rect{fill:#6cc3b2}}";

static void month_name(struct html *html, int64_t ms)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	html_string(html, names[clock_parts_of(ms).month - 1]);
}

static void bar_write(struct html *html, const struct export_year *year, int i, uint32_t most)
{
	int height = (int)((uint64_t)(CHART_HEIGHT - ROOM) * year->events[i] / (most ? most : 1)), x = i * (BAR_WIDTH + BAR_GAP);
	char text[5][16];
	snprintf(text[0], sizeof *text, "%d", x);
	snprintf(text[1], sizeof *text, "%d", CHART_HEIGHT - height);
	snprintf(text[2], sizeof *text, "%d", height);
	snprintf(text[3], sizeof *text, "%d", x + BAR_WIDTH / 2);
	snprintf(text[4], sizeof *text, "%d", CHART_HEIGHT - height - 6);
	html_open(html, "rect", "x", text[0], "y", text[1], "width", "40", "height", text[2], "fill", "#0f6b5c", NULL);
	html_close(html, "rect");
	html_open(html, "text", "x", text[3], "y", text[4], "text-anchor", "middle", "font-size", "14", "fill", "currentColor", NULL);
	html_format(html, "%u", year->events[i]);
	html_close(html, "text");
	html_open(html, "text", "x", text[3], "y", "178", "text-anchor", "middle", "font-size", "14", "fill", "currentColor", NULL);
	month_name(html, year->begins_ms[i] + (int64_t)15 * MS_A_DAY);
	html_close(html, "text");
}

static void year_write(struct html *html, const struct export_year *year)
{
	uint32_t most = 0, sum = 0;
	for (int i = 0; i < EXPORT_MONTHS; i++) {
		most = year->events[i] > most ? year->events[i] : most;
		sum += year->events[i];
	}
	html_element(html, "h2", "My year");
	html_open(html, "p", NULL);
	html_format(html, "%u things happened in the last twelve months, %llu in all. Each stands in events.csv, which opens as a table.", sum,
	            (unsigned long long)year->all);
	html_close(html, "p");
	html_open(html, "svg", "viewBox", "0 0 624 184", "role", "img", "aria-label", "Bars: how much happened in each of the last twelve months", NULL);
	for (int i = 0; i < EXPORT_MONTHS; i++)
		bar_write(html, year, i, most);
	html_close(html, "svg");
}

static void files_write(struct html *html)
{
	static const char *const files[][2] = {
		{"events.csv", "all that happened, as a table"}, {"events.ndjson", "the same for programs, one a line"},
		{"decisions.ndjson", "what was decided for me, and why"}, {"refused.ndjson", "what came and was refused"}, {"audit.ndjson", "who opened or changed what is kept about me"},
		{"customer.json", "everything as one document, for another company"}, {"manifest.json", "where each of these is kept"}};
	html_element(html, "h2", "What else is in this copy");
	html_open(html, "ul", NULL);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		html_open(html, "li", NULL);
		html_open(html, "a", "href", files[i][0], NULL);
		html_string(html, files[i][0]);
		html_close(html, "a");
		html_string(html, ": ");
		html_string(html, files[i][1]);
		html_close(html, "li");
	}
	html_close(html, "ul");
}

static void head_write(struct html *html, struct portal *portal)
{
	buffer_string(html->out, "<!doctype html>\n");
	html_open(html, "html", "lang", "en", NULL);
	html_open(html, "head", NULL);
	html_open(html, "meta", "charset", "utf-8", NULL);
	html_open(html, "meta", "name", "viewport", "content", "width=device-width, initial-scale=1", NULL);
	html_element(html, "title", "What is known about me");
	html_element(html, "style", style);
	html_close(html, "head");
	html_open(html, "body", NULL);
	html_open(html, "main", NULL);
	html_open(html, "h1", NULL);
	html_string(html, "What is known about me");
	html_string(html, portal->name.n ? ", " : "");
	html_text(html, portal->name);
	html_close(html, "h1");
	html_open(html, "p", NULL);
	html_string(html, "A copy of ");
	portal_day(html, portal->request->now_ms);
	html_string(html, ". It holds all that is kept, and changes nothing.");
	html_close(html, "p");
}

int export_page_write(struct request *request, uint32_t origin, const struct export_year *year, struct buffer *out)
{
	struct portal *portal = arena_zero_alloc(request->arena, 1, sizeof *portal);
	if (!portal)
		return ERROR_MEMORY;
	portal->request = request;
	portal->origin = origin;
	portal->html.out = out;
	int error = portal_read(portal);
	if (error)
		return error;
	head_write(&portal->html, portal);
	year_write(&portal->html, year);
	portal_known_section(portal);
	portal_open_section(portal);
	portal_controller_section(portal);
	files_write(&portal->html);
	html_close(&portal->html, "main");
	html_close(&portal->html, "body");
	html_close(&portal->html, "html");
	return out->failed ? ERROR_LIMIT : 0;
}
