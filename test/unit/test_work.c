/* The pool takes callers in turn: nobody's questions keep others waiting. */
#include "unit.h"

#include "serve/work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 2, MANY = 40 };

/* What runs: it waits at a gate, and notes its turn. */
struct job {
	struct work_item item;
	char name;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char done[256];
	size_t done_n, running, running_max;
	bool open;
} gate;

static void job_run(void *arg, struct work_item *item)
{
	(void)arg;
	pthread_mutex_lock(&gate.lock);
	if (++gate.running > gate.running_max)
		gate.running_max = gate.running;
	pthread_cond_broadcast(&gate.changed);
	while (!gate.open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	gate.running--;
	if (gate.done_n < sizeof gate.done)
		gate.done[gate.done_n++] = ((struct job *)item)->name;
	pthread_mutex_unlock(&gate.lock);
}

static void gate_wait(size_t running)
{
	pthread_mutex_lock(&gate.lock);
	while (gate.running < running)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static void gate_open(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

static struct work *work_begin(void)
{
	struct work *work;
	pthread_mutex_init(&gate.lock, NULL);
	pthread_cond_init(&gate.changed, NULL);
	gate.done_n = gate.running = gate.running_max = 0;
	gate.open = false;
	assert_int_equal(work_open(&work, &(struct work_options){.threads = THREADS, .run = job_run}), 0);
	return work;
}

static struct job job(char name)
{
	return (struct job){.item = {.who = (uint64_t)name, .waiting_max = MANY, .running_max = MANY}, .name = name};
}

static void one_caller_never_has_all_threads(void **state)
{
	(void)state;
	struct work *work = work_begin();
	struct job greedy[10], other = job('b');
	for (size_t i = 0; i < 10; i++) {
		greedy[i] = job('a');
		assert_int_equal(work_add(work, LANE_QUICK, &greedy[i].item), 0);
	}
	gate_wait(THREADS);
	assert_int_equal(work_waiting(work, LANE_QUICK), 10 - THREADS);
	assert_int_equal(work_add(work, LANE_QUICK, &other.item), 0);
	gate_wait(THREADS + 1); /* The thread that is left, at once. */
	gate_open();
	work_stop(work);
	assert_int_equal(gate.done_n, 11);
	work_free(work);
}

static void who_may_have_one_at_a_time_has_one(void **state)
{
	(void)state;
	struct work *work = work_begin();
	struct job one[4], other = job('b');
	for (size_t i = 0; i < 4; i++) {
		one[i] = job('a');
		one[i].item.running_max = 1;
		assert_int_equal(work_add(work, LANE_LARGE, &one[i].item), 0);
	}
	assert_int_equal(work_add(work, LANE_LARGE, &other.item), 0);
	gate_wait(2);
	usleep(20000); /* There is a third thread, and it may not take one more. */
	assert_int_equal(gate.running_max, 2);
	gate_open();
	work_stop(work);
	assert_int_equal(gate.done_n, 5);
	work_free(work);
}

static void large_questions_keep_no_quick_one_waiting(void **state)
{
	(void)state;
	struct work *work = work_begin();
	struct job large[6], quick = job('q');
	for (size_t i = 0; i < 6; i++) {
		large[i] = job((char)('a' + i)); /* Of six callers: all threads of the lane. */
		assert_int_equal(work_add(work, LANE_LARGE, &large[i].item), 0);
	}
	gate_wait(THREADS + 1);
	assert_int_equal(work_add(work, LANE_QUICK, &quick.item), 0);
	gate_wait(THREADS + 2);
	gate_open();
	work_stop(work);
	assert_int_equal(gate.running_max, THREADS + 2);
	work_free(work);
}

static void callers_take_turns(void **state)
{
	(void)state;
	struct work *work = work_begin();
	struct job blockers[THREADS + 1], first[9], second = job('y'), third = job('z');
	for (size_t i = 0; i < THREADS + 1; i++) {
		blockers[i] = job((char)('0' + i));
		assert_int_equal(work_add(work, LANE_LARGE, &blockers[i].item), 0);
	}
	gate_wait(THREADS + 1);
	for (size_t i = 0; i < 9; i++) {
		first[i] = job('x');
		assert_int_equal(work_add(work, LANE_LARGE, &first[i].item), 0);
	}
	assert_int_equal(work_add(work, LANE_LARGE, &second.item), 0);
	assert_int_equal(work_add(work, LANE_LARGE, &third.item), 0);
	gate_open();
	work_stop(work);
	size_t y = 0, z = 0;
	for (size_t i = 0; i < gate.done_n; i++) {
		y = gate.done[i] == 'y' ? i : y;
		z = gate.done[i] == 'z' ? i : z;
	}
	/* Three threads, which may finish in another order than they began: but not behind nine that came before. */
	assert_true(y < THREADS + 1 + 4);
	assert_true(z < THREADS + 1 + 5);
	work_free(work);
}

static void who_has_too_many_waiting_is_refused_and_nobody_else(void **state)
{
	(void)state;
	struct work *work = work_begin();
	struct job greedy[THREADS + 4], other = job('b');
	for (size_t i = 0; i < THREADS + 4; i++) {
		greedy[i] = job('a');
		greedy[i].item.waiting_max = 3;
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(work_add(work, LANE_QUICK, &greedy[i].item), 0);
	gate_wait(THREADS);
	for (size_t i = THREADS; i < THREADS + 3; i++)
		assert_int_equal(work_add(work, LANE_QUICK, &greedy[i].item), 0);
	assert_int_equal(work_add(work, LANE_QUICK, &greedy[THREADS + 3].item), ERROR_BUSY);
	assert_int_equal(work_add(work, LANE_QUICK, &other.item), 0);
	gate_open();
	work_stop(work);
	assert_int_equal(gate.done_n, THREADS + 4);
	assert_int_equal(work_add(work, LANE_QUICK, &greedy[0].item), ERROR_CLOSED);
	work_free(work);
}

static void callers_beyond_the_table_are_refused_until_places_are_free_again(void **state)
{
	(void)state;
	struct work *work = work_begin();
	static struct job jobs[WORK_CALLERS_MAX + 1];
	for (size_t i = 0; i <= WORK_CALLERS_MAX; i++) {
		jobs[i].item = (struct work_item){.who = 1000 + i * 256, .waiting_max = 1, .running_max = 1}; /* All in one bucket. */
		int wanted = i < WORK_CALLERS_MAX ? 0 : ERROR_BUSY;
		assert_int_equal(work_add(work, LANE_QUICK, &jobs[i].item), wanted);
	}
	gate.done_n = 0;
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
	for (int tries = 0; work_waiting(work, LANE_QUICK) && tries < 10000; tries++)
		usleep(1000);
	assert_int_equal(work_waiting(work, LANE_QUICK), 0);
	work_stop(work);
	work_free(work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_caller_never_has_all_threads),
		cmocka_unit_test(who_may_have_one_at_a_time_has_one),
		cmocka_unit_test(large_questions_keep_no_quick_one_waiting),
		cmocka_unit_test(callers_take_turns),
		cmocka_unit_test(who_has_too_many_waiting_is_refused_and_nobody_else),
		cmocka_unit_test(callers_beyond_the_table_are_refused_until_places_are_free_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
