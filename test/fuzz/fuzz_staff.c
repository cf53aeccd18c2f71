/*
 * fuzz_staff.c: any bytes as the content of the file of accounts, under the right check or not: accounts within their limits or a refusal
 * with a name; and a file that was read and written is read the same again.
 */
#include "file.h"

#include "base/checked_file.h"
#include "base/json.h"
#include "serve/staff.h"

#include <sodium.h>
#include <string.h>

enum { LISTED_MAX = STAFF_ACCOUNTS_MAX + STAFF_INVITATIONS_MAX };

static size_t accounts_check(struct staff *staff)
{
	static struct account listed[LISTED_MAX];
	struct account found;
	size_t n = staff_list(staff, listed, LISTED_MAX);
	MUST(n <= LISTED_MAX);
	for (size_t i = 0; i < n; i++) {
		struct buffer out = BUFFER_INIT(8192);
		struct json_writer writer = JSON_WRITER(&out);
		MUST(strlen(listed[i].name) <= STAFF_NAME_BYTES && listed[i].roles && !(listed[i].roles & ~(unsigned)ROLE_ANY));
		json_object_begin(&writer);
		staff_account_write(&writer, &listed[i]);
		json_object_end(&writer);
		MUST(!out.failed);
		buffer_free(&out);
		staff_find(staff, text_of(listed[i].name), &found);
	}
	staff_has_admin(staff);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz_input input = {bytes, n};
	struct staff *staff;
	char token[STAFF_TOKEN_BYTES];
	MUST(sodium_init() >= 0);
	damage_clear();
	bool checked = fuzz_byte(&input) & 1;
	struct text content = fuzz_rest(&input);
	if (checked)
		MUST(checked_write(fuzz_folder(), "staff", content) == 0);
	else
		fuzz_file_put("staff", content);
	int error = staff_open(&staff, fuzz_folder());
	MUST(error == 0 || (error == ERROR_CORRUPT && fuzz_is_named("staff")));
	if (error)
		return 0;
	accounts_check(staff);
	error = staff_invite(staff, TEXT("new.one@example.org"), ROLE_SERVICE, token);
	MUST(error == 0 || error == ERROR_LIMIT);
	size_t before = accounts_check(staff);
	staff_close(staff);
	MUST(staff_open(&staff, fuzz_folder()) == 0 && accounts_check(staff) == before);
	staff_close(staff);
	return 0;
}
