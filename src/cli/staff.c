/*
 * staff.c: attune staff: accounts of staff in a data folder, beside a running server or without one.
 */
#include "cli/verb.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "serve/staff.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct call {
	const char *act, *name, *role, *folder, *days;
	bool json;
};

static int usage(FILE *out)
{
	fputs("usage: attune staff list --data DIR [--json]\n"
	      "       attune staff invite NAME --role ROLE[,ROLE] [--days N] --data DIR [--json]\n"
	      "       attune staff withdraw NAME --data DIR [--json]\n"
	      "       attune staff roles NAME --role ROLE[,ROLE] --data DIR [--json]\n"
	      "       attune staff disable NAME --data DIR [--json]\n\n"
	      "An invitation is shown once, works once, at /console/sign-in?invited, and holds 7 days or as long as --days says. Used by somebody who has an account it\n"
	      "gives that account a new password and these roles. A disabled account is signed out at once.\n\n", out);
#define X(symbol, bit, name, sentence) fprintf(out, "  %-10s %s\n", name, sentence);
	ROLES(X)
#undef X
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* EXIT_DONE with call->act NULL: help was asked for. */
static int call_read(struct call *call, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'},
	                                        {"role", required_argument, NULL, 'r'}, {"data", required_argument, NULL, 'd'}, {"days", required_argument, NULL, 'n'}, {0}};
	*call = (struct call){0};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'h')
			return usage(stdout);
		else if (option == 'j')
			call->json = true;
		else if (option == 'r')
			call->role = optarg;
		else if (option == 'd')
			call->folder = optarg;
		else if (option == 'n')
			call->days = optarg;
		else
			return usage(stderr);
	}
	bool lists = optind < argc && strcmp(argv[optind], "list") == 0;
	if (optind + (lists ? 1 : 2) != argc || !call->folder)
		return usage(stderr);
	call->act = argv[optind];
	call->name = lists ? NULL : argv[optind + 1];
	return EXIT_DONE;
}

static int failed(const struct call *call, const char *why)
{
	fprintf(stderr, "attune staff %s: %s\n", call->act, why);
	return EXIT_FAILED;
}

static const char no_role[] = "--role must be one or more of admin, service, manager, privacy, analyst, with commas between.";
static const char no_account[] = "there is no account of that name; attune staff list has them.";

static const char *state_of(const struct account *account)
{
	return account->changed_ms == 0 ? "invited" : account->disabled ? "disabled" : account->invited ? "open, invited anew" : "open";
}

static int list(const struct call *call, struct staff *staff)
{
	enum { MAX = STAFF_ACCOUNTS_MAX + STAFF_INVITATIONS_MAX };
	struct account *accounts = memory_zero_alloc(MAX, sizeof *accounts);
	struct buffer text = BUFFER_INIT(4 << 20);
	struct json_writer out = JSON_WRITER(&text);
	if (!accounts)
		return failed(call, error_sentence(ERROR_MEMORY));
	size_t n = staff_list(staff, accounts, MAX);
	json_array_begin(&out);
	for (size_t i = 0; i < n; i++) {
		char roles[STAFF_ROLES_BYTES];
		json_object_begin(&out);
		staff_account_write(&out, &accounts[i]);
		if (accounts[i].invited)
			json_put_time(&out, "expires", accounts[i].invited_until_ms);
		json_object_end(&out);
		if (!call->json)
			printf("%-30s %-30s %s\n", *accounts[i].name ? accounts[i].name : "(the first account)", roles_format(accounts[i].roles, roles).p, state_of(&accounts[i]));
	}
	json_array_end(&out);
	if (call->json)
		printf("%.*s\n", TEXT_ARGS(buffer_view(&text)));
	else if (n == 0)
		printf("There is no account yet. Next: attune staff invite NAME --role admin --data %s\n", call->folder);
	buffer_free(&text);
	memory_free(accounts);
	return EXIT_DONE;
}

static void invitation_show(const struct call *call, const char *token, int64_t days)
{
	struct buffer text = BUFFER_INIT(4096);
	struct json_writer out = JSON_WRITER(&text);
	json_object_begin(&out);
	json_put_text(&out, "name", text_of(call->name));
	json_put_text(&out, "roles", text_of(call->role));
	json_put_text(&out, "token", text_of(token));
	json_put_time(&out, "expires", clock_now_ms() + days * MS_A_DAY);
	json_object_end(&out);
	if (call->json)
		printf("%.*s\n", TEXT_ARGS(buffer_view(&text)));
	else
		printf("%s is invited as %s:\n\n  %s\n\nIt is not shown again, and works once within %lld days, at /console/sign-in?invited.\n", call->name, call->role, token, (long long)days);
	buffer_free(&text);
}

static int invite(const struct call *call, struct staff *staff)
{
	char token[STAFF_TOKEN_BYTES];
	unsigned roles = roles_parse(text_of(call->role));
	int64_t days = STAFF_INVITATION_DAYS;
	if (!roles)
		return failed(call, no_role);
	if (call->days && (text_to_int64(text_of(call->days), &days) != 0 || days < 1 || days > STAFF_INVITATION_DAYS_MAX))
		return failed(call, "--days is a whole number of 1 to 365.");
	int error = *call->name ? staff_invite_for(staff, text_of(call->name), roles, days, token) : ERROR_INVALID;
	if (error)
		return failed(call, error == ERROR_INVALID ? "a name has 1 to 80 letters, digits and . - _ + @, without blanks." : error_sentence(error));
	invitation_show(call, token, days);
	return EXIT_DONE;
}

static int grant(const struct call *call, struct staff *staff)
{
	unsigned roles = roles_parse(text_of(call->role));
	if (!roles)
		return failed(call, no_role);
	int error = staff_roles(staff, text_of(call->name), roles);
	if (error)
		return failed(call, error == ERROR_NOT_FOUND ? no_account : error_sentence(error));
	if (call->json)
		printf("{\"done\":true}\n");
	else
		printf("%s is %s from now on, on every page that is open too.\n", call->name, call->role);
	return EXIT_DONE;
}

static int withdraw(const struct call *call, struct staff *staff)
{
	int error = staff_withdraw(staff, text_of(call->name));
	if (error)
		return failed(call, error == ERROR_NOT_FOUND ? "nobody of that name is invited; attune staff list says who is." : error_sentence(error));
	printf(call->json ? "{\"withdrawn\":true}\n" : "The invitation of %s lets nobody in any more.\n", call->name);
	return EXIT_DONE;
}

static int disable(const struct call *call, struct staff *staff)
{
	int error = staff_disable(staff, text_of(call->name));
	if (error)
		return failed(call, error == ERROR_NOT_FOUND ? no_account : error_sentence(error));
	if (call->json)
		printf("{\"disabled\":true}\n");
	else
		printf("%s is shut out, from every page that is open too.\n", call->name);
	return EXIT_DONE;
}

int verb_staff(int argc, char **argv)
{
	struct call call;
	struct staff *staff;
	struct stat status;
	char keys[4200];
	int exit = call_read(&call, argc, argv);
	if (exit != EXIT_DONE || !call.act)
		return exit;
	snprintf(keys, sizeof keys, "%s/keys", call.folder);
	if (stat(keys, &status) != 0)
		return failed(&call, "--data is no data folder; attune init DIR makes one.");
	int error = sodium_init() < 0 ? ERROR_IO : staff_open(&staff, call.folder);
	if (error)
		return failed(&call, error_sentence(error));
	if (strcmp(call.act, "list") == 0)
		exit = list(&call, staff);
	else if (strcmp(call.act, "invite") == 0)
		exit = invite(&call, staff);
	else if (strcmp(call.act, "roles") == 0)
		exit = grant(&call, staff);
	else if (strcmp(call.act, "withdraw") == 0)
		exit = withdraw(&call, staff);
	else if (strcmp(call.act, "disable") == 0)
		exit = disable(&call, staff);
	else
		exit = usage(stderr);
	staff_close(staff);
	return exit;
}
