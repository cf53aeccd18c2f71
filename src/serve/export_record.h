/* export_record.h: the words for what a record's flags say, on its way out and back. */
#ifndef ATTUNE_SERVE_EXPORT_RECORD_H
#define ATTUNE_SERVE_EXPORT_RECORD_H

#include "event/event.h"

/* The flag that @word stands for; 0: none. */
unsigned export_flag_of(struct text word);

#endif
