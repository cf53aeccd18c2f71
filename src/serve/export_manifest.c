/* export_manifest.c: what the copy consists of, and the node's signature under it. */
#include "serve/export.h"
#include "serve/export_record.h"
#include "serve/places.h"
#include "serve/signer.h"

#include <sodium.h>

/* The sum first and the name next, so that a line of it can be given to sha256sum. */
static void file_write(struct json_writer *out, struct copy *copy, size_t i, const uint64_t *count)
{
	struct packing_file *file = &copy->packing.files[i];
	char hex[2 * sizeof file->hash + 1];
	packing_done(&copy->packing, file);
	sodium_bin2hex(hex, sizeof hex, file->hash, sizeof file->hash);
	json_object_begin(out);
	json_put_text(out, "sha256", text_of(hex));
	json_put_text(out, "name", text_of(file->name));
	json_put_int(out, "bytes", (int64_t)file->bytes);
	if (count)
		json_put_int(out, "count", (int64_t)*count);
	json_object_end(out);
}

static void files_write(struct json_writer *out, struct copy *copy)
{
	json_key(out, TEXT("files"));
	json_array_begin(out);
	for (size_t i = 0; i < COPY_MANIFEST; i++)
		file_write(out, copy, i, &copy->counts[i]);
	for (size_t i = 0; i < copy->schemas_n; i++)
		file_write(out, copy, COPY_FILES + i, NULL);
	json_array_end(out);
}

/* The oldest first: it gives the customer the name. */
static void histories_write(struct json_writer *out, struct copy *copy)
{
	struct engine *engine = copy->request->server->engine;
	uint32_t numbers[CUSTOMER_ORIGINS_MAX];
	size_t n = 0;
	char hex[33];
	struct customer *customer = customer_lock_of(engine, copy->origin);
	for (uint32_t number = customer ? customer->origin_first : 0; number && n < CUSTOMER_ORIGINS_MAX; number = engine_origin(engine, number)->next) {
		size_t at = n++;
		for (; at > 0 && numbers[at - 1] > number; at--)
			numbers[at] = numbers[at - 1];
		numbers[at] = number;
	}
	if (customer)
		customer_unlock(engine, customer);
	json_key(out, TEXT("histories"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++)
		json_write_text(out, text_of(origin_format(hex, engine_origin(engine, numbers[i])->id)));
	json_array_end(out);
}

static void states_write(struct json_writer *out, const struct fold_table *folds, const struct config *config)
{
	json_key(out, TEXT("follows_from_events"));
	json_array_begin(out);
	for (size_t i = 0; i < folds->n; i++) {
		json_object_begin(out);
		json_put_text(out, "state", text_of(folds->folds[i]->name));
		json_put_bool(out, "learned", folds->folds[i]->purposes != NULL);
		if (folds->folds[i]->purposes)
			export_purposes_write(out, config, folds->folds[i]->purposes(config));
		json_object_end(out);
	}
	json_array_end(out);
}

static void key_write(struct json_writer *out, const struct signer *signer)
{
	json_key(out, TEXT("signed_by"));
	json_object_begin(out);
	json_put_text(out, "id", signer_id(signer));
	json_put_text(out, "key", signer_key(signer));
	json_put_text(out, "algorithm", TEXT("Ed25519"));
	json_object_end(out);
}

void export_manifest_write(struct copy *copy)
{
	struct server *server = copy->request->server;
	struct json_writer out = JSON_WRITER(copy_out(copy, COPY_MANIFEST));
	uint8_t signature[SIGNER_SIGNATURE_BYTES];
	char id[24];
	json_object_begin(&out);
	json_put_text(&out, "format", TEXT(EXPORT_FORMAT_NAME));
	json_put_int(&out, "version", EXPORT_FORMAT);
	json_put_text(&out, "about", TEXT("A copy of everything that is kept about one customer. Open index.html; the other files are for programs."));
	json_put_time(&out, "made", copy->request->now_ms);
	json_put_text(&out, "customer", text_of(copy->cid));
	json_put_text(&out, "position", record_format(id, 'e', copy->position));
	json_put_int(&out, "events", (int64_t)copy->counts[COPY_EVENTS]);
	json_put_int(&out, "decisions", (int64_t)copy->counts[COPY_DECISIONS]);
	json_put_text(&out, "digest", text_of(copy->digest));
	histories_write(&out, copy);
	key_write(&out, server->signer);
	files_write(&out, copy);
	json_key(&out, TEXT("left_out"));
	json_array_begin(&out);
	if (copy->without_worth)
		json_write_text(&out, TEXT("derived.ndjson has no value and no stars: there is no price list to reckon them by."));
	json_array_end(&out);
	json_key(&out, TEXT("places"));
	places_write(&out);
	states_write(&out, engine_folds(server->engine), engine_config(server->engine));
	json_object_end(&out);
	buffer_char(copy_out(copy, COPY_MANIFEST), '\n');
	signer_sign(server->signer, buffer_view(copy_out(copy, COPY_MANIFEST)), signature);
	buffer_append(copy_out(copy, COPY_SIGNATURE), signature, sizeof signature);
}
