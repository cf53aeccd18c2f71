/* error.c: names and sentences of the error codes. */
#include "base/error.h"

#include <errno.h>

#include <stddef.h>

static const struct {
	int code;
	const char *name, *sentence;
} errors[] = {
#define X(symbol, code, name, sentence) {code, name, sentence},
	ERROR_LIST(X)
#undef X
};

const char *error_name(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == error)
			return errors[i].name;
	return "unknown";
}

const char *error_sentence(int error)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].code == error)
			return errors[i].sentence;
	return "Something went wrong.";
}

int error_of_file(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERROR_FULL;
	case EMFILE:
	case ENFILE:
		return ERROR_BUSY;
	case ENOMEM:
		return ERROR_MEMORY;
	default:
		return ERROR_IO;
	}
}
