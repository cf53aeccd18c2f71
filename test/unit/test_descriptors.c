/* Connections never take the descriptors that the server's own files need. */
#include "unit.h"

#include "base/descriptors.h"

#include <sys/resource.h>

static void the_limit_is_raised_as_far_as_it_may_be(void **state)
{
	(void)state;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(descriptors_raise(), limit.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

static void connections_leave_room_for_files(void **state)
{
	(void)state;
	assert_int_equal(descriptors_connections(1 << 20, 1000, 2), 1000);
	unsigned at_1024 = descriptors_connections(1024, 1000, 2), at_64 = descriptors_connections(64, 1000, 2);
	assert_true(at_1024 > 900 && at_1024 < 1000);
	assert_true(at_64 >= 8 && at_64 < 24);
	assert_int_equal(descriptors_connections(10, 1000, 4), 4); /* Each thread serves one at least. */
	assert_int_equal(descriptors_connections(64, 8, 2), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_raised_as_far_as_it_may_be),
		cmocka_unit_test(connections_leave_room_for_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
