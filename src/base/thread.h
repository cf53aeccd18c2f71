/*
 * thread.h: what a thread is for.
 *
 * Answers come first: a thread that nobody waits for by the millisecond (questions over the whole base) says so, and gets
 * the processor when the ones that answer leave it. Snapshots are not patient: the log waits for its room on disk.
 */
#ifndef ATTUNE_BASE_THREAD_H
#define ATTUNE_BASE_THREAD_H

/* Name the calling thread (at most 15 bytes, as tools show it). */
void thread_name(const char *name);

/* The same, and let all other threads of the process go first. Cannot be taken back. */
void thread_name_patient(const char *name);

/*
 * The calling thread answers somebody who waits: let it run soon after it wakes, for short turns. Since Linux 6.12 the
 * scheduler knows such a wish; before, this does nothing. Cheap to call again.
 */
void thread_prompt(void);

#endif
