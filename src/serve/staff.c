/* staff.c: accounts and invitations in a file, and their passwords. */
#include "serve/staff.h"

#include "base/checked_file.h"
#include "base/clock.h"
#include "base/inventory.h"
#include "base/json.h"
#include "base/kept_file.h"
#include "base/memory.h"
#include "base/report.h"
#include "serve/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_BYTES = 32, SECRET_BYTES = 32, FILE_BYTES_MAX = 1 << 20, FIELDS = 7 };
static const struct kept_file staff_file = {"staff", "nobody of staff can sign in", "a backup"};
static const char TOKEN_PREFIX[] = "at_invite_";

struct stored {
	struct account account;
	char hash[crypto_pwhash_STRBYTES];
};

struct invitation {
	char name[STAFF_NAME_BYTES + 1]; /* Empty: it is chosen. */
	unsigned roles;
	int64_t created_ms, until_ms;
	uint8_t hash[HASH_BYTES];
};

/* What stands in the file. */
struct book {
	struct stored accounts[STAFF_ACCOUNTS_MAX];
	struct invitation invitations[STAFF_INVITATIONS_MAX];
	size_t accounts_n, invitations_n;
};

struct staff {
	char folder[4096], path[4200];
	pthread_mutex_t write_lock; /* One change at a time; before lock. Protects work. */
	struct book work;
	pthread_mutex_t lock;      /* Protects book, draft and seen. Not held while the file is written. */
	struct book book, draft;
	struct timespec seen;      /* When the file read last was written; and which it was. */
	ino_t seen_inode;
	pthread_mutex_t hash_lock; /* Protects hashing and decoy. */
	pthread_cond_t hash_free;
	unsigned hashing;
	char decoy[crypto_pwhash_STRBYTES]; /* What a password is compared with when there is no account. */
};

/* ---- roles ---- */

static const struct role {
	unsigned bit;
	const char *name;
} roles[] = {
#define X(symbol, bit, name, sentence) {bit, name},
	ROLES(X)
#undef X
};
enum { ROLES_N = sizeof roles / sizeof *roles };

unsigned roles_parse(struct text text)
{
	struct text name;
	unsigned bits = 0;
	while (text_next(&text, ',', &name)) {
		size_t i = 0;
		while (i < ROLES_N && !text_equal(name, text_of(roles[i].name)))
			i++;
		if (i == ROLES_N)
			return 0;
		bits |= roles[i].bit;
	}
	return bits;
}

struct text roles_format(unsigned bits, char out[STAFF_ROLES_BYTES])
{
	size_t n = 0;
	out[0] = 0;
	for (size_t i = 0; i < ROLES_N; i++)
		if (bits & roles[i].bit)
			n += (size_t)snprintf(out + n, STAFF_ROLES_BYTES - n, "%s%s", n ? "," : "", roles[i].name);
	return (struct text){out, n};
}

/* ---- the file ---- */

/* In lower case; false when it is no name. */
static bool name_normalise(struct text given, char out[STAFF_NAME_BYTES + 1])
{
	if (given.n == 0 || given.n > STAFF_NAME_BYTES)
		return false;
	for (size_t i = 0; i < given.n; i++) {
		char c = given.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || memchr(".-_+@", c, 5)))
			return false;
		out[i] = c;
	}
	out[given.n] = 0;
	return strcmp(out, "-") != 0;
}

static struct stored *account_of(struct book *book, const char *name)
{
	for (size_t i = 0; i < book->accounts_n; i++)
		if (strcmp(book->accounts[i].account.name, name) == 0)
			return &book->accounts[i];
	return NULL;
}

static int account_read(struct book *book, const struct text field[FIELDS])
{
	struct stored *stored = &book->accounts[book->accounts_n];
	if (book->accounts_n == STAFF_ACCOUNTS_MAX || field[6].n >= sizeof stored->hash)
		return ERROR_CORRUPT;
	memset(stored, 0, sizeof *stored);
	struct account *account = &stored->account;
	account->roles = roles_parse(field[2]);
	account->disabled = text_equal(field[5], TEXT("disabled"));
	memcpy(stored->hash, field[6].p, field[6].n);
	if (!name_normalise(field[1], account->name) || !account->roles || text_to_int64(field[3], &account->created_ms) != 0 ||
	    text_to_int64(field[4], &account->changed_ms) != 0 || account_of(book, account->name))
		return ERROR_CORRUPT;
	book->accounts_n++;
	return 0;
}

static int invitation_read(struct book *book, const struct text field[FIELDS])
{
	struct invitation *invitation = &book->invitations[book->invitations_n];
	size_t n;
	if (book->invitations_n == STAFF_INVITATIONS_MAX)
		return ERROR_CORRUPT;
	memset(invitation, 0, sizeof *invitation);
	invitation->roles = roles_parse(field[2]);
	if ((!text_equal(field[1], TEXT("-")) && !name_normalise(field[1], invitation->name)) || !invitation->roles ||
	    text_to_int64(field[3], &invitation->created_ms) != 0 || text_to_int64(field[4], &invitation->until_ms) != 0 ||
	    sodium_hex2bin(invitation->hash, HASH_BYTES, field[6].p, field[6].n, NULL, &n, NULL) != 0 || n != HASH_BYTES)
		return ERROR_CORRUPT;
	book->invitations_n++;
	return 0;
}

/* kind name roles created changed state hash */
static int line_read(struct book *book, struct text line)
{
	struct text field[FIELDS];
	size_t n = 0;
	if (memchr(line.p, 0, line.n)) /* Its fields are kept as terminated texts. */
		return ERROR_CORRUPT;
	while (n < FIELDS && text_next(&line, ' ', &field[n]))
		n++;
	if (n < FIELDS || line.p)
		return ERROR_CORRUPT;
	return text_equal(field[0], TEXT("account")) ? account_read(book, field) :
	       text_equal(field[0], TEXT("invitation")) ? invitation_read(book, field) : ERROR_CORRUPT;
}

static int book_read(struct book *book, const char *folder)
{
	struct buffer content = BUFFER_INIT(CHECKED_BYTES_MAX);
	book->accounts_n = book->invitations_n = 0;
	int error = kept_file_read(folder, &staff_file, &content);
	struct text rest = error ? (struct text){0} : buffer_view(&content), line;
	while (!error && rest.n && text_next(&rest, '\n', &line))
		if (line.n && line_read(book, line) != 0)
			error = kept_file_refuse(&staff_file, "not of this version");
	buffer_free(&content);
	return error;
}

static bool is_seen(const struct staff *staff, const struct stat *status)
{
	return status->st_ino == staff->seen_inode && status->st_mtim.tv_sec == staff->seen.tv_sec && status->st_mtim.tv_nsec == staff->seen.tv_nsec;
}

/* Take up what another process wrote. On failure what was known stays. Under the lock. */
static int refresh(struct staff *staff)
{
	struct stat status;
	int error = 0;
	if (stat(staff->path, &status) != 0) {
		if (errno != ENOENT)
			return ERROR_IO;
		if (inventory_has(staff->folder, staff_file.name))
			return kept_file_refuse(&staff_file, "missing");
		staff->book.accounts_n = staff->book.invitations_n = 0;
		staff->seen_inode = 0;
		return 0;
	}
	if (is_seen(staff, &status))
		return 0;
	/* Replaced between the two, it is read again at the next call. */
	error = book_read(&staff->draft, staff->folder);
	if (error) {
		report(REPORT_ERROR, "staff_unread", "The file of accounts cannot be read: %s", error_sentence(error));
		return error;
	}
	staff->book = staff->draft;
	staff->seen = status.st_mtim;
	staff->seen_inode = status.st_ino;
	return 0;
}

static int book_write(const struct staff *staff, const struct book *book)
{
	struct buffer out = BUFFER_INIT(FILE_BYTES_MAX - 1);
	char text[STAFF_ROLES_BYTES], hex[2 * HASH_BYTES + 1];
	for (size_t i = 0; i < book->accounts_n; i++) {
		const struct stored *stored = &book->accounts[i];
		const struct account *account = &stored->account;
		roles_format(account->roles, text);
		buffer_format(&out, "account %s %s %" PRId64 " %" PRId64 " %s %s\n", account->name, text, account->created_ms, account->changed_ms,
		              account->disabled ? "disabled" : "open", stored->hash);
	}
	for (size_t i = 0; i < book->invitations_n; i++) {
		const struct invitation *invitation = &book->invitations[i];
		roles_format(invitation->roles, text);
		sodium_bin2hex(hex, sizeof hex, invitation->hash, HASH_BYTES);
		buffer_format(&out, "invitation %s %s %" PRId64 " %" PRId64 " open %s\n", *invitation->name ? invitation->name : "-", text, invitation->created_ms,
		              invitation->until_ms, hex);
	}
	int error = out.failed ? ERROR_LIMIT : kept_file_write(staff->folder, &staff_file, buffer_view(&out));
	buffer_free(&out);
	return error;
}

static int refresh_locked(struct staff *staff)
{
	pthread_mutex_lock(&staff->lock);
	int error = refresh(staff);
	if (!error)
		staff->work = staff->book;
	pthread_mutex_unlock(&staff->lock);
	return error;
}

/* Change the book: from the file as it is, which nobody else changes meanwhile, and durable before it holds. */
static int change(struct staff *staff, int (*act)(struct book *book, void *arg), void *arg)
{
	pthread_mutex_lock(&staff->write_lock);
	int folder = open(staff->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = folder >= 0 && flock(folder, LOCK_EX) == 0 ? refresh_locked(staff) : ERROR_IO;
	if (!error)
		error = act(&staff->work, arg);
	if (!error)
		error = book_write(staff, &staff->work);
	if (!error)
		error = refresh_locked(staff); /* What another process would read. */
	if (folder >= 0)
		close(folder);
	pthread_mutex_unlock(&staff->write_lock);
	return error;
}

int staff_open(struct staff **out, const char *folder)
{
	struct staff *staff = memory_zero_alloc(1, sizeof *staff);
	if (!staff)
		return ERROR_MEMORY;
	snprintf(staff->folder, sizeof staff->folder, "%s", folder);
	snprintf(staff->path, sizeof staff->path, "%s/staff", folder);
	pthread_mutex_init(&staff->write_lock, NULL);
	pthread_mutex_init(&staff->lock, NULL);
	pthread_mutex_init(&staff->hash_lock, NULL);
	clock_condition_init(&staff->hash_free);
	int error = refresh(staff);
	if (error) {
		staff_close(staff);
		return error;
	}
	*out = staff;
	return 0;
}

void staff_close(struct staff *staff)
{
	if (!staff)
		return;
	pthread_cond_destroy(&staff->hash_free);
	pthread_mutex_destroy(&staff->hash_lock);
	pthread_mutex_destroy(&staff->lock);
	pthread_mutex_destroy(&staff->write_lock);
	sodium_memzero(staff, sizeof *staff);
	memory_free(staff);
}

/* ---- passwords ---- */

bool staff_password_fits(struct text password)
{
	size_t letters = 0;
	for (size_t i = 0; i < password.n; i++)
		letters += ((unsigned char)password.p[i] & 0xc0) != 0x80;
	return letters >= STAFF_PASSWORD_LETTERS_MIN && password.n <= STAFF_PASSWORD_BYTES_MAX && text_is_utf8(password);
}

/* Take one of the few places for hashing, or ERROR_BUSY. */
static int hash_begin(struct staff *staff)
{
	struct timespec until = clock_deadline(STAFF_WAIT_MS);
	int late = 0;
	pthread_mutex_lock(&staff->hash_lock);
	while (staff->hashing == STAFF_HASHES_MAX && late == 0)
		late = pthread_cond_timedwait(&staff->hash_free, &staff->hash_lock, &until);
	bool taken = staff->hashing < STAFF_HASHES_MAX;
	staff->hashing += taken;
	pthread_mutex_unlock(&staff->hash_lock);
	return taken ? 0 : ERROR_BUSY;
}

static void hash_end(struct staff *staff)
{
	pthread_mutex_lock(&staff->hash_lock);
	staff->hashing--;
	pthread_cond_signal(&staff->hash_free);
	pthread_mutex_unlock(&staff->hash_lock);
}

static int hash_make(struct staff *staff, struct text password, char hash[crypto_pwhash_STRBYTES])
{
	int error = hash_begin(staff);
	if (error)
		return error;
	if (crypto_pwhash_str_alg(hash, password.p, password.n, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
	                          crypto_pwhash_ALG_ARGON2ID13) != 0)
		error = ERROR_MEMORY;
	hash_end(staff);
	return error;
}

/* A hash of a password that nobody knows, made before the first check of any: unknown accounts take no longer than known ones. */
static int decoy_make(struct staff *staff)
{
	char random[SECRET_BYTES], hash[crypto_pwhash_STRBYTES];
	pthread_mutex_lock(&staff->hash_lock);
	bool made = *staff->decoy;
	pthread_mutex_unlock(&staff->hash_lock);
	if (made)
		return 0;
	randombytes_buf(random, sizeof random);
	int error = hash_make(staff, (struct text){random, sizeof random}, hash);
	pthread_mutex_lock(&staff->hash_lock);
	if (!error)
		memcpy(staff->decoy, hash, sizeof hash);
	pthread_mutex_unlock(&staff->hash_lock);
	return error;
}

static bool find(struct staff *staff, struct text given, struct stored *out)
{
	char name[STAFF_NAME_BYTES + 1];
	bool found = false;
	pthread_mutex_lock(&staff->lock);
	if (name_normalise(given, name) && refresh(staff) == 0) {
		const struct stored *stored = account_of(&staff->book, name);
		found = stored != NULL;
		if (found)
			*out = *stored;
	}
	pthread_mutex_unlock(&staff->lock);
	return found;
}

bool staff_find(struct staff *staff, struct text name, struct account *out)
{
	struct stored stored;
	if (!find(staff, name, &stored))
		return false;
	*out = stored.account;
	return true;
}

int staff_check(struct staff *staff, struct text name, struct text password, struct account *out)
{
	struct stored stored = {0};
	int error = decoy_make(staff);
	bool open = find(staff, name, &stored) && !stored.account.disabled && password.n <= STAFF_PASSWORD_BYTES_MAX;
	if (!error)
		error = hash_begin(staff);
	if (error)
		return error;
	bool same = crypto_pwhash_str_verify(open ? stored.hash : staff->decoy, password.p ? password.p : "",
	                                     password.n <= STAFF_PASSWORD_BYTES_MAX ? password.n : 0) == 0;
	hash_end(staff);
	sodium_memzero(stored.hash, sizeof stored.hash);
	if (!open || !same)
		return ERROR_DENIED;
	*out = stored.account;
	return 0;
}

/* ---- changes ---- */

struct inviting {
	const char *name;
	unsigned roles;
	int64_t now_ms, days;
	uint8_t hash[HASH_BYTES];
};

static void invitation_take(struct book *book, size_t i)
{
	book->invitations[i] = book->invitations[--book->invitations_n];
}

static int invitation_add(struct book *book, void *arg)
{
	const struct inviting *inviting = arg;
	for (size_t i = book->invitations_n; i-- > 0;)
		if ((*inviting->name && strcmp(book->invitations[i].name, inviting->name) == 0) || book->invitations[i].until_ms <= inviting->now_ms)
			invitation_take(book, i);
	if (book->invitations_n == STAFF_INVITATIONS_MAX || (book->accounts_n == STAFF_ACCOUNTS_MAX && !account_of(book, inviting->name)))
		return ERROR_LIMIT;
	struct invitation *invitation = &book->invitations[book->invitations_n++];
	*invitation = (struct invitation){.roles = inviting->roles, .created_ms = inviting->now_ms, .until_ms = inviting->now_ms + inviting->days * MS_A_DAY};
	memcpy(invitation->name, inviting->name, strlen(inviting->name) + 1);
	memcpy(invitation->hash, inviting->hash, HASH_BYTES);
	return 0;
}

static void token_hash(struct text token, uint8_t hash[HASH_BYTES])
{
	crypto_generichash(hash, HASH_BYTES, (const uint8_t *)token.p, token.n, NULL, 0);
}

int staff_invite(struct staff *staff, struct text name, unsigned bits, char token[STAFF_TOKEN_BYTES])
{
	return staff_invite_for(staff, name, bits, STAFF_INVITATION_DAYS, token);
}

int staff_invite_for(struct staff *staff, struct text name, unsigned bits, int64_t days, char token[STAFF_TOKEN_BYTES])
{
	uint8_t random[SECRET_BYTES];
	char normal[STAFF_NAME_BYTES + 1] = "";
	if ((name.n && !name_normalise(name, normal)) || bits == 0 || bits & ~(unsigned)ROLE_ANY || days < 1 || days > STAFF_INVITATION_DAYS_MAX)
		return ERROR_INVALID;
	struct inviting inviting = {.name = normal, .roles = bits, .now_ms = clock_now_ms(), .days = days};
	randombytes_buf(random, sizeof random);
	memcpy(token, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
	sodium_bin2base64(token + sizeof TOKEN_PREFIX - 1, STAFF_TOKEN_BYTES - sizeof TOKEN_PREFIX + 1, random, sizeof random,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	token_hash(text_of(token), inviting.hash);
	return change(staff, invitation_add, &inviting);
}

struct accepting {
	const char *name, *password; /* The hash of the password. */
	uint8_t hash[HASH_BYTES];
	int64_t now_ms;
	struct account *out;
};

/* The invitation of a token, looked for among all without stopping early. What has ended is none. */
static size_t invitation_find(const struct book *book, const uint8_t hash[HASH_BYTES], int64_t now_ms)
{
	size_t at = book->invitations_n;
	for (size_t i = 0; i < book->invitations_n; i++)
		if (secret_equal((struct text){(const char *)hash, HASH_BYTES}, (struct text){(const char *)book->invitations[i].hash, HASH_BYTES}))
			at = i;
	return at < book->invitations_n && book->invitations[at].until_ms > now_ms ? at : book->invitations_n;
}

static int invitation_use(struct book *book, void *arg)
{
	struct accepting *accepting = arg;
	size_t i = invitation_find(book, accepting->hash, accepting->now_ms);
	if (i == book->invitations_n)
		return ERROR_DENIED;
	const struct invitation invitation = book->invitations[i];
	struct stored *stored = account_of(book, accepting->name);
	if (*invitation.name && strcmp(invitation.name, accepting->name) != 0)
		return ERROR_DENIED;
	if (!*invitation.name && stored)
		return ERROR_EXISTS;
	if (!stored && book->accounts_n == STAFF_ACCOUNTS_MAX)
		return ERROR_LIMIT;
	if (!stored) {
		stored = &book->accounts[book->accounts_n++];
		*stored = (struct stored){.account.created_ms = accepting->now_ms};
		memcpy(stored->account.name, accepting->name, strlen(accepting->name) + 1);
	}
	stored->account.roles = invitation.roles;
	stored->account.disabled = false;
	stored->account.changed_ms = accepting->now_ms;
	memcpy(stored->hash, accepting->password, strlen(accepting->password) + 1);
	invitation_take(book, i);
	*accepting->out = stored->account;
	return 0;
}

/* Is there such an invitation? Asked before a hash is made, so that a wrong token costs nothing. */
static int invitation_check(struct book *book, void *arg)
{
	const struct accepting *accepting = arg;
	size_t i = invitation_find(book, accepting->hash, accepting->now_ms);
	return i == book->invitations_n || (*book->invitations[i].name && strcmp(book->invitations[i].name, accepting->name) != 0) ? ERROR_DENIED : 0;
}

int staff_accept(struct staff *staff, struct text token, struct text name, struct text password, struct account *out)
{
	char normal[STAFF_NAME_BYTES + 1] = "", hash[crypto_pwhash_STRBYTES];
	struct accepting accepting = {.name = normal, .password = hash, .now_ms = clock_now_ms(), .out = out};
	token_hash(token, accepting.hash);
	bool fits = name_normalise(name, normal);
	pthread_mutex_lock(&staff->lock);
	int error = refresh(staff);
	if (!error)
		error = invitation_check(&staff->book, &accepting);
	pthread_mutex_unlock(&staff->lock);
	if (error || !fits || !staff_password_fits(password))
		return error ? error : ERROR_INVALID;
	error = hash_make(staff, password, hash);
	if (!error)
		error = change(staff, invitation_use, &accepting);
	sodium_memzero(hash, sizeof hash);
	return error;
}

static int password_set(struct book *book, void *arg)
{
	struct accepting *accepting = arg;
	struct stored *stored = account_of(book, accepting->name);
	if (!stored || stored->account.disabled || stored->account.changed_ms != accepting->out->changed_ms)
		return ERROR_DENIED;
	/* Never the same moment twice: it is what tells sessions from before. */
	stored->account.changed_ms = accepting->now_ms > stored->account.changed_ms ? accepting->now_ms : stored->account.changed_ms + 1;
	memcpy(stored->hash, accepting->password, strlen(accepting->password) + 1);
	*accepting->out = stored->account;
	return 0;
}

int staff_password(struct staff *staff, struct text name, struct text old, struct text password, struct account *out)
{
	char hash[crypto_pwhash_STRBYTES];
	struct account account;
	if (!staff_password_fits(password))
		return ERROR_INVALID;
	int error = staff_check(staff, name, old, &account);
	if (!error)
		error = hash_make(staff, password, hash);
	struct accepting accepting = {.name = account.name, .password = hash, .now_ms = clock_now_ms(), .out = &account};
	if (!error)
		error = change(staff, password_set, &accepting);
	sodium_memzero(hash, sizeof hash);
	if (!error)
		*out = account;
	return error;
}

static int invitation_withdraw(struct book *book, void *arg)
{
	const char *name = arg;
	int error = ERROR_NOT_FOUND;
	for (size_t i = book->invitations_n; i-- > 0;)
		if (strcmp(book->invitations[i].name, name) == 0) {
			invitation_take(book, i);
			error = 0;
		}
	return error;
}

int staff_withdraw(struct staff *staff, struct text name)
{
	char normal[STAFF_NAME_BYTES + 1];
	return name_normalise(name, normal) ? change(staff, invitation_withdraw, normal) : ERROR_NOT_FOUND;
}

static int account_disable(struct book *book, void *arg)
{
	const char *name = arg;
	struct stored *stored = account_of(book, name);
	bool known = stored != NULL;
	if (stored)
		stored->account.disabled = true;
	for (size_t i = book->invitations_n; i-- > 0;)
		if (strcmp(book->invitations[i].name, name) == 0) {
			invitation_take(book, i);
			known = true;
		}
	return known ? 0 : ERROR_NOT_FOUND;
}

int staff_disable(struct staff *staff, struct text name)
{
	char normal[STAFF_NAME_BYTES + 1];
	return name_normalise(name, normal) ? change(staff, account_disable, normal) : ERROR_NOT_FOUND;
}

struct granting {
	const char *name;
	unsigned roles;
};

static int roles_grant(struct book *book, void *arg)
{
	const struct granting *granting = arg;
	struct stored *stored = account_of(book, granting->name);
	bool known = stored != NULL;
	if (stored)
		stored->account.roles = granting->roles;
	for (size_t i = 0; i < book->invitations_n; i++)
		if (strcmp(book->invitations[i].name, granting->name) == 0) {
			book->invitations[i].roles = granting->roles;
			known = true;
		}
	return known ? 0 : ERROR_NOT_FOUND;
}

int staff_roles(struct staff *staff, struct text name, unsigned bits)
{
	char normal[STAFF_NAME_BYTES + 1];
	struct granting granting = {normal, bits};
	if (bits == 0 || bits & ~(unsigned)ROLE_ANY)
		return ERROR_INVALID;
	return name_normalise(name, normal) ? change(staff, roles_grant, &granting) : ERROR_NOT_FOUND;
}

void staff_account_write(struct json_writer *out, const struct account *account)
{
	char text[STAFF_ROLES_BYTES];
	json_put_text(out, "name", text_of(account->name));
	json_put_text(out, "roles", roles_format(account->roles, text));
	json_put_bool(out, "account", account->changed_ms != 0);
	json_put_bool(out, "disabled", account->disabled);
	json_put_bool(out, "invited", account->invited);
	json_put_time(out, "created", account->created_ms);
}

size_t staff_list(struct staff *staff, struct account *out, size_t max)
{
	size_t n = 0;
	pthread_mutex_lock(&staff->lock);
	struct book *book = &staff->book;
	if (refresh(staff) != 0)
		report(REPORT_WARNING, "staff_stale", "The list of accounts is as it was read last.");
	for (size_t i = 0; i < book->accounts_n && n < max; i++)
		out[n++] = book->accounts[i].account;
	for (size_t i = 0; i < book->invitations_n; i++) {
		const struct invitation *invitation = &book->invitations[i];
		size_t at = 0;
		if (invitation->until_ms <= clock_now_ms())
			continue;
		while (at < n && (!*invitation->name || strcmp(out[at].name, invitation->name) != 0))
			at++;
		if (at == n && n < max) {
			out[n] = (struct account){.roles = invitation->roles, .created_ms = invitation->created_ms};
			memcpy(out[n++].name, invitation->name, sizeof invitation->name);
		}
		if (at < n) {
			out[at].invited = true;
			out[at].invited_until_ms = invitation->until_ms;
		}
	}
	pthread_mutex_unlock(&staff->lock);
	return n;
}

bool staff_has_admin(struct staff *staff)
{
	bool found = false;
	pthread_mutex_lock(&staff->lock);
	if (refresh(staff) == 0)
		for (size_t i = 0; i < staff->book.accounts_n && !found; i++)
			found = (staff->book.accounts[i].account.roles & ROLE_ADMIN) && !staff->book.accounts[i].account.disabled;
	pthread_mutex_unlock(&staff->lock);
	return found;
}
