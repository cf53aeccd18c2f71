/* archive.c: the only file that knows libzip. */
#include "serve/archive.h"

#include <string.h>
#include <zip.h>

enum { CHUNK = 64 * 1024 };

/* "events.ndjson", "schema/events.json": letters, digits, - and dots between, at most one folder, nothing that leads elsewhere. */
static bool is_plain(const char *name)
{
	size_t folders = 0;
	char before = '/';
	for (size_t i = 0; name[i]; i++) {
		const char c = name[i];
		const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
		if (!letter && (before == '/' || before == '.' || (c != '.' && c != '/')))
			return false;
		folders += c == '/';
		before = c;
		if (i + 1 >= ARCHIVE_NAME_BYTES)
			return false;
	}
	return before != '/' && before != '.' && folders <= 1;
}

static int refuse(struct unpacked *out, const char *problem)
{
	out->problem = problem;
	return ERROR_INVALID;
}

/* Reading to the end checks the sum; what is longer than it said is not read on. */
static int content_read(struct unpacked *out, zip_t *zip, zip_uint64_t index, size_t bytes_max, struct buffer *content)
{
	char chunk[CHUNK];
	zip_int64_t n = -1;
	zip_file_t *file = zip_fopen_index(zip, index, 0);
	*content = BUFFER_INIT(bytes_max);
	if (!file)
		return refuse(out, "a file in it cannot be opened");
	while (!content->failed && (n = zip_fread(file, chunk, sizeof chunk)) > 0)
		buffer_text(content, (struct text){chunk, (size_t)n});
	zip_fclose(file);
	return content->failed ? ERROR_LIMIT : n < 0 ? refuse(out, "a file in it is damaged") : 0;
}

static int file_take(struct unpacked *out, zip_t *zip, zip_uint64_t index, size_t *left)
{
	struct zip_stat about;
	zip_stat_init(&about);
	if (zip_stat_index(zip, index, 0, &about) != 0 || !(about.valid & ZIP_STAT_NAME) || !(about.valid & ZIP_STAT_SIZE))
		return refuse(out, "it does not say what is in it");
	if (!is_plain(about.name))
		return refuse(out, "a name in it is none that a copy has");
	if ((about.valid & ZIP_STAT_ENCRYPTION_METHOD) && about.encryption_method != ZIP_EM_NONE)
		return refuse(out, "a file in it is encrypted");
	if (unpacked_find(out, text_of(about.name), NULL))
		return refuse(out, "a file is in it twice");
	if (about.size > *left)
		return ERROR_LIMIT;
	strcpy(out->files[out->n].name, about.name); /* is_plain: it fits. */
	int error = content_read(out, zip, index, *left, &out->files[out->n].content);
	*left -= error ? 0 : out->files[out->n].content.n;
	out->n++;
	return error;
}

int archive_unpack(struct unpacked *out, struct text packed, size_t bytes_max)
{
	zip_error_t why;
	size_t left = bytes_max;
	*out = (struct unpacked){0};
	zip_error_init(&why);
	zip_source_t *source = zip_source_buffer_create(packed.p ? packed.p : "", packed.n, 0, &why);
	zip_t *zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &why) : NULL;
	if (source && !zip)
		zip_source_free(source);
	zip_error_fini(&why);
	if (!zip)
		return refuse(out, "it is no zip, or half of one");
	zip_int64_t n = zip_get_num_entries(zip, 0);
	int error = n < 0 || n > ARCHIVE_FILES_MAX ? refuse(out, "there is too much in it") : 0;
	for (zip_int64_t i = 0; i < n && !error; i++)
		error = file_take(out, zip, (zip_uint64_t)i, &left);
	zip_discard(zip);
	return error;
}

void unpacked_free(struct unpacked *unpacked)
{
	for (size_t i = 0; i < unpacked->n; i++)
		buffer_free(&unpacked->files[i].content);
	unpacked->n = 0;
}

bool unpacked_find(const struct unpacked *unpacked, struct text name, struct text *content)
{
	for (size_t i = 0; i < unpacked->n; i++)
		if (text_equal(text_of(unpacked->files[i].name), name)) {
			if (content)
				*content = buffer_view(&unpacked->files[i].content);
			return true;
		}
	return false;
}
