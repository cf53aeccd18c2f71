/*
 * large.h: memory for columns that are walked at random: in large pages where the system offers them.
 *
 * A scatter over hundreds of megabytes spends more time on page faults and address look-ups than on the data; 2 MiB
 * pages remove most of both.
 */
#ifndef ATTUNE_MEASURE_LARGE_H
#define ATTUNE_MEASURE_LARGE_H

#include "base/memory.h"

/* As memory_alloc; given back with memory_free. */
void *large_alloc(size_t bytes) __attribute__((malloc, warn_unused_result));

#endif
