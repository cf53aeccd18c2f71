/* export_record.h: the words for what a record's flags and purposes say, on its way out and back. */
#ifndef ATTUNE_SERVE_EXPORT_RECORD_H
#define ATTUNE_SERVE_EXPORT_RECORD_H

#include "base/json.h"
#include "engine/config.h"
#include "event/event.h"

/* The flag that @word stands for; 0: none. */
unsigned export_flag_of(struct text word);

/* The member "purposes" of an open object: the names behind @mask. */
void export_purposes_write(struct json_writer *out, const struct config *config, uint64_t mask);

#endif
