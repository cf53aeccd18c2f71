/*
 * folder_check.h: everything in a data folder, checked piece by piece: for attune verify and attune repair.
 *
 * What is damaged goes into damage.h, with what it costs and what to do.
 */
#ifndef ATTUNE_CLI_FOLDER_CHECK_H
#define ATTUNE_CLI_FOLDER_CHECK_H

#include "engine/verify.h"

struct folder_found {
	struct verify log;
	int log_error;         /* What checking the log of events returned; 0: it is sound. */
	bool is_running;       /* A server runs on it: what follows from the log was not looked at, the server does that itself. */
};

/* Check @folder. @alone: the caller holds its lock. Errors: ERROR_IO, ERROR_MEMORY; damage is none. */
int folder_check(const char *folder, bool alone, struct folder_found *out) MUST_CHECK;

/* Print the list of damage: for people, or as members of a JSON object that is open. */
void folder_damage_print(const char *verb, bool json);

#endif
