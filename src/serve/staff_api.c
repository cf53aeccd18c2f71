/*
 * staff_api.c: accounts of staff over HTTP, for admins who are signed in: a list, an invitation, roles, shutting one out, ending
 * sessions. The same accounts as `attune staff` writes, and each act stands in the audit log with who did it.
 *
 * No key may call it, so that whoever gets hold of a key makes no people. Nobody shuts out or lowers themselves, so that not the
 * last admin goes by a slip; whoever has the machine still has `attune staff`.
 */
#include "serve/api.h"
#include "serve/hub.h"
#include "serve/noted.h"
#include "serve/session.h"

#include <stdio.h>
#include <string.h>

enum { LISTED_MAX = STAFF_ACCOUNTS_MAX + STAFF_INVITATIONS_MAX };

void api_staff(struct request *request)
{
	struct account *accounts = arena_zero_alloc(request->arena, LISTED_MAX, sizeof *accounts);
	struct json_writer *out = &request->out;
	if (!accounts)
		return reply_failure(request, ERROR_MEMORY);
	size_t n = staff_list(request->server->staff, accounts, LISTED_MAX);
	json_object_begin(out);
	json_key(out, TEXT("accounts"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(out);
		staff_account_write(out, &accounts[i]);
		json_put_int(out, "sessions", (int64_t)sessions_of(request->server->sessions, text_of(accounts[i].name), request->now_ms));
		json_object_end(out);
	}
	json_array_end(out);
	json_key(out, TEXT("invitations"));
	json_array_begin(out);
	for (size_t i = 0; i < n; i++) {
		if (!accounts[i].invited)
			continue;
		json_object_begin(out);
		json_put_text(out, "name", text_of(accounts[i].name));
		json_put_time(out, "expires", accounts[i].invited_until_ms);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
	http_reply_header(request->http, "Cache-Control", "no-store");
}

/* ---- changing ---- */

struct staff_act {
	struct text name;             /* In lower case. */
	unsigned roles;
	char roles_text[STAFF_ROLES_BYTES];
	int64_t days;                 /* Of an invitation. */
	char token[STAFF_TOKEN_BYTES];
	char words[AUDIT_WORDS_BYTES];
	size_t ended;
};

static int invite(struct server *server, struct staff_act *act)
{
	snprintf(act->words, sizeof act->words, "invited %.*s as %s", TEXT_ARGS(act->name), act->roles_text);
	return staff_invite_for(server->staff, act->name, act->roles, act->days, act->token);
}

static int withdraw(struct server *server, struct staff_act *act)
{
	snprintf(act->words, sizeof act->words, "withdrew the invitation of %.*s", TEXT_ARGS(act->name));
	return staff_withdraw(server->staff, act->name);
}

static int roles(struct server *server, struct staff_act *act)
{
	snprintf(act->words, sizeof act->words, "%.*s is %s from now on", TEXT_ARGS(act->name), act->roles_text);
	return staff_roles(server->staff, act->name, act->roles);
}

static int lock(struct server *server, struct staff_act *act)
{
	snprintf(act->words, sizeof act->words, "shut out %.*s", TEXT_ARGS(act->name));
	int error = staff_disable(server->staff, act->name);
	if (!error)
		act->ended = sessions_end_of(server->sessions, act->name);
	return error;
}

static int sign_out(struct server *server, struct staff_act *act)
{
	struct account account;
	if (!staff_find(server->staff, act->name, &account))
		return ERROR_NOT_FOUND;
	act->ended = sessions_end_of(server->sessions, act->name);
	snprintf(act->words, sizeof act->words, "signed out %.*s (sessions: %zu)", TEXT_ARGS(act->name), act->ended);
	return 0;
}

static const struct act_of {
	const char *name;
	bool with_roles, on_oneself;
	int (*run)(struct server *server, struct staff_act *act);
} acts[] = {{"invite", true, false, invite}, {"withdraw", false, true, withdraw}, {"roles", true, false, roles}, {"lock", false, false, lock}, {"sign-out", false, true, sign_out}};

/* What is asked for; false: the error is answered. */
static bool act_read(struct request *request, const struct act_of *of, struct staff_act *act)
{
	struct json root;
	if (!request_json(request, &root))
		return false;
	char *name = text_terminated(request->arena, json_text(json_get(root, TEXT("name"))));
	struct text wanted = json_text(json_get(root, TEXT("roles")));
	for (char *c = name; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 32) : *c;
	act->name = text_of(name ? name : "");
	act->roles = wanted.n ? roles_parse(wanted) : 0;
	roles_format(act->roles, act->roles_text);
	if (act->name.n == 0 || act->name.n > STAFF_NAME_BYTES) {
		reply_error(request, 400, "invalid_name", "\"name\" has 1 to %d letters, digits and . - _ + @, without blanks.", STAFF_NAME_BYTES);
		return false;
	}
	struct json days = json_get(root, TEXT("days"));
	act->days = STAFF_INVITATION_DAYS;
	if (json_type_of(days) > JSON_NULL && (!json_int(days, &act->days) || act->days < 1 || act->days > STAFF_INVITATION_DAYS_MAX)) {
		reply_error(request, 400, "invalid_days", "\"days\" must be a whole number of 1 to %d.", STAFF_INVITATION_DAYS_MAX);
		return false;
	}
	if (of->with_roles && !act->roles) {
		reply_error(request, 400, "invalid_roles", "\"roles\" must be one or more of admin, service, manager, privacy, analyst, with commas between.");
		return false;
	}
	if (!of->on_oneself && text_equal(act->name, request->caller.staff)) {
		reply_error(request, 409, "own_account", "That is your own account: another admin has to do this, so that nobody is shut out by a slip.");
		return false;
	}
	return true;
}

static void done_write(struct request *request, const struct staff_act *act)
{
	struct json_writer *out = &request->out;
	json_object_begin(out);
	json_put_bool(out, "done", true);
	json_put_text(out, "name", act->name);
	if (act->roles)
		json_put_text(out, "roles", text_of(act->roles_text));
	if (*act->token)
		json_put_text(out, "token", text_of(act->token)); /* Shown this once. */
	json_put_int(out, "sessions_ended", (int64_t)act->ended);
	json_object_end(out);
	http_reply_header(request->http, "Cache-Control", "no-store");
}

void api_staff_act(struct request *request)
{
	struct staff_act act = {0};
	const struct act_of *of = NULL;
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (text_equal(request->parameters[0], text_of(acts[i].name)))
			of = &acts[i];
	if (!of)
		return reply_error(request, 404, "no_act", "There is invite, withdraw, roles, lock and sign-out.");
	if (!act_read(request, of, &act))
		return;
	int error = of->run(request->server, &act);
	if (error == ERROR_NOT_FOUND)
		return reply_error(request, 404, "no_account", "There is no account of that name.");
	if (error == ERROR_INVALID)
		return reply_error(request, 400, "invalid_name", "\"name\" has 1 to %d letters, digits and . - _ + @, without blanks.", STAFF_NAME_BYTES);
	if (error)
		return reply_failure(request, error);
	hub_review(request->server->hub);
	noted_act(request, &(struct noted){.what = AUDIT_STAFF, .words = text_of(act.words), .durable = true});
	done_write(request, &act);
}
