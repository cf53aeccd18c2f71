/* work.c: two lanes, each a ring of callers with a queue apiece. */
#include "serve/work.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

/* Somebody who has something waiting or running. */
struct queue {
	uint64_t who;
	struct work_item *first, *last;
	size_t waiting, running;
	struct queue *next;          /* In the ring of those who wait, or in the list of free ones. */
	struct queue *bucket_next;
	bool in_ring;
};

enum { BUCKETS = 256 };

struct lane_state {
	struct work *work;
	pthread_cond_t ready;
	struct queue queues[WORK_CALLERS_MAX];
	struct queue *free, *buckets[BUCKETS];
	struct queue *ring_first, *ring_last; /* Those with something waiting; the first is next. */
	size_t waiting;
	pthread_t threads[WORK_THREADS_MAX + 1];
	size_t threads_n;
};

struct work {
	struct work_options options;
	pthread_mutex_t lock;        /* Protects everything below. */
	struct lane_state lanes[LANES];
	bool stopping;
};

static struct queue **bucket_of(struct lane_state *lane, uint64_t who)
{
	return &lane->buckets[(who ^ who >> 32) % BUCKETS];
}

static struct queue *queue_of(struct lane_state *lane, uint64_t who)
{
	struct queue *queue = *bucket_of(lane, who);
	while (queue && queue->who != who)
		queue = queue->bucket_next;
	return queue;
}

static struct queue *queue_take(struct lane_state *lane, uint64_t who)
{
	struct queue *queue = lane->free, **bucket = bucket_of(lane, who);
	if (!queue)
		return NULL;
	lane->free = queue->next;
	*queue = (struct queue){.who = who, .bucket_next = *bucket};
	*bucket = queue;
	return queue;
}

/* A caller with nothing left to do gives its place back. */
static void queue_give(struct lane_state *lane, struct queue *queue)
{
	struct queue **at = bucket_of(lane, queue->who);
	if (queue->waiting || queue->running)
		return;
	while (*at != queue)
		at = &(*at)->bucket_next;
	*at = queue->bucket_next;
	queue->next = lane->free;
	lane->free = queue;
}

static void ring_put(struct lane_state *lane, struct queue *queue)
{
	assert(!queue->in_ring);
	queue->in_ring = true;
	queue->next = NULL;
	if (lane->ring_last)
		lane->ring_last->next = queue;
	else
		lane->ring_first = queue;
	lane->ring_last = queue;
}

static void ring_take(struct lane_state *lane, struct queue *queue, struct queue *before)
{
	*(before ? &before->next : &lane->ring_first) = queue->next;
	if (lane->ring_last == queue)
		lane->ring_last = before;
	queue->in_ring = false;
}

/* The next caller who may have one more thread, taken from the ring; NULL when there is none. */
static struct queue *turn_take(struct lane_state *lane)
{
	struct queue *before = NULL;
	for (struct queue *queue = lane->ring_first; queue; before = queue, queue = queue->next)
		if (queue->running < lane->work->options.threads && queue->running < queue->first->running_max) {
			ring_take(lane, queue, before);
			return queue;
		}
	return NULL;
}

static void *lane_run(void *arg)
{
	struct lane_state *lane = arg;
	struct work *work = lane->work;
	if (lane == &work->lanes[LANE_LARGE])
		thread_name_patient("large work", THREAD_LARGE);
	else
		thread_name_patient("worker", THREAD_QUICK);
	pthread_mutex_lock(&work->lock);
	for (;;) {
		struct queue *queue = turn_take(lane);
		if (!queue && work->stopping && lane->waiting == 0)
			break;
		if (!queue) {
			pthread_cond_wait(&lane->ready, &work->lock);
			continue;
		}
		struct work_item *item = queue->first;
		queue->first = item->next;
		queue->waiting--;
		queue->running++;
		lane->waiting--;
		if (queue->waiting)
			ring_put(lane, queue);
		pthread_mutex_unlock(&work->lock);
		work->options.run(work->options.arg, item); /* The item may be gone after this. */
		pthread_mutex_lock(&work->lock);
		queue->running--;
		queue_give(lane, queue);
		pthread_cond_broadcast(&lane->ready); /* Its next question may be taken now. */
	}
	pthread_mutex_unlock(&work->lock);
	return NULL;
}

int work_add(struct work *work, enum lane which, struct work_item *item)
{
	struct lane_state *lane = &work->lanes[which];
	item->next = NULL;
	pthread_mutex_lock(&work->lock);
	struct queue *queue = queue_of(lane, item->who);
	int error = work->stopping ? ERROR_CLOSED : 0;
	if (!error && !queue && !(queue = queue_take(lane, item->who)))
		error = ERROR_BUSY;
	if (!error && queue->waiting >= item->waiting_max)
		error = ERROR_BUSY;
	if (!error) {
		*(queue->waiting ? &queue->last->next : &queue->first) = item;
		queue->last = item;
		queue->waiting++;
		lane->waiting++;
		if (!queue->in_ring)
			ring_put(lane, queue);
		pthread_cond_signal(&lane->ready);
	}
	pthread_mutex_unlock(&work->lock);
	return error;
}

size_t work_waiting(struct work *work, enum lane lane)
{
	pthread_mutex_lock(&work->lock);
	size_t n = work->lanes[lane].waiting;
	pthread_mutex_unlock(&work->lock);
	return n;
}

int work_open(struct work **out, const struct work_options *options)
{
	struct work *work = memory_zero_alloc(1, sizeof *work);
	if (!work)
		return ERROR_MEMORY;
	assert(options->threads > 0 && options->threads <= WORK_THREADS_MAX);
	work->options = *options;
	pthread_mutex_init(&work->lock, NULL);
	for (size_t i = 0; i < LANES; i++) {
		struct lane_state *lane = &work->lanes[i];
		lane->work = work;
		clock_condition_init(&lane->ready);
		for (size_t q = 0; q < WORK_CALLERS_MAX; q++) {
			lane->queues[q].next = lane->free;
			lane->free = &lane->queues[q];
		}
	}
	for (size_t i = 0; i < LANES * (options->threads + 1); i++) {
		struct lane_state *lane = &work->lanes[i % LANES];
		if (pthread_create(&lane->threads[lane->threads_n], NULL, lane_run, lane) != 0) {
			work_free(work);
			return ERROR_MEMORY;
		}
		lane->threads_n++;
	}
	*out = work;
	return 0;
}

void work_stop(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	work->stopping = true;
	for (size_t i = 0; i < LANES; i++)
		pthread_cond_broadcast(&work->lanes[i].ready);
	pthread_mutex_unlock(&work->lock);
	for (size_t i = 0; i < LANES; i++)
		for (struct lane_state *lane = &work->lanes[i]; lane->threads_n; lane->threads_n--)
			pthread_join(lane->threads[lane->threads_n - 1], NULL);
}

void work_free(struct work *work)
{
	if (!work)
		return;
	work_stop(work);
	for (size_t i = 0; i < LANES; i++)
		pthread_cond_destroy(&work->lanes[i].ready);
	pthread_mutex_destroy(&work->lock);
	memory_free(work);
}
