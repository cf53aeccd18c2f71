/*
 * csv_cell.h: a cell of CSV, as RFC 4180 has it, that no spreadsheet runs.
 *
 * Programs that open tables take a cell for a formula when it begins with = + - or @, also behind a tab or a line break and in
 * full width, quoted or not. Such a cell gets an apostrophe before it, which they show as text (OWASP, "CSV Injection").
 */
#ifndef ATTUNE_BASE_CSV_CELL_H
#define ATTUNE_BASE_CSV_CELL_H

#include "base/text.h"

/* Append @text in quotes. Whoever writes CSV anywhere writes every cell that somebody else may have named by this. */
void csv_cell_put(struct buffer *out, struct text text);

#endif
