/* thread.c: names and priorities, by Linux. */
#include "base/thread.h"

#include "base/report.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TURN_NS = 100000 };

void thread_name(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

void thread_name_patient(const char *name, enum thread_patience patience)
{
	thread_name(name);
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), (int)patience) != 0) /* On Linux this is the thread alone. */
		report(REPORT_WARNING, "priority_failed", "The thread %s keeps its priority: %s", name, strerror(errno));
}

void thread_prompt(void)
{
	static _Thread_local bool is_done;
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime_ns, deadline_ns, period_ns;
	} wish = {.size = sizeof wish, .runtime_ns = TURN_NS}; /* The first form of sched_setattr(2): an ordinary thread, short turns. */
	if (is_done)
		return;
	is_done = true;
	(void)!syscall(SYS_sched_setattr, 0, &wish, 0u); /* A wish: without it, all goes on as before. */
}
