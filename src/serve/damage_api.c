/* damage_api.c: GET /v1/damage: what was found damaged on disk, for the console and for scripts. */
#include "serve/api.h"

#include "base/damage.h"

#include <stdio.h>

/* The worst first: refused, lost, rebuilt. Within one effect the order stays: the oldest first. */
static void pieces_write(struct json_writer *out, const struct damage *pieces, size_t n)
{
	json_key(out, TEXT("pieces"));
	json_array_begin(out);
	for (int effect = DAMAGE_REFUSED; effect >= DAMAGE_REBUILT; effect--)
		for (size_t i = 0; i < n; i++) {
			if ((int)pieces[i].effect != effect)
				continue;
			json_object_begin(out);
			json_put_text(out, "file", text_of(pieces[i].file));
			json_put_int(out, "offset", (int64_t)pieces[i].offset);
			json_put_text(out, "effect", text_of(damage_effect_name(pieces[i].effect)));
			json_put_text(out, "what", text_of(pieces[i].what));
			json_put_text(out, "remedy", text_of(pieces[i].remedy));
			json_put_int(out, "times", (int64_t)pieces[i].times);
			json_object_end(out);
		}
	json_array_end(out);
}

static void sentence_write(struct json_writer *out, const struct damage *pieces, size_t n, size_t total)
{
	size_t of[DAMAGE_REFUSED + 1] = {0};
	char sentence[160];
	for (size_t i = 0; i < n; i++)
		of[pieces[i].effect]++;
	if (total == 0)
		snprintf(sentence, sizeof sentence, "Nothing on disk was found damaged since the server was started.");
	else if (of[DAMAGE_REBUILT] == total)
		snprintf(sentence, sizeof sentence, total == 1 ? "One piece on disk was damaged and was rebuilt; nothing is missing." : "%zu pieces on disk were damaged and were rebuilt; nothing is missing.", total);
	else
		snprintf(sentence, sizeof sentence, total == 1 ? "One piece on disk is damaged." : "%zu pieces on disk are damaged.", total);
	json_put_text(out, "sentence", text_of(sentence));
}

void api_damage(struct request *request)
{
	struct json_writer *out = &request->out;
	struct damage *pieces = arena_alloc(request->arena, DAMAGE_MAX * sizeof *pieces);
	if (!pieces)
		return reply_failure(request, ERROR_MEMORY);
	size_t n = damage_list(pieces, DAMAGE_MAX), total = damage_count();
	if (total < n)
		total = n;
	json_object_begin(out);
	sentence_write(out, pieces, n, total);
	json_put_int(out, "total", (int64_t)total); /* "pieces" has the first DAMAGE_MAX of them. */
	pieces_write(out, pieces, n);
	json_object_end(out);
}
