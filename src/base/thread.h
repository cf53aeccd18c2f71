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

/*
 * The same, and let threads that answer at once go first: somebody waits for a page a little while, and for a large question
 * longer. Of nice(2): a step is about a quarter less of the processor while somebody else wants it. Cannot be taken back.
 */
enum thread_patience { THREAD_QUICK = 3, THREAD_BACKGROUND = 10, THREAD_LARGE = 15 };
void thread_name_patient(const char *name, enum thread_patience patience);

/*
 * The calling thread answers somebody who waits: let it run soon after it wakes, for short turns. Since Linux 6.12 the
 * scheduler knows such a wish; before, this does nothing. Cheap to call again.
 */
void thread_prompt(void);

#endif
