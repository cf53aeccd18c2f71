/*
 * descriptors.h: how many files and connections this process may have open.
 */
#ifndef ATTUNE_BASE_DESCRIPTORS_H
#define ATTUNE_BASE_DESCRIPTORS_H

#include <stddef.h>

/* Raise the limit to what the system allows. Returns it. */
size_t descriptors_raise(void);

/*
 * Of @wanted connections, as many as the limit has room for beside the files of the server and its @threads, which need theirs always:
 * a connection more is refused, a file that cannot be opened would stop what it is for. At least one a thread.
 */
unsigned descriptors_connections(size_t limit, unsigned wanted, unsigned threads);

#endif
