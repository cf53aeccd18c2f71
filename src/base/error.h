/*
 * error.h: every way an operation can fail, as one list.
 *
 * A function returns 0 when done and one of these negative codes when not; its outputs are then untouched. The stable
 * name stands in API answers and in exit messages; the sentence is what a person reads when nothing more exact is known.
 */
#ifndef ATTUNE_BASE_ERROR_H
#define ATTUNE_BASE_ERROR_H

#define ERROR_LIST(X)                                                                           \
	X(ERROR_MEMORY,    -1,  "out_of_memory",   "There is not enough memory for this.")            \
	X(ERROR_INVALID,   -2,  "invalid",         "The input is not valid.")                         \
	X(ERROR_NOT_FOUND, -3,  "not_found",       "There is no such thing.")                         \
	X(ERROR_EXISTS,    -4,  "exists",          "It is there already.")                            \
	X(ERROR_LIMIT,     -5,  "limit",           "A limit is reached.")                             \
	X(ERROR_IO,        -6,  "io",              "Reading or writing a file failed.")               \
	X(ERROR_FULL,      -7,  "disk_full",       "The disk is full: nothing is lost, free some space.") \
	X(ERROR_CORRUPT,   -8,  "corrupt",         "The data on disk is damaged.")                    \
	X(ERROR_DENIED,    -9,  "denied",          "This key may not do that.")                       \
	X(ERROR_BUSY,      -10, "busy",            "Too much is waiting; try again shortly.")         \
	X(ERROR_CONFLICT,  -11, "conflict",        "It contradicts what is there.")                   \
	X(ERROR_CLOSED,    -12, "closed",          "The server is stopping.") \
	X(ERROR_DAMAGED,   -13, "damaged",         "The key of this customer is damaged or lost: what was sealed with it cannot be read. Put a copy of the keys back, or erase the customer.") \
	X(ERROR_LATER,     -14, "later",           "This takes longer than an answer may; it is done elsewhere.") \
	X(ERROR_REBUILDING, -15, "rebuilding",     "Rows for figures were damaged and are being made again from the log: try again shortly.")

enum error {
#define X(symbol, code, name, sentence) symbol = code,
	ERROR_LIST(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The stable name of @error ("limit"), or "unknown". Static storage. */
const char *error_name(int error);

/*
 * What the errno @number of a call on a file means: ERROR_FULL (no room), ERROR_BUSY (no descriptor is free: nothing has happened yet, and
 * the same may work shortly), ERROR_MEMORY, ERROR_IO. A failed sync is always ERROR_IO: it is never tried again.
 */
int error_of_file(int number);

/* One sentence about @error for a person. Static storage. */
const char *error_sentence(int error);

#endif
