/* Who gets in: accounts, sessions, pauses and limits, and that secrets are compared without stopping early. */
#include "folder.h"
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"
#include "serve/caller.h"
#include "serve/keys.h"
#include "serve/pace.h"
#include "serve/session.h"
#include "serve/staff.h"
#include "serve/tokens.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct text PASSWORD = {"three words and one", 19}, OTHER = {"quite another phrase", 20};

static int folder_begin(void **state)
{
	static char path[64];
	*state = folder_new(path);
	return 0;
}

static int folder_end(void **state)
{
	folder_remove(*state);
	return 0;
}

/* ---- comparing: the linker sends every call of the library's comparisons through here ---- */

static unsigned compared;
static size_t compared_bytes;

int __real_sodium_memcmp(const void *a, const void *b, size_t n);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t n);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t n)
{
	compared++;
	compared_bytes += n;
	return __real_sodium_memcmp(a, b, n);
}

static unsigned verified;

int __real_crypto_pwhash_str_verify(const char hash[crypto_pwhash_STRBYTES], const char *password, unsigned long long n);
int __wrap_crypto_pwhash_str_verify(const char hash[crypto_pwhash_STRBYTES], const char *password, unsigned long long n);
int __wrap_crypto_pwhash_str_verify(const char hash[crypto_pwhash_STRBYTES], const char *password, unsigned long long n)
{
	/* As much work whoever is asked for. */
	assert_int_equal(crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE), 0);
	verified++;
	return __real_crypto_pwhash_str_verify(hash, password, n);
}

static void watch(void)
{
	verified = 0;
	compared = 0;
	compared_bytes = 0;
}

static void secrets_of_one_length_are_compared_whole_wherever_they_differ(void **state)
{
	(void)state;
	char one[32], other[32];
	memset(one, 'a', sizeof one);
	for (size_t at = 0; at <= sizeof one; at++) {
		memcpy(other, one, sizeof one);
		if (at < sizeof one)
			other[at] = 'b';
		watch();
		assert_int_equal(secret_equal((struct text){one, sizeof one}, (struct text){other, sizeof other}), at == sizeof one);
		assert_int_equal(compared, 1);
		assert_int_equal(compared_bytes, sizeof one);
	}
	assert_false(secret_equal((struct text){one, 31}, (struct text){one, 32}));
	assert_false(secret_equal(TEXT(""), TEXT("")));
}

static void a_key_with_a_known_id_is_compared_by_its_whole_hash(void **state)
{
	const char *folder = *state;
	char text[KEY_TEXT_BYTES];
	struct keys *keys;
	assert_int_equal(keys_open(&keys, folder), 0);
	assert_int_equal(keys_add(keys, &(struct key_made){.scope = KEY_SECRET, .source = TEXT("backend")}, text), 0);
	size_t n = strlen(text), secret = n - 32;
	for (size_t at = secret; at < n; at++) {
		char wrong[KEY_TEXT_BYTES];
		memcpy(wrong, text, n + 1);
		wrong[at] = wrong[at] == '2' ? '3' : '2';
		watch();
		assert_null(keys_find(keys, text_of(wrong), 1));
		assert_int_equal(compared, 1);
		assert_int_equal(compared_bytes, 32);
	}
	watch();
	assert_non_null(keys_find(keys, text_of(text), 1));
	assert_int_equal(compared_bytes, 32);
	keys_close(keys);
}

static void a_token_s_signature_is_compared_whole(void **state)
{
	const char *folder = *state;
	struct keys *keys;
	struct arena arena;
	struct text token;
	struct token said;
	arena_init(&arena, 1 << 16);
	assert_int_equal(keys_open(&keys, folder), 0);
	assert_int_equal(token_sign(keys, &arena, TEXT("user:ana"), clock_now_ms() / 1000 + 60, &token), 0);
	watch();
	assert_int_equal(token_check(keys, &arena, token, clock_now_ms(), &said), 0);
	assert_int_equal(compared_bytes, 32);
	for (size_t at = token.n - 43; at < token.n - 1; at += 7) { /* The last letter has bits that mean nothing. */
		char *wrong = text_terminated(&arena, token);
		assert_non_null(wrong);
		wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
		watch();
		assert_int_equal(token_check(keys, &arena, text_of(wrong), clock_now_ms(), &said), ERROR_DENIED);
		assert_int_equal(compared, 1);
		assert_int_equal(compared_bytes, 32);
	}
	keys_close(keys);
	arena_free(&arena);
}

/* ---- accounts ---- */

static struct staff *staff_new(const char *folder)
{
	struct staff *staff;
	assert_int_equal(staff_open(&staff, folder), 0);
	return staff;
}

static void account_new(struct staff *staff, struct text name, unsigned roles, struct text password)
{
	char token[STAFF_TOKEN_BYTES];
	struct account account;
	assert_int_equal(staff_invite(staff, name, roles, token), 0);
	assert_int_equal(staff_accept(staff, text_of(token), name, password, &account), 0);
	assert_int_equal(account.roles, roles);
}

static void an_invitation_makes_one_account_once(void **state)
{
	struct staff *staff = staff_new(*state);
	struct account account;
	char token[STAFF_TOKEN_BYTES], cut[STAFF_TOKEN_BYTES];
	assert_int_equal(staff_invite(staff, TEXT(""), ROLE_ADMIN, token), 0);
	memcpy(cut, token, sizeof cut);
	cut[strlen(cut) - 1] = 0;
	assert_int_equal(staff_accept(staff, text_of(cut), TEXT("mara"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_accept(staff, TEXT(""), TEXT("mara"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("two words"), PASSWORD, &account), ERROR_INVALID);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("mara"), TEXT("eleven char"), &account), ERROR_INVALID);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("Mara@x.org"), PASSWORD, &account), 0);
	assert_string_equal(account.name, "mara@x.org");
	assert_int_equal(account.roles, ROLE_ADMIN);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("another"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("MARA@x.org"), PASSWORD, &account), 0);
	staff_close(staff);
}

static void an_invitation_of_a_name_is_for_nobody_else(void **state)
{
	struct staff *staff = staff_new(*state);
	struct account account;
	char token[STAFF_TOKEN_BYTES], again[STAFF_TOKEN_BYTES];
	assert_int_equal(staff_invite(staff, TEXT("ben"), ROLE_ANALYST, token), 0);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("mallory"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_invite(staff, TEXT("ben"), ROLE_SERVICE, again), 0);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("ben"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_accept(staff, text_of(again), TEXT("ben"), PASSWORD, &account), 0);
	assert_int_equal(account.roles, ROLE_SERVICE);
	staff_close(staff);
}

static void a_chosen_name_does_not_take_over_an_account(void **state)
{
	struct staff *staff = staff_new(*state);
	struct account account;
	char token[STAFF_TOKEN_BYTES];
	account_new(staff, TEXT("ana"), ROLE_SERVICE, PASSWORD);
	assert_int_equal(staff_invite(staff, TEXT(""), ROLE_ADMIN, token), 0);
	assert_int_equal(staff_accept(staff, text_of(token), TEXT("ana"), OTHER, &account), ERROR_EXISTS);
	assert_int_equal(staff_check(staff, TEXT("ana"), PASSWORD, &account), 0);
	staff_close(staff);
}

static void wrong_unknown_disabled_and_endless_are_refused_alike(void **state)
{
	static char endless[100000];
	struct staff *staff = staff_new(*state);
	struct account account;
	memset(endless, 'p', sizeof endless);
	account_new(staff, TEXT("ana"), ROLE_SERVICE, PASSWORD);
	account_new(staff, TEXT("gone"), ROLE_SERVICE, PASSWORD);
	assert_int_equal(staff_disable(staff, TEXT("gone")), 0);
	watch();
	assert_int_equal(staff_check(staff, TEXT("ana"), OTHER, &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("ana"), TEXT(""), &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("nobody"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("gone"), PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("ana"), (struct text){endless, sizeof endless}, &account), ERROR_DENIED);
	assert_int_equal(staff_check(staff, (struct text){endless, sizeof endless}, PASSWORD, &account), ERROR_DENIED);
	assert_int_equal(verified, 6); /* One hash each: none is told by its time. */
	assert_int_equal(staff_disable(staff, TEXT("nobody")), ERROR_NOT_FOUND);
	staff_close(staff);
}

static void passwords_have_twelve_letters_and_at_most_200_bytes(void **state)
{
	(void)state;
	char long_one[201];
	memset(long_one, 'x', sizeof long_one);
	assert_false(staff_password_fits(TEXT("")));
	assert_false(staff_password_fits(TEXT("elevenchars")));
	assert_false(staff_password_fits(TEXT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"))); /* Six letters in twelve bytes. */
	assert_true(staff_password_fits(TEXT("twelve chars")));
	assert_true(staff_password_fits((struct text){long_one, 200}));
	assert_false(staff_password_fits((struct text){long_one, 201}));
	assert_false(staff_password_fits(TEXT("not \xff utf-8 at all")));
}

static void the_file_holds_hashes_and_is_its_owner_s(void **state)
{
	char path[200], bytes[8192], token[STAFF_TOKEN_BYTES];
	struct stat status;
	struct staff *staff = staff_new(*state);
	account_new(staff, TEXT("ana"), ROLE_SERVICE | ROLE_PRIVACY, PASSWORD);
	assert_int_equal(staff_invite(staff, TEXT("ben"), ROLE_ANALYST, token), 0);
	snprintf(path, sizeof path, "%s/staff", (const char *)*state);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	struct text all = {bytes, fread(bytes, 1, sizeof bytes, file)};
	fclose(file);
	assert_true(text_find(all, TEXT("account ana service,privacy "), NULL));
	assert_true(text_find(all, TEXT("$argon2id$v=19$m=65536,t=2,p=1$"), NULL));
	assert_false(text_find(all, PASSWORD, NULL));
	assert_false(text_find(all, text_from(text_of(token), 10), NULL));
	staff_close(staff);
}

static void what_another_process_writes_holds_at_once(void **state)
{
	struct staff *server = staff_new(*state), *verb = staff_new(*state);
	struct account account, list[4];
	account_new(server, TEXT("ana"), ROLE_SERVICE, PASSWORD);
	assert_true(staff_find(verb, TEXT("ana"), &account));
	assert_int_equal(staff_disable(verb, TEXT("ana")), 0);
	assert_true(staff_find(server, TEXT("ana"), &account));
	assert_true(account.disabled);
	account_new(verb, TEXT("ben"), ROLE_ANALYST, PASSWORD);
	account_new(server, TEXT("eve"), ROLE_MANAGER, PASSWORD); /* Nothing of the other's is lost. */
	assert_int_equal(staff_list(verb, list, 4), 3);
	assert_string_equal(list[1].name, "ben");
	assert_string_equal(list[2].name, "eve");
	staff_close(server);
	staff_close(verb);
}

static void a_damaged_file_is_refused_and_lets_nobody_in(void **state)
{
	static const char *const damaged[] = {"account ana service 1 2 open\n", "account ana king 1 2 open x\n", "account a b service 1 2 open x\n",
	                                      "account ana service x 2 open h\n", "invitation - admin 1 0 open abcd\n", "nonsense\n",
	                                      "account ana service 1 2 open h\naccount ana service 1 2 open h\n"};
	char path[200];
	struct staff *staff = staff_new(*state), *other;
	struct account account;
	account_new(staff, TEXT("ana"), ROLE_SERVICE, PASSWORD);
	snprintf(path, sizeof path, "%s/staff", (const char *)*state);
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		int file = open(path, O_WRONLY | O_TRUNC);
		assert_true(file >= 0 && write(file, damaged[i], strlen(damaged[i])) > 0);
		close(file);
		assert_int_equal(staff_open(&other, *state), ERROR_CORRUPT);
		assert_false(staff_find(staff, TEXT("ana"), &account));
	}
	staff_close(staff);
}

static void a_new_password_needs_the_old_one_and_moves_the_account_on(void **state)
{
	struct staff *staff = staff_new(*state);
	struct account before, after;
	account_new(staff, TEXT("ana"), ROLE_SERVICE, PASSWORD);
	assert_true(staff_find(staff, TEXT("ana"), &before));
	assert_int_equal(staff_password(staff, TEXT("ana"), OTHER, OTHER, &after), ERROR_DENIED);
	assert_int_equal(staff_password(staff, TEXT("ana"), PASSWORD, TEXT("short"), &after), ERROR_INVALID);
	assert_int_equal(staff_password(staff, TEXT("ana"), PASSWORD, OTHER, &after), 0);
	assert_true(after.changed_ms > before.changed_ms);
	assert_int_equal(staff_check(staff, TEXT("ana"), PASSWORD, &after), ERROR_DENIED);
	assert_int_equal(staff_check(staff, TEXT("ana"), OTHER, &after), 0);
	staff_close(staff);
}

static void roles_are_read_and_written_alike(void **state)
{
	(void)state;
	char text[STAFF_ROLES_BYTES];
	assert_int_equal(roles_parse(TEXT("admin")), ROLE_ADMIN);
	assert_int_equal(roles_parse(TEXT("analyst,service")), ROLE_ANALYST | ROLE_SERVICE);
	assert_int_equal(roles_parse(TEXT("analyst,king")), 0);
	assert_int_equal(roles_parse(TEXT("")), 0);
	assert_text_equal(roles_format(ROLE_ANY, text), "admin,service,manager,privacy,analyst");
	assert_int_equal(roles_parse(text_of(text)), ROLE_ANY);
}

static void a_route_that_names_no_role_is_for_admins_alone(void **state)
{
	(void)state;
	const struct route keys_only = {.scopes = KEY_SECRET}, figures = {.scopes = KEY_SECRET | ROLE_ANALYST}, customers_only = {.scopes = KEY_CUSTOMER};
	assert_true(staff_may(ROLE_ADMIN, &keys_only));
	assert_false(staff_may(ROLE_ANY & ~ROLE_ADMIN, &keys_only));
	assert_true(staff_may(ROLE_ANALYST, &figures));
	assert_false(staff_may(ROLE_SERVICE, &figures));
	assert_false(staff_may(ROLE_ADMIN, &customers_only));
}

/* ---- sessions ---- */

static const struct account SOMEBODY = {.name = "ana", .roles = ROLE_SERVICE, .changed_ms = 7};

static void a_session_ends_when_idle_when_old_and_when_signed_out(void **state)
{
	(void)state;
	struct sessions *sessions;
	struct session session;
	char one[SESSION_ID_BYTES], other[SESSION_ID_BYTES];
	assert_int_equal(sessions_open(&sessions), 0);
	session_begin(sessions, &SOMEBODY, 0, one);
	session_begin(sessions, &SOMEBODY, 0, other);
	assert_string_not_equal(one, other);
	assert_true(session_find(sessions, text_of(one), SESSION_IDLE_MS - 1, &session));
	assert_string_equal(session.name, "ana");
	assert_int_equal(session.changed_ms, 7);
	assert_false(session_find(sessions, text_of(other), SESSION_IDLE_MS, &session));
	int64_t now = SESSION_IDLE_MS - 1;
	for (; now < SESSION_MS; now += SESSION_IDLE_MS - 1) /* Used all the time. */
		assert_true(session_find(sessions, text_of(one), now, &session));
	assert_false(session_find(sessions, text_of(one), SESSION_MS, &session));
	session_begin(sessions, &SOMEBODY, 0, one);
	session_end(sessions, text_of(one));
	assert_false(session_find(sessions, text_of(one), 1, &session));
	session_end(sessions, text_of(one));
	session_end(sessions, TEXT("never there"));
	assert_int_equal(sessions_count(sessions), 0);
	sessions_close(sessions);
}

static void looking_at_a_session_by_its_mark_does_not_use_it(void **state)
{
	(void)state;
	struct sessions *sessions;
	struct session session, same;
	char id[SESSION_ID_BYTES];
	assert_int_equal(sessions_open(&sessions), 0);
	session_begin(sessions, &SOMEBODY, 0, id);
	assert_true(session_find(sessions, text_of(id), 0, &session));
	assert_true(session_marked(sessions, session.mark, SESSION_IDLE_MS - 1, &same));
	assert_false(session_marked(sessions, session.mark, SESSION_IDLE_MS, &same));
	sessions_close(sessions);
}

static void the_session_used_longest_ago_gives_way(void **state)
{
	(void)state;
	static char ids[SESSIONS_MAX + 1][SESSION_ID_BYTES];
	struct sessions *sessions;
	struct session session;
	assert_int_equal(sessions_open(&sessions), 0);
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		session_begin(sessions, &SOMEBODY, 1, ids[i]);
	assert_true(session_find(sessions, text_of(ids[0]), 2, &session)); /* So the second is the oldest. */
	session_begin(sessions, &SOMEBODY, 3, ids[SESSIONS_MAX]);
	assert_int_equal(sessions_count(sessions), SESSIONS_MAX);
	assert_false(session_find(sessions, text_of(ids[1]), 4, &session));
	for (size_t i = 0; i <= SESSIONS_MAX; i++)
		if (i != 1)
			assert_true(session_find(sessions, text_of(ids[i]), 4, &session));
	sessions_close(sessions);
}

static void ids_that_are_none_find_nothing(void **state)
{
	(void)state;
	struct sessions *sessions;
	struct session session;
	char id[SESSION_ID_BYTES];
	assert_int_equal(sessions_open(&sessions), 0);
	session_begin(sessions, &SOMEBODY, 0, id);
	id[5] = id[5] == 'A' ? 'B' : 'A';
	assert_false(session_find(sessions, text_of(id), 1, &session));
	assert_false(session_find(sessions, TEXT(""), 1, &session));
	assert_false(session_find(sessions, text_first(text_of(id), 20), 1, &session));
	sessions_close(sessions);
}

/* ---- pauses and limits ---- */

static void the_fifth_wrong_password_brings_a_pause_that_doubles_up_to_its_end(void **state)
{
	(void)state;
	struct pace *pace;
	const struct text kind = TEXT("account"), who = TEXT("ana");
	int64_t now = 1000000, pause = TRIES_PAUSE_MS;
	assert_int_equal(pace_open(&pace), 0);
	for (int i = 0; i < TRIES_FREE; i++)
		assert_int_equal(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now), 0); /* The fifth, the sixth ... */
		assert_int_equal(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now), pause);
		assert_int_equal(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now + pause - 1), 1);
		assert_int_equal(pace_try(pace, kind, TEXT("ben"), TRIES_PAUSE_MS_MAX, now), 0);
		pace_right(pace, kind, TEXT("ben"), true);
		now += pause < TRIES_FORGET_MS ? pause : TRIES_PAUSE_MS_MAX;
		if (pause >= TRIES_FORGET_MS)
			break;
		pause = 2 * pause < TRIES_PAUSE_MS_MAX ? 2 * pause : TRIES_PAUSE_MS_MAX;
	}
	assert_true(pause >= TRIES_FORGET_MS);
	pace_close(pace);
}

static void no_pause_is_longer_than_fifteen_minutes_and_time_forgets(void **state)
{
	(void)state;
	struct pace *pace;
	const struct text kind = TEXT("account"), who = TEXT("ana");
	int64_t now = 1000000, wait = 0;
	assert_int_equal(pace_open(&pace), 0);
	for (int i = 0; i < 200; i++) {
		wait = pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now);
		assert_true(wait <= TRIES_PAUSE_MS_MAX);
		now += wait;
	}
	now += 100 * TRIES_FORGET_MS;
	for (int i = 0; i <= TRIES_FREE; i++)
		assert_int_equal(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now), 0);
	assert_true(pace_try(pace, kind, who, TRIES_PAUSE_MS_MAX, now) > 0);
	pace_close(pace);
}

static void the_right_password_forgets_what_was_wrong_of_the_account_alone(void **state)
{
	(void)state;
	struct pace *pace;
	const struct text kind = TEXT("k"), who = TEXT("ana");
	assert_int_equal(pace_open(&pace), 0);
	for (int i = 0; i <= TRIES_FREE; i++)
		assert_int_equal(pace_try(pace, kind, who, 1000, 0), 0);
	pace_right(pace, kind, who, false);
	assert_int_equal(pace_try(pace, kind, who, 1000, 0), 0); /* The fifth once more. */
	assert_int_equal(pace_try(pace, kind, who, 1000, 0), 1000);
	pace_wrong(pace, kind, who, 1000, 700); /* It was known only then. */
	assert_int_equal(pace_try(pace, kind, who, 1000, 1000), 700);
	pace_wrong(pace, kind, TEXT("nobody tried"), 1000, 700);
	assert_int_equal(pace_try(pace, kind, TEXT("nobody tried"), 1000, 701), 0);
	pace_right(pace, kind, who, true);
	for (int i = 0; i <= TRIES_FREE; i++)
		assert_int_equal(pace_try(pace, kind, who, 1000, 0), 0);
	pace_close(pace);
}

static void tries_under_many_names_do_not_end_a_pause(void **state)
{
	(void)state;
	struct pace *pace;
	char name[32];
	assert_int_equal(pace_open(&pace), 0);
	for (int i = 0; i <= TRIES_FREE + 5; i++)
		assert_int_equal(pace_try(pace, TEXT("account"), TEXT("ana"), TRIES_PAUSE_MS_MAX, (int64_t)i * 40000), 0);
	int64_t now = (TRIES_FREE + 5) * 40000 + 1;
	for (int i = 0; i < 4 * PACE_PLACES; i++) {
		snprintf(name, sizeof name, "name-%d", i);
		assert_int_equal(pace_try(pace, TEXT("account"), text_of(name), TRIES_PAUSE_MS_MAX, now), 0);
	}
	assert_true(pace_try(pace, TEXT("account"), TEXT("ana"), TRIES_PAUSE_MS_MAX, now) > 0);
	pace_close(pace);
}

static void a_bucket_gives_many_at_once_and_none_beyond(void **state)
{
	(void)state;
	struct pace *pace;
	const int64_t most = 1200 * INT64_C(1048576), now = 5000000;
	assert_int_equal(pace_open(&pace), 0);
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("key"), most / 2, most, now), 0);
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("key"), most / 2, most, now), 0);
	assert_in_range(pace_take(pace, TEXT("b"), TEXT("key"), most / 4, most, now), 14999, 15001);
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("key"), 1, most, now + 1), 0); /* A byte takes less than a millisecond. */
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("large"), 3 * most, most, now), 0); /* More than there ever is: all of it. */
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("large"), 3 * most, most, now), 60000);
	pace_close(pace);
}

static void a_bucket_gives_so_many_a_minute_and_fills_again(void **state)
{
	(void)state;
	struct pace *pace;
	int64_t now = 5000000;
	assert_int_equal(pace_open(&pace), 0);
	for (int i = 0; i < 60; i++)
		assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now), 0);
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now), 1000);
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ben"), 1, 60, now), 0);
	assert_int_equal(pace_take(pace, TEXT("b"), TEXT("ana"), 1, 60, now), 0); /* Of another sort. */
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now + 999), 1);
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now + 1000), 0);
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now + 1000), 1000);
	for (int i = 0; i < 60; i++)
		assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now + 61000), 0);
	assert_int_equal(pace_take(pace, TEXT("a"), TEXT("ana"), 1, 60, now + 61000), 1000);
	pace_close(pace);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_begin, folder_end)

static void tokens_that_ended_are_found_again_until_they_expire(void **state)
{
	const char *folder = *state;
	struct tokens *tokens;
	uint8_t id[TOKEN_ID_BYTES] = {0};
	bool again;
	assert_int_equal(tokens_open(&tokens, folder), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 200; i++) { /* Many in one bucket. */
			memcpy(id + 4, &i, sizeof i);
			assert_int_equal(tokens_end(tokens, id, 1000 + i, 500 * 1000, &again), 0);
			assert_int_equal(again, round);
		}
		tokens_close(tokens);
		assert_int_equal(tokens_open(&tokens, folder), 0);
	}
	unsigned other = 4711;
	memcpy(id + 4, &other, sizeof other);
	assert_false(tokens_has_ended(tokens, id));
	assert_int_equal(tokens_end(tokens, id, 5000, 1100 * 1000, &again), 0); /* Those that expired are dropped with it. */
	for (unsigned i = 0; i < 200; i++) {
		memcpy(id + 4, &i, sizeof i);
		assert_int_equal(tokens_has_ended(tokens, id), 1000 + i > 1100);
	}
	tokens_close(tokens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_of_one_length_are_compared_whole_wherever_they_differ),
		IN_FOLDER(a_key_with_a_known_id_is_compared_by_its_whole_hash),
		IN_FOLDER(a_token_s_signature_is_compared_whole),
		IN_FOLDER(tokens_that_ended_are_found_again_until_they_expire),
		IN_FOLDER(an_invitation_makes_one_account_once),
		IN_FOLDER(an_invitation_of_a_name_is_for_nobody_else),
		IN_FOLDER(a_chosen_name_does_not_take_over_an_account),
		IN_FOLDER(wrong_unknown_disabled_and_endless_are_refused_alike),
		cmocka_unit_test(passwords_have_twelve_letters_and_at_most_200_bytes),
		IN_FOLDER(the_file_holds_hashes_and_is_its_owner_s),
		IN_FOLDER(what_another_process_writes_holds_at_once),
		IN_FOLDER(a_damaged_file_is_refused_and_lets_nobody_in),
		IN_FOLDER(a_new_password_needs_the_old_one_and_moves_the_account_on),
		cmocka_unit_test(roles_are_read_and_written_alike),
		cmocka_unit_test(a_route_that_names_no_role_is_for_admins_alone),
		cmocka_unit_test(a_session_ends_when_idle_when_old_and_when_signed_out),
		cmocka_unit_test(looking_at_a_session_by_its_mark_does_not_use_it),
		cmocka_unit_test(the_session_used_longest_ago_gives_way),
		cmocka_unit_test(ids_that_are_none_find_nothing),
		cmocka_unit_test(the_fifth_wrong_password_brings_a_pause_that_doubles_up_to_its_end),
		cmocka_unit_test(no_pause_is_longer_than_fifteen_minutes_and_time_forgets),
		cmocka_unit_test(the_right_password_forgets_what_was_wrong_of_the_account_alone),
		cmocka_unit_test(tries_under_many_names_do_not_end_a_pause),
		cmocka_unit_test(a_bucket_gives_many_at_once_and_none_beyond),
		cmocka_unit_test(a_bucket_gives_so_many_a_minute_and_fills_again),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
