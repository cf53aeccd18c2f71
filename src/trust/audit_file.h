/* audit_file.h: the lines and files of the audit log: what its writer and its readers share. Nobody else includes it. */
#ifndef ATTUNE_TRUST_AUDIT_FILE_H
#define ATTUNE_TRUST_AUDIT_FILE_H

#include "trust/audit.h"

enum { AUDIT_PATH_BYTES = 4300, AUDIT_HEAD_BYTES = 20 + 1 + 64 + 1 + 16 + 1 };

/* An entry by its number and its hash. */
struct audit_mark {
	uint64_t n;
	char hash[AUDIT_HEX_BYTES];
};
#define AUDIT_MARK_NONE ((struct audit_mark){0, "0000000000000000000000000000000000000000000000000000000000000000"})

const char *audit_what_name(enum audit_what what);

/* Append the line of @act as the entry after *@mark, which becomes its own. */
void audit_line_write(struct buffer *out, struct audit_mark *mark, const struct audit_act *act);

/* Take a line without its end apart: its own mark, and the hash of the one before. False: it is no line, or not as it was written. */
bool audit_line_read(struct text line, struct audit_mark *mark, char before[AUDIT_HEX_BYTES]);

/* The files by the number of their first entry, ascending. The caller frees *@firsts. Errors: ERROR_NOT_FOUND, ERROR_IO, ERROR_MEMORY. */
int audit_files_list(const char *folder, uint64_t **firsts, size_t *n) MUST_CHECK;
void audit_file_path(char path[AUDIT_PATH_BYTES], const char *folder, uint64_t first);

/* A whole file; the caller frees @text->p. Errors: ERROR_IO, ERROR_LIMIT (it is none of ours: too large), ERROR_MEMORY. */
int audit_file_read(const char *folder, uint64_t first, struct text *text) MUST_CHECK;

/* How far the log was durable. Errors: ERROR_NOT_FOUND (nothing says so), ERROR_CORRUPT (what says so is damaged). */
int audit_head_read(const char *folder, struct audit_mark *head) MUST_CHECK;
void audit_head_format(char out[AUDIT_HEAD_BYTES + 1], const struct audit_mark *head);

#endif
