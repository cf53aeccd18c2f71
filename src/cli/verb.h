/*
 * verb.h: the verbs of `attune`. Each is one file and one function.
 *
 * A verb gets its own arguments (argv[0] is the verb) and returns the exit status: 0 done, 1 failed, 2 usage.
 * Options are long and read with getopt_long; --json and --help exist on every verb.
 */
#ifndef ATTUNE_CLI_VERB_H
#define ATTUNE_CLI_VERB_H

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* X(name, sentence) */
#define VERBS(X)                                                                    \
	X(serve, "run the server on a data folder")                                       \
	X(init, "make a data folder and its first keys")                                  \
	X(staff, "accounts of staff: list, invite, disable")                                \
	X(key, "keys of programs: list, add, revoke")                                       \
	X(check, "check a folder of configuration")                                       \
	X(apply, "put a folder of configuration in force on a running server")            \
	X(import, "bring a log of events into a running server")                          \
	X(customer, "a customer's card")                                                  \
	X(export, "everything about a customer, as one JSON document")                    \
	X(decide, "a decision, or the evaluation of a log of choices")                    \
	X(journeys, "what customers really did, from a log of events in a file")          \
	X(layers, "the five layers: what an experience needs, what a limit reaches")      \
	X(verify, "check a data folder: every block, every record")                       \
	X(repair, "make again what is damaged in a data folder")                          \
	X(backup, "copy a data folder, beside its server or without one")                 \
	X(restore, "bring a backup back as a new data folder")                            \
	X(describe, "the settings and the routes, as the documentation has them")         \
	X(version, "the version of this program and of its libraries")

#define X(name, sentence) int verb_##name(int argc, char **argv);
VERBS(X)
#undef X

#endif
