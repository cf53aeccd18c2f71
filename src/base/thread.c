/* thread.c: names and priorities, by Linux. */
#include "base/thread.h"

#include "base/report.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PATIENCE = 10 /* Of nice(2): about a tenth of the processor while somebody else wants it. */ };

void thread_name(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

void thread_name_patient(const char *name)
{
	thread_name(name);
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), PATIENCE) != 0) /* On Linux this is the thread alone. */
		report(REPORT_WARNING, "priority_failed", "The thread %s keeps its priority: %s", name, strerror(errno));
}
