/*
 * export_schema.c: a JSON Schema (2020-12) for every JSON file of the copy, from one table that says what each member is.
 *
 * Of a file of lines it describes one line. What the company or a customer may name as they like is open ("any", "map"); everything
 * else is closed: a member that is not in the table is a mistake, and a test says so.
 */
#include "serve/export.h"

#include <stdio.h>
#include <string.h>

/* Path: "files[].name" is a member of the items of "files", "notice.text" one of an object. A type with ? may be null; ! is required. */
struct row {
	const char *path, *type, *says;
};

#define RECORD_ROWS                                                                                                            \
	{"event", "text!", "Id of the record"}, {"time", "time!", "When it happened"}, {"received", "time!", "When it came"},       \
	{"kind", "text!", "Sort of record: track, identify, consent, decision …"}, {"name", "text!", "What happened; of a decision, where it was asked for"}, \
	{"own_name", "text", "What its sender called it, when that goes by the name other"}, {"channel", "text!", "Where contact happened"}, {"touchpoint", "text!", "The place on it"}, {"source", "text!", "Who sent it"}, \
	{"messageId", "text", "Given by the sender"}, {"correction", "any", "What a stated value was before it was put right"},    \
	{"properties", "any!", "What it says, as pages show it"}, {"origin", "id!", "The history it belongs to"},                   \
	{"flags", "texts!", "clock-corrected, clock-clamped, imported, unverified, of-known, held"},                                      \
	{"purposes", "texts!", "What it may be used for, decided when it came"}, {"configuration", "int!", "Version in force when it came"}, \
	{"message", "text!", "Number made from the message id, in hex; empty without one"}, {"content", "map!", "All of it, as it is kept"}

static const struct row events[] = {RECORD_ROWS, {0}};
static const struct row decisions[] = {RECORD_ROWS, {0}};

static const struct row customer[] = {
	{"exported", "time!", "When the copy was made"}, {"customer", "object!", "The card, as staff see it"}, {"customer.cid", "id!", "The customer's id"},
	{"customer.name", "text!", "The name they go by"}, {"customer.since", "time!", "First contact"}, {"customer.events", "int!", "Records of the history"},
	{"customer.identifiers", "list!", "By what the customer is recognised"}, {"customer.identifiers[].type", "text!", "Sort of identifier"},
	{"customer.identifiers[].value", "text!", "It"}, {"customer.identifiers[].since", "time!", "Known since"}, {"customer.identifiers[].source", "text!", "Who said so"},
	{"customer.traits", "list!", "What was stated"}, {"customer.traits[].name", "text!", "Of what"}, {"customer.traits[].value", "any!", "It"},
	{"customer.traits[].source", "text!", "Who said so"}, {"customer.traits[].time", "time!", "When"}, {"customer.traits[].corrected", "bool!", "Put right since"},
	{"customer.traits[].purposes", "texts", "What alone it may be used for"}, {"customer.traits_withheld", "bool!", "Some may not be used here, and are left out"},
	{"customer.preferences", "list!", "How the customer wants things"}, {"customer.preferences[].name", "text!", "Of what"},
	{"customer.preferences[].value", "any!", "How"}, {"customer.preferences[].channel", "text!", "Where it was said"}, {"customer.preferences[].undo", "text!", "Id to take it back"},
	{"customer.restricted", "bool!", "Used for the running of the service alone"}, {"customer.consents", "list!", "What was agreed to, by purpose"},
	{"customer.consents[].purpose", "text!", "Its name"}, {"customer.consents[].title", "text!", "As it is shown"}, {"customer.consents[].text", "text!", "As it is shown"},
	{"customer.consents[].version", "text!", "Of the text"}, {"customer.consents[].answer", "text?!", "yes, no or none"}, {"customer.consents[].decision", "text", "granted, denied, withdrawn, expired, invalidated"},
	{"customer.consents[].holds", "bool", "It counts now"}, {"customer.consents[].time", "time", "When it was said"}, {"customer.consents[].valid_until", "time", "Until when"},
	{"customer.consents[].channel", "text", "Where"}, {"customer.consents[].version_shown", "text", "Of the text that was shown then"},
	{"customer.channels", "list!", "Where contact happened"}, {"customer.channels[].channel", "text!", "Where"}, {"customer.channels[].contacts", "int!", "How often"},
	{"customer.channels[].events", "int!", "Events"}, {"customer.channels[].last", "time!", "Lately"}, {"customer.present", "map!", "The contact that goes on now"},
	{"customer.contacts", "list!", "The last contacts"}, {"customer.contacts[].channel", "text!", "Where"}, {"customer.contacts[].touchpoint", "text!", "The place on it"},
	{"customer.contacts[].start", "time!", "From"}, {"customer.contacts[].end", "time!", "To"}, {"customer.contacts[].events", "int!", "Events"}, {"customer.contacts[].reason", "map?!", "Why"},
	{"customer.open", "maps!", "Matters between the customer and the company"}, {"customer.next", "map?!", "What should be done next"}, {"customer.promises", "maps!", "What the company said would happen"},
	{"customer.accessibility", "map!", "How pages should be"}, {"customer.origins", "maps!", "The histories that were joined"}, {"customer.habits", "maps!", "Guesses of usual choices"},
	{"customer.withheld", "maps!", "What was not worked out, for want of a yes"}, {"customer.segments", "maps!", "Groups the customer is in, with reasons"}, {0}};

static const struct row identities[] = {
	{"kind", "text!", "identifier, history, or the record that joined or parted"}, {"origin", "id!", "The history it belongs to"}, {"event", "text", "Id of the record that says so"},
	{"type", "text", "Sort of identifier"}, {"value", "text", "The identifier"}, {"since", "time", "Since when"}, {"source", "text", "Who said so"},
	{"says", "map", "What the record says"}, {"first", "bool", "The oldest history, which gives the customer the id"}, {"events", "int", "Records in it"}, {"decisions", "int", "Decisions in it"}, {0}};

static const struct row derived[] = {
	{"item", "text!", "guess, segment, stars, worth, rank, give-and-get, need, contacts, matter, promise, withheld"}, {"name", "text!", "Which"}, {"title", "text!", "In words"},
	{"learned", "bool!", "Learned, and not stated or the running of the service"}, {"purpose", "text", "What for"}, {"value", "any", "What was found"},
	{"since", "time", "From when on"}, {"events", "texts", "Ids of records that it rests on"}, {"how", "text!", "How it was come by"}, {0}};

static const struct row recipients[] = {
	{"restricted", "bool!", "Nobody gets anything while that is so"}, {"recipients", "list!", "By purpose that was agreed to"}, {"recipients[].purpose", "text!", "Its name"},
	{"recipients[].title", "text!", "As it is shown"}, {"recipients[].agreed", "time!", "When the customer agreed"}, {"recipients[].recipients", "texts!", "Who gets it; none: nobody but the company"}, {0}};

static const struct row consents[] = {
	{"@context", "map!", "What the members mean"}, {"attune:cut", "bool!", "There are more acts than a copy lists; all stand in events.ndjson"}, {"@graph", "list!", "Acts, newest first"},
	{"@graph[].id", "text!", "Name of the record"}, {"@graph[].type", "text!", "Consent, or restriction of all use"}, {"@graph[].schema_version", "text!", "The standard"},
	{"@graph[].record", "text!", "Id of the record"}, {"@graph[].controller", "object?!", "Who answers for the data, as the configuration says it; null: it does not"},
	{"@graph[].controller.id", "text!", "Names the company: made from its name"}, {"@graph[].controller.type", "text!", "dpv:DataController"}, {"@graph[].controller.name", "text!", "The company"},
	{"@graph[].controller.contact", "text!", "Where to write or call"}, {"@graph[].controller.address", "text", "Where a letter reaches it"}, {"@graph[].controller.officer", "text", "Who looks after data protection there"},
	{"@graph[].controller.url", "text", "Its notice"}, {"@graph[].controller.jurisdiction", "text", "Under which law it is"}, {"@graph[].principal", "text!", "The customer"}, {"@graph[].origin", "id!", "The history it belongs to"},
	{"@graph[].status", "text!", "granted, denied, withdrawn; restricted, lifted"}, {"@graph[].purpose", "object", "What for, as it is today"}, {"@graph[].purpose.record", "text!", "Its name"},
	{"@graph[].purpose.title", "text", "As it is shown"}, {"@graph[].purpose.class", "text", "Sort of use"}, {"@graph[].purpose.version", "text", "Of the text in force"},
	{"@graph[].purpose.automated", "bool", "Decides without a person"}, {"@graph[].purpose.retention", "text", "How long"}, {"@graph[].purpose.lawful_basis", "text", "On what ground"},
	{"@graph[].purpose.categories", "texts?", "Which data"}, {"@graph[].purpose.recipients", "texts?", "Who gets it"}, {"@graph[].notice", "object", "What was shown"},
	{"@graph[].notice.record", "text!", "Its id"}, {"@graph[].notice.version", "text!", "Its version"}, {"@graph[].notice.sha256", "text!", "Of its text"}, {"@graph[].notice.text", "text!", "Word for word"},
	{"@graph[].actor", "text!", "Who spoke"}, {"@graph[].method", "text", "How"}, {"@graph[].control", "text", "By what"}, {"@graph[].language", "text", "In which language"},
	{"@graph[].jurisdiction", "text", "Under which law: as the act says, else as the controller does"}, {"@graph[].evidence", "text", "The proof"}, {"@graph[].because", "text", "The reason given"}, {"@graph[].valid_until", "time", "Until when"},
	{"@graph[].verified", "bool!", "From a sender that is known"}, {"@graph[].channel", "text!", "Where"}, {"@graph[].source", "text!", "Who sent it"}, {"@graph[].occurred", "time!", "When it was said"},
	{"@graph[].received", "time!", "When it came: what counts"}, {"@graph[].withdrawal", "text!", "Where it is taken back, on this server"}, {"@graph[].undone", "bool!", "It is as if it had never been"}, {0}};

static const struct row refused[] = {
	{"time", "time!", "When it came"}, {"code", "text!", "Why it was refused"}, {"message", "text!", "The same in words"}, {"event", "text!", "The event as it came, cut at 32 KiB"}, {0}};

static const struct row audit[] = {
	{"n", "int!", "Number of the entry"}, {"before", "text!", "Hash of the entry before"}, {"time", "time!", "When"}, {"who", "text!", "Who"}, {"what", "text!", "Did what"},
	{"about", "text", "Keyed hash of the customer's id"}, {"reason", "text", "Why, as they said"}, {"words", "text", "More of it"}, {"hash", "text!", "SHA-256 of the entry"}, {0}};

static const struct row manifest[] = {
	{"format", "text!", "attune-customer"}, {"version", "int!", "Of the format"}, {"about", "text!", "In words"}, {"made", "time!", "When"}, {"customer", "id!", "The customer's id"},
	{"position", "text!", "The newest record that is in it"}, {"events", "int!", "Lines of events.ndjson"}, {"decisions", "int!", "Lines of decisions.ndjson"},
	{"digest", "text!", "One hash for all that is kept: the same where this is taken in"}, {"histories", "texts!", "The histories that were joined, the oldest first"}, {"signed_by", "object!", "The key of manifest.sig"}, {"signed_by.id", "text!", "First digits of its SHA-256"},
	{"signed_by.key", "text!", "Its open half, base64"}, {"signed_by.algorithm", "text!", "Ed25519"}, {"files", "list!", "All other files"}, {"files[].sha256", "text!", "Of its bytes"},
	{"files[].name", "text!", "Its name"}, {"files[].bytes", "int!", "Its length"}, {"files[].count", "int", "Lines, or things in its list"}, {"left_out", "texts!", "What is not in it, and why"}, {"places", "list!", "Every place of the data folder"},
	{"places[].place", "text!", "Path, or lookup:table"}, {"places[].holds", "text!", "What of a customer"}, {"places[].files", "texts!", "Where in the copy that is"},
	{"follows_from_events", "list!", "What is kept so that it need not be worked out again"}, {"follows_from_events[].state", "text!", "Its name"}, {"follows_from_events[].learned", "bool!", "Learned, and not stated"},
	{"follows_from_events[].purposes", "texts", "What alone it may be used for"}, {0}};

static const struct {
	const char *name, *title;
	const struct row *rows;
} schemas[] = {
	{"customer", "customer.json: the card", customer}, {"events", "A line of events.ndjson: one record", events},
	{"decisions", "A line of decisions.ndjson: one decision", decisions}, {"identities", "A line of identities.ndjson", identities},
	{"consents", "consents.jsonld: the ledger of consents", consents}, {"derived", "A line of derived.ndjson: what follows, and how", derived},
	{"recipients", "recipients.json: who gets what", recipients}, {"refused", "A line of refused.ndjson", refused},
	{"audit", "A line of audit.ndjson", audit}, {"manifest", "manifest.json", manifest},
};

/* The path of @row below @prefix when it is one step down: the member's name; NULL otherwise. */
static const char *member_of(const struct row *row, struct text prefix)
{
	struct text path = text_of(row->path);
	if (!text_starts(path, prefix))
		return NULL;
	struct text rest = text_from(path, prefix.n);
	return text_find(rest, TEXT("."), NULL) ? NULL : row->path + prefix.n;
}

static bool is_required(const struct row *row)
{
	return strchr(row->type, '!') != NULL;
}

static void object_write(struct json_writer *out, const struct row *rows, struct text prefix, bool null);

/* "object" or, with null allowed, both. */
static void type_put(struct json_writer *out, const char *type, bool null)
{
	json_key(out, TEXT("type"));
	if (null)
		json_array_begin(out);
	json_write_text(out, text_of(type));
	if (null) {
		json_write_text(out, TEXT("null"));
		json_array_end(out);
	}
}

static void pattern_put(struct json_writer *out, bool null, const char *pattern)
{
	type_put(out, "string", null);
	json_put_text(out, "pattern", text_of(pattern));
}

static void items_put(struct json_writer *out, bool null, const char *type)
{
	type_put(out, "array", null);
	json_key(out, TEXT("items"));
	json_object_begin(out);
	type_put(out, type, false);
	json_object_end(out);
}

static void list_write(struct json_writer *out, const struct row *rows, const struct row *row)
{
	char below[80];
	int n = snprintf(below, sizeof below, "%s[].", row->path);
	type_put(out, "array", false);
	json_key(out, TEXT("items"));
	json_object_begin(out);
	object_write(out, rows, (struct text){below, (size_t)n}, false);
	json_object_end(out);
}

static void type_write(struct json_writer *out, const struct row *rows, const struct row *row)
{
	const bool null = strchr(row->type, '?') != NULL;
	const struct text type = text_first(text_of(row->type), strcspn(row->type, "?!"));
	char below[80];
	if (text_equal(type, TEXT("text")))
		type_put(out, "string", null);
	else if (text_equal(type, TEXT("time")))
		pattern_put(out, null, "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$");
	else if (text_equal(type, TEXT("id")))
		pattern_put(out, null, "^[0-9a-f]{32}$");
	else if (text_equal(type, TEXT("int")))
		type_put(out, "integer", null);
	else if (text_equal(type, TEXT("bool")))
		type_put(out, "boolean", null);
	else if (text_equal(type, TEXT("map")))
		type_put(out, "object", null);
	else if (text_equal(type, TEXT("texts")) || text_equal(type, TEXT("maps")))
		items_put(out, null, text_equal(type, TEXT("texts")) ? "string" : "object");
	else if (text_equal(type, TEXT("list")))
		list_write(out, rows, row);
	else if (text_equal(type, TEXT("object"))) {
		int n = snprintf(below, sizeof below, "%s.", row->path);
		object_write(out, rows, (struct text){below, (size_t)n}, null);
	}
}

/* The members of the object at @prefix, into a schema that is open: what is not named may not be there. */
static void object_write(struct json_writer *out, const struct row *rows, struct text prefix, bool null)
{
	type_put(out, "object", null);
	json_put_bool(out, "additionalProperties", false);
	json_key(out, TEXT("required"));
	json_array_begin(out);
	for (const struct row *row = rows; row->path; row++)
		if (member_of(row, prefix) && is_required(row))
			json_write_text(out, text_of(member_of(row, prefix)));
	json_array_end(out);
	json_key(out, TEXT("properties"));
	json_object_begin(out);
	for (const struct row *row = rows; row->path; row++) {
		if (!member_of(row, prefix))
			continue;
		json_key(out, text_of(member_of(row, prefix)));
		json_object_begin(out);
		json_put_text(out, "description", text_of(row->says));
		type_write(out, rows, row);
		json_object_end(out);
	}
	json_object_end(out);
}

void export_schemas_write(struct copy *copy)
{
	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
		struct packing_file *file = packing_add(&copy->packing, copy->schema_names[i]);
		struct json_writer out = JSON_WRITER(&file->in);
		char id[80];
		int n = snprintf(id, sizeof id, "urn:attune:copy:%d:%s", EXPORT_FORMAT, schemas[i].name);
		snprintf(copy->schema_names[i], sizeof copy->schema_names[i], "schema/%s.json", schemas[i].name);
		json_object_begin(&out);
		json_put_text(&out, "$schema", TEXT("https://json-schema.org/draft/2020-12/schema"));
		json_put_text(&out, "$id", ((struct text){id, (size_t)n}));
		json_put_text(&out, "title", text_of(schemas[i].title));
		object_write(&out, schemas[i].rows, (struct text){"", 0}, false);
		json_object_end(&out);
		buffer_char(&file->in, '\n');
	}
	copy->schemas_n = sizeof schemas / sizeof *schemas;
	_Static_assert(sizeof schemas / sizeof *schemas <= EXPORT_SCHEMAS_MAX, "there is room for all");
}
