/* Small files that prove themselves: checked files, the inventory, what is kept, and the lock of a folder. */
#include "folder.h"
#include "unit.h"

#include "base/checked_file.h"
#include "base/damage.h"
#include "base/folder_lock.h"
#include "base/inventory.h"
#include "base/kept_file.h"
#include "base/refusal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct kept_file secret_file = {"secret", "nothing is secret", "a backup"};

static void path_of(char path[128], const char *folder, const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
}

static size_t file_load(const char *path, char *bytes, size_t max)
{
	int file = open(path, O_RDONLY);
	ssize_t n = file < 0 ? 0 : read(file, bytes, max);
	if (file >= 0)
		close(file);
	return n > 0 ? (size_t)n : 0;
}

static void file_store(const char *path, const char *bytes, size_t n)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(file, bytes, n), n);
	close(file);
}

static void every_changed_byte_and_every_cut_of_a_checked_file_is_found(void **state)
{
	char folder[64], path[128], bytes[256];
	struct buffer content = BUFFER_INIT(1000);
	(void)state;
	folder_new(folder);
	assert_int_equal(checked_write(folder, "name", TEXT("first line\nsecond")), 0);
	assert_int_equal(checked_read(folder, "name", &content), 0);
	assert_true(text_equal(buffer_view(&content), TEXT("first line\nsecond")));
	path_of(path, folder, "name");
	size_t n = file_load(path, bytes, sizeof bytes);
	for (size_t i = 0; i < n; i++) {
		bytes[i] ^= (char)(1 << i % 8);
		file_store(path, bytes, n);
		assert_int_equal(checked_read(folder, "name", &content), ERROR_CORRUPT);
		bytes[i] ^= (char)(1 << i % 8);
		file_store(path, bytes, i);
		assert_int_equal(checked_read(folder, "name", &content), ERROR_CORRUPT);
	}
	bytes[n] = 0;
	file_store(path, bytes, n + 1);
	assert_int_equal(checked_read(folder, "name", &content), ERROR_CORRUPT);
	buffer_free(&content);
	folder_remove(folder);
}

static void one_file_is_not_taken_for_another(void **state)
{
	char folder[64], path[128], other[128];
	struct buffer content = BUFFER_INIT(1000);
	struct stat status;
	(void)state;
	folder_new(folder);
	assert_int_equal(checked_write(folder, "one", TEXT("same")), 0);
	assert_int_equal(checked_write(folder, "two", TEXT("same")), 0);
	path_of(path, folder, "one");
	path_of(other, folder, "two");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(checked_read(folder, "two", &content), ERROR_CORRUPT);
	assert_int_equal(checked_read(folder, "one", &content), ERROR_NOT_FOUND);
	buffer_free(&content);
	folder_remove(folder);
}

static void a_secret_is_made_once_and_a_lost_one_is_refused_by_name(void **state)
{
	char folder[64], path[128];
	uint8_t secret[32], again[32];
	struct damage refused;
	(void)state;
	folder_new(folder);
	damage_clear();
	assert_int_equal(kept_file_secret(folder, &secret_file, secret, 32), 0);
	assert_int_equal(kept_file_secret(folder, &secret_file, again, 32), 0);
	assert_memory_equal(secret, again, 32);
	assert_int_equal(damage_count(), 0);
	path_of(path, folder, "secret");
	for (int way = 0; way < 2; way++) { /* Emptied; gone. */
		damage_clear();
		if (way == 0)
			file_store(path, "", 0);
		else
			assert_int_equal(unlink(path), 0);
		assert_int_equal(kept_file_secret(folder, &secret_file, again, 32), ERROR_CORRUPT);
		assert_true(damage_refusal(&refused));
		assert_string_equal(refused.file, "secret");
		assert_non_null(strstr(refused.what, way == 0 ? "damaged" : "missing"));
		assert_non_null(strstr(refused.remedy, "--renew secret"));
	}
	assert_int_equal(access(path, F_OK), -1);
	/* Given up on purpose, it is made again. */
	assert_int_equal(inventory_remove(folder, "secret"), 0);
	assert_int_equal(kept_file_secret(folder, &secret_file, again, 32), 0);
	assert_memory_not_equal(secret, again, 32);
	folder_remove(folder);
}

static void a_lost_inventory_is_made_again_and_hides_no_lost_secret(void **state)
{
	char folder[64], path[128];
	uint8_t secret[32];
	(void)state;
	folder_new(folder);
	assert_int_equal(inventory_add(folder, "log"), 0);
	path_of(path, folder, "log");
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(path, folder, "log/0000000000000000.segment");
	file_store(path, "x", 1);
	damage_clear(); /* The folder is not new. */
	path_of(path, folder, INVENTORY_FILE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kept_file_secret(folder, &secret_file, secret, 32), ERROR_CORRUPT);
	/* Nor does another file that is there make it forget: all is listed at once, in the end. */
	assert_int_equal(checked_write(folder, "keys", TEXT("x")), 0);
	assert_int_equal(inventory_add(folder, "keys"), 0);
	assert_int_equal(kept_file_secret(folder, &secret_file, secret, 32), ERROR_CORRUPT);
	assert_int_equal(inventory_settle(folder, false), 0);
	assert_true(inventory_has(folder, "keys"));
	assert_true(inventory_has(folder, "log"));
	assert_false(inventory_has(folder, "staff"));
	folder_remove(folder);
}

static void a_second_process_does_not_get_the_lock_and_learns_who_has_it(void **state)
{
	char folder[64], why[2 * REFUSAL_BYTES], pid[32];
	int lock, status;
	(void)state;
	folder_new(folder);
	damage_clear();
	assert_int_equal(folder_lock(&lock, folder), 0);
	snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
	pid_t child = fork();
	if (child == 0) {
		int second, error = folder_lock(&second, folder);
		_exit(error == ERROR_BUSY && strstr(refusal_sentence(error, why), pid) ? 7 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 7);
	folder_unlock(lock);
	assert_int_equal(folder_lock(&lock, folder), 0);
	folder_unlock(lock);
	folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_changed_byte_and_every_cut_of_a_checked_file_is_found),
		cmocka_unit_test(one_file_is_not_taken_for_another),
		cmocka_unit_test(a_secret_is_made_once_and_a_lost_one_is_refused_by_name),
		cmocka_unit_test(a_lost_inventory_is_made_again_and_hides_no_lost_secret),
		cmocka_unit_test(a_second_process_does_not_get_the_lock_and_learns_who_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
