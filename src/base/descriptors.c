/* descriptors.c: the limit of open files. */
#include "base/descriptors.h"

#include <sys/resource.h>

enum {
	OWN = 28,     /* Files and sockets that are open as long as the server runs. */
	A_THREAD = 3, /* That answers: its queue, its wake-up, and one that is just being refused. */
	PASSING = 12  /* Snapshots, a new file of the log, a backup, taking out. */
};

size_t descriptors_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	struct rlimit raised = {limit.rlim_max, limit.rlim_max};
	return (size_t)(setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur);
}

unsigned descriptors_connections(size_t limit, unsigned wanted, unsigned threads)
{
	size_t kept = OWN + PASSING + (size_t)A_THREAD * threads;
	size_t left = limit > kept + threads ? limit - kept : threads;
	return left < wanted ? (unsigned)left : wanted;
}
