/* places.c: the register, as JSON. */
#include "serve/places.h"

static const struct {
	const char *place, *holds, *files;
} places[] = {
#define X(place, holds, files) {place, holds, files},
	PLACES(X)
#undef X
};

void places_write(struct json_writer *out)
{
	json_array_begin(out);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct text rest = text_of(places[i].files), file;
		json_object_begin(out);
		json_put_text(out, "place", text_of(places[i].place));
		json_put_text(out, "holds", text_of(places[i].holds));
		json_key(out, TEXT("files"));
		json_array_begin(out);
		while (rest.n && text_next(&rest, ' ', &file))
			json_write_text(out, file);
		json_array_end(out);
		json_object_end(out);
	}
	json_array_end(out);
}
