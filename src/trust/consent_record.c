/* consent_record.c: what may become a record of the ledger, and its payload. */
#include "trust/consent.h"

#include "base/code.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_BYTES_MAX = 200, MEMBER_BYTES_MAX = 500 };

static bool refuse(const char **code, char message[CONSENT_MESSAGE_BYTES], const char *stable, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool refuse(const char **code, char message[CONSENT_MESSAGE_BYTES], const char *stable, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(message, CONSENT_MESSAGE_BYTES, format, args);
	va_end(args);
	*code = stable;
	return false;
}

static bool is_word_of(struct text word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(word, text_of(words[i])))
			return true;
	return false;
}

static bool is_actor(struct text actor)
{
	static const char *const named[] = {"agent:", "system:", "import:"};
	if (actor.n == 0 || text_equal(actor, TEXT("subject")) || text_equal(actor, TEXT("guardian")))
		return true;
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (text_starts(actor, text_of(named[i])) && actor.n > strlen(named[i]))
			return true;
	return false;
}

static bool is_short(const struct consent_act *act)
{
	const struct text members[] = {act->notice, act->actor, act->control, act->language, act->jurisdiction, act->evidence};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (members[i].n > MEMBER_BYTES_MAX)
			return false;
	return act->version.n <= VERSION_BYTES_MAX;
}

bool consent_is_acceptable(const struct config *config, const struct consent_act *act, const char **code, char message[CONSENT_MESSAGE_BYTES])
{
	static const char *const methods[] = {"", "checkbox", "button", "spoken", "signed", "api"};
	if (!purpose_find(config, act->purpose))
		return refuse(code, message, "unknown_purpose", "There is no purpose \"%.*s\".", TEXT_ARGS(text_cut(act->purpose, 80)));
	if (act->yes && (act->preset || text_equal(act->control, TEXT("default")) || text_equal(act->method, TEXT("default"))))
		return refuse(code, message, "preset_control", "A yes from a control that was ticked beforehand is no consent.");
	if (!is_actor(act->actor))
		return refuse(code, message, "invalid_actor", "\"actor\" must be subject, guardian, agent:NAME, system:NAME or import:BATCH.");
	if (!is_word_of(act->method, methods, sizeof methods / sizeof *methods))
		return refuse(code, message, "invalid_method", "\"method\" must be checkbox, button, spoken, signed or api.");
	if (text_starts(act->actor, TEXT("agent:")) && text_trim(act->evidence).n == 0)
		return refuse(code, message, "no_evidence", "Staff who answer for a customer need \"evidence\", such as the number of the form that was signed.");
	if (act->imported && act->yes && act->notice.n == 0 && !(act->text.n && act->version.n))
		return refuse(code, message, "no_notice", "An imported yes must say what was shown: \"notice\": {\"id\", \"version\"}, or \"text\" and \"version\".");
	if (act->valid_until_ms < 0)
		return refuse(code, message, "invalid_time", "\"valid_until\" must be an ISO 8601 time such as 2027-05-03T07:00:00.000Z.");
	if (act->language.n && !code_is_language(act->language))
		return refuse(code, message, "invalid_language", "\"language\" must be " CODE_LANGUAGE_ALLOWED ".");
	if (!is_short(act))
		return refuse(code, message, "too_long", "A version may have at most %d bytes, other members %d.", VERSION_BYTES_MAX, MEMBER_BYTES_MAX);
	return true;
}

struct text consent_text_hash(char out[CONSENT_SHA256_HEX + 1], struct text text)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const unsigned char *)text.p, text.n);
	sodium_bin2hex(out, CONSENT_SHA256_HEX + 1, hash, sizeof hash);
	return (struct text){out, CONSENT_SHA256_HEX};
}

static void put(struct buffer *out, struct text key, struct text text)
{
	if (text.n == 0)
		return;
	value_put_key(out, key);
	value_put_text(out, text);
}

/* "notice": {"id", "version", "sha256"}: what was shown; the text itself stands beside it, so that the hash leads to it. */
static void notice_put(struct buffer *out, struct text id, struct text version, struct text text)
{
	char hex[CONSENT_SHA256_HEX + 1];
	value_put_key(out, TEXT("notice"));
	size_t object = value_open(out, VALUE_OBJECT);
	put(out, TEXT("id"), id);
	put(out, TEXT("version"), version);
	put(out, TEXT("sha256"), consent_text_hash(hex, text));
	value_close(out, object);
}

/* How long the yes holds: as long as was said, and never longer than the purpose says. */
static int64_t until_of(const struct purpose *purpose, const struct consent_act *act)
{
	int64_t until = act->valid_until_ms;
	int64_t longest = purpose->valid_ms && act->time_ms < INT64_MAX - purpose->valid_ms ? act->time_ms + purpose->valid_ms : 0;
	return longest && (!until || longest < until) ? longest : until;
}

int consent_encode(struct buffer *out, const struct config *config, const struct consent_act *act)
{
	const struct purpose *purpose = purpose_find(config, act->purpose);
	if (!purpose)
		return ERROR_NOT_FOUND;
	if (act->yes && act->preset)
		return ERROR_DENIED;
	if (act->version.n > VERSION_BYTES_MAX)
		return ERROR_LIMIT;
	struct text version = act->version.n ? act->version : purpose->version;
	struct text text = act->text.n ? act->text : purpose_words_in(purpose, act->language).text;
	int64_t until = act->yes ? until_of(purpose, act) : 0;
	size_t object = value_open(out, VALUE_OBJECT);
	put(out, TEXT("purpose"), purpose->name);
	put(out, TEXT("answer"), act->yes ? TEXT("yes") : TEXT("no"));
	put(out, TEXT("version"), version);
	put(out, TEXT("text"), text);
	notice_put(out, act->notice.n ? act->notice : purpose->name, version, text);
	put(out, TEXT("actor"), act->actor);
	put(out, TEXT("method"), act->method);
	put(out, TEXT("control"), act->control);
	put(out, TEXT("language"), act->language);
	put(out, TEXT("jurisdiction"), act->jurisdiction);
	put(out, TEXT("evidence"), act->evidence);
	put(out, TEXT("anonymousId"), act->anonymous);
	if (until) {
		value_put_key(out, TEXT("valid_until"));
		value_put_int(out, until);
	}
	value_close(out, object);
	return out->failed ? ERROR_LIMIT : 0;
}

int consent_restrict_encode(struct buffer *out, bool restricted, struct text because, struct text actor)
{
	size_t object = value_open(out, VALUE_OBJECT);
	value_put_key(out, TEXT("restricted"));
	value_put_bool(out, restricted);
	put(out, TEXT("because"), because);
	put(out, TEXT("actor"), actor);
	value_close(out, object);
	return out->failed ? ERROR_LIMIT : 0;
}

const char *consent_decision_name(enum consent_decision decision)
{
	static const char *const names[] = {
#define X(symbol, name) [symbol] = name,
		CONSENT_DECISIONS(X)
#undef X
	};
	return (unsigned)decision < CONSENT_DECISION_COUNT ? names[decision] : "";
}
