/*
 * verb.h: the verbs of `attune`. Each is one file and one function.
 *
 * A verb gets its own arguments (argv[0] is the verb) and returns the exit status: 0 done, 1 failed, 2 usage.
 * Options are long and read with getopt_long; --json and --help exist on every verb.
 */
#ifndef ATTUNE_CLI_VERB_H
#define ATTUNE_CLI_VERB_H

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int verb_journeys(int argc, char **argv); /* Journeys of an event log in a file. */
int verb_decide(int argc, char **argv);   /* A decision, or the evaluation of a log of choices. */

#endif
