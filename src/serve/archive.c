/* archive.c: the only file that knows libzip. */
#include "serve/archive.h"

#include <assert.h>
#include <zip.h>

enum { CHUNK = 64 * 1024 };

void archive_add(struct archive *archive, const char *name, struct text content)
{
	assert(archive->n < ARCHIVE_FILES_MAX);
	archive->files[archive->n].name = name;
	archive->files[archive->n++].content = content;
}

static int files_pack(const struct archive *archive, zip_t *zip, int64_t now_ms)
{
	for (size_t i = 0; i < archive->n; i++) {
		zip_source_t *source = zip_source_buffer(zip, archive->files[i].content.p, archive->files[i].content.n, 0);
		zip_int64_t index = source ? zip_file_add(zip, archive->files[i].name, source, ZIP_FL_ENC_UTF_8) : -1;
		if (index < 0) {
			zip_source_free(source);
			return ERROR_MEMORY;
		}
		zip_file_set_mtime(zip, (zip_uint64_t)index, (time_t)(now_ms / 1000), 0);
	}
	return 0;
}

static int packed_copy(zip_source_t *packed, struct buffer *out)
{
	char chunk[CHUNK];
	zip_int64_t n = -1;
	if (zip_source_open(packed) != 0)
		return ERROR_MEMORY;
	while ((n = zip_source_read(packed, chunk, sizeof chunk)) > 0)
		buffer_text(out, (struct text){chunk, (size_t)n});
	zip_source_close(packed);
	return n < 0 || out->failed ? ERROR_LIMIT : 0;
}

int archive_finish(const struct archive *archive, int64_t now_ms, struct buffer *out)
{
	zip_error_t why;
	zip_error_init(&why);
	zip_source_t *packed = zip_source_buffer_create(NULL, 0, 0, &why);
	zip_t *zip = packed ? zip_open_from_source(packed, ZIP_TRUNCATE, &why) : NULL;
	int error = ERROR_MEMORY;
	if (zip) {
		zip_source_keep(packed); /* Closing gives one back. */
		error = files_pack(archive, zip, now_ms);
		if (error)
			zip_discard(zip);
		else if (zip_close(zip) != 0) {
			zip_discard(zip);
			error = ERROR_MEMORY;
		}
	}
	if (!error)
		error = packed_copy(packed, out);
	if (packed)
		zip_source_free(packed);
	zip_error_fini(&why);
	return error;
}
