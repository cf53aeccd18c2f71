/*
 * staff.h: accounts of staff: who signs in to the console, and as what.
 *
 * FOLDER/staff (0600) has a line an account and a line an invitation. Of a password only an argon2id hash is kept, of an
 * invitation only a hash of its token. An invitation makes an account, or gives one a new password and new roles, once.
 * There is no first password: `attune init` prints an invitation for the first account.
 *
 * `attune staff` writes the same file beside a running server: whoever writes holds a lock on the folder, and every answer
 * here is of the file as it is now. Hashing takes 64 MiB, so at most STAFF_HASHES_MAX are made at a time; who waits longer
 * than STAFF_WAIT_MS is told to come again.
 */
#ifndef ATTUNE_SERVE_STAFF_H
#define ATTUNE_SERVE_STAFF_H

#include "base/text.h"

enum {
	STAFF_NAME_BYTES = 80,
	STAFF_PASSWORD_LETTERS_MIN = 12,
	STAFF_PASSWORD_BYTES_MAX = 200,
	STAFF_ACCOUNTS_MAX = 1000,
	STAFF_INVITATIONS_MAX = 1000,
	STAFF_INVITATION_DAYS = 7,   /* How long one holds, unless it is said. */
	STAFF_INVITATION_DAYS_MAX = 365,
	STAFF_TOKEN_BYTES = 64,      /* Of an invitation, terminated. */
	STAFF_HASHES_MAX = 2,
	STAFF_WAIT_MS = 3000,
	STAFF_ROLES_BYTES = 80,
};

/* X(symbol, bit, name, what it is for): a role is bound to a purpose. The bits stand beside those of enum key_scope in a route. */
#define ROLES(X)                                                                                                              \
	X(ROLE_ADMIN, 16, "admin", "everything, keys and configuration included")                                                    \
	X(ROLE_SERVICE, 32, "service", "serving single customers: find one, the card, what happened, decide, wishes, choices with evidence") \
	X(ROLE_MANAGER, 64, "manager", "figures, and the customers behind them who agreed to be looked at")                            \
	X(ROLE_PRIVACY, 128, "privacy", "the rights of customers: choices, export, erasure, requests, what was looked at by whom")     \
	X(ROLE_ANALYST, 256, "analyst", "figures only, never a single customer")

enum {
#define X(symbol, bit, name, sentence) symbol = bit,
	ROLES(X)
#undef X
	ROLE_ANY = ROLE_ADMIN | ROLE_SERVICE | ROLE_MANAGER | ROLE_PRIVACY | ROLE_ANALYST,
};

struct account {
	char name[STAFF_NAME_BYTES + 1]; /* Lower case. */
	unsigned roles;                  /* ROLE_… bits. */
	int64_t created_ms;
	int64_t changed_ms;              /* When its password was set: sessions begun before have ended. */
	bool disabled;
	bool invited;                    /* In lists: no account yet, or a new password waits. */
	int64_t invited_until_ms;        /* In lists: when that ends; 0: not invited. */
};

struct staff;

/* "service,privacy" as bits; 0 when one of them is no role. */
unsigned roles_parse(struct text text);
/* The same back, into @out. */
struct text roles_format(unsigned roles, char out[STAFF_ROLES_BYTES]);

/* Read FOLDER/staff; none is no error. Errors: ERROR_IO, ERROR_CORRUPT, ERROR_MEMORY. */
int staff_open(struct staff **out, const char *folder) MUST_CHECK;
void staff_close(struct staff *staff);

/*
 * Invite @name to sign in as @roles; an earlier invitation of the same name ends. An empty name: whoever has the token
 * chooses it. The token is written to @token and nowhere else.
 * Errors: ERROR_INVALID (a name of other than 1 to 80 letters, digits and .-_+@), ERROR_LIMIT, ERROR_IO, ERROR_FULL, ERROR_CORRUPT.
 */
int staff_invite(struct staff *staff, struct text name, unsigned roles, char token[STAFF_TOKEN_BYTES]) MUST_CHECK;
/* The same for 1 to STAFF_INVITATION_DAYS_MAX days. */
int staff_invite_for(struct staff *staff, struct text name, unsigned roles, int64_t days, char token[STAFF_TOKEN_BYTES]) MUST_CHECK;

/* Take an invitation back that nobody has used yet; an account of the name stays as it is. Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_FULL, ERROR_CORRUPT. */
int staff_withdraw(struct staff *staff, struct text name) MUST_CHECK;

/* Is it a password that an account may have? */
bool staff_password_fits(struct text password);

/*
 * Use an invitation: the account of @name has @password from now on. Errors: ERROR_DENIED (no such token, or of another
 * name), ERROR_INVALID (the name or the password), ERROR_EXISTS (a chosen name that somebody has), ERROR_BUSY (too many at once),
 * ERROR_LIMIT, ERROR_IO, ERROR_FULL, ERROR_MEMORY.
 */
int staff_accept(struct staff *staff, struct text token, struct text name, struct text password, struct account *out) MUST_CHECK;

/*
 * Is it the password of the account? Takes as long when there is no such account. Errors: ERROR_DENIED (no account, disabled,
 * another password), ERROR_BUSY, ERROR_MEMORY.
 */
int staff_check(struct staff *staff, struct text name, struct text password, struct account *out) MUST_CHECK;

/* Give an account another password. Errors: ERROR_DENIED (the old one is wrong), ERROR_INVALID (the new one), and of staff_accept. */
int staff_password(struct staff *staff, struct text name, struct text old, struct text password, struct account *out) MUST_CHECK;

/* The account is shut and its invitation ends. Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_FULL, ERROR_CORRUPT. */
int staff_disable(struct staff *staff, struct text name) MUST_CHECK;

/* Give an account, or who is invited, other roles: they hold from the next request on. Errors: ERROR_NOT_FOUND, ERROR_INVALID (no role),
 * ERROR_IO, ERROR_FULL, ERROR_CORRUPT. */
int staff_roles(struct staff *staff, struct text name, unsigned roles) MUST_CHECK;

/* The members of an account, into an open object. */
struct json_writer;
void staff_account_write(struct json_writer *out, const struct account *account);

/* The account of @name as it is now; false when there is none. Threads: safe, as all here. */
bool staff_find(struct staff *staff, struct text name, struct account *out);

/* Is there an account that may administer, open and not merely invited? */
bool staff_has_admin(struct staff *staff);

/* Accounts, then invitations without one, by their place in the file; at most @max. */
size_t staff_list(struct staff *staff, struct account *out, size_t max);

#endif
