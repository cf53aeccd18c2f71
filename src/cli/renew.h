/*
 * renew.h: giving up a file that a data folder cannot do without, on purpose, and making a new one.
 *
 * A lost or damaged secret is never made again by itself (kept_file.h). `attune init DIR --renew NAME` does it, says what
 * it costs, and keeps what was there beside the new one as NAME.damaged-N.
 */
#ifndef ATTUNE_CLI_RENEW_H
#define ATTUNE_CLI_RENEW_H

#include <stdbool.h>

/* Renew @name in the data folder @folder, which no server may be running on. Returns the exit status. */
int renew(const char *folder, const char *name, bool json);

void renew_usage(void); /* The names, with what each costs, on standard output. */

#endif
