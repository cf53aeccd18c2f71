/*
 * places.h: the register of places: every file, folder and table of the data folder, what it holds of a customer, and which files of
 * a customer's copy have that.
 *
 * A place that holds nothing of customers stands here too, so that none is forgotten: the copy is told by this list, `attune describe
 * places` prints it, and a test walks a data folder and fails by name for what is not in it.
 */
#ifndef ATTUNE_SERVE_PLACES_H
#define ATTUNE_SERVE_PLACES_H

#include "base/json.h"

/*
 * X(place, holds, files). A place is a path below the data folder, with * for any name; a folder ends with /; "lookup:NAME" is a
 * table. Files are those of the copy, with spaces between; none: it holds nothing of customers, or nothing that can be read.
 */
#define PLACES(X)                                                                                                                      \
	X("log/", "What happened and what was decided, one file after another", "events.ndjson decisions.ndjson")                          \
	X("log/*.segment", "What happened, what you stated, agreed to and changed, and what was decided for you, as it came, sealed",        \
	  "events.ndjson events.csv decisions.ndjson consents.jsonld identities.ndjson")                                                    \
	X("log/reserve", "Room for a full disk: zeros", "")                                                                                \
	X("log/epoch", "How often it was opened", "")                                                                                     \
	X("log/lock", "That it is in use", "")                                                                                            \
	X("log/rewriting", "That what may not be kept any longer is being taken out", "")                                                        \
	X("log/rewrite", "After a crash: blocks that are being taken something out of, sealed; gone with the next start", "")                    \
	X("log/rewrite.new", "The same, not whole yet; written anew by the next run", "")                                                        \
	X("lookup/", "What follows from the events, so that it need not be worked out again", "customer.json derived.ndjson")                \
	X("lookup/data.mdb", "The tables below, in one file", "customer.json derived.ndjson identities.ndjson")                              \
	X("lookup/lock.mdb", "Who reads the tables at this moment", "")                                                                     \
	X("lookup:customers", "Who you are, what is known and guessed, sealed", "customer.json derived.ndjson")                             \
	X("lookup:origins", "Where your histories begin and end in the log", "identities.ndjson")                                          \
	X("lookup:identifiers", "What you are recognised by, as keyed hashes", "identities.ndjson")                                        \
	X("lookup:names", "Names of events, places and sources, of everybody together", "")                                                \
	X("lookup:meta", "How far the tables go, and what is counted of everybody together", "")                                            \
	X("lookup:days", "How many rows a day has", "")                                                                                    \
	X("lookup:hours", "How many hashes an hour has", "")                                                                               \
	X("columns/", "A row for each event, in a file a day", "events.csv")                                                               \
	X("columns/*.sealed", "A row for each event, sealed: its name, time, place and value", "events.csv")                                       \
	X("columns/*.rows", "A row for each event: its name, time, place and value", "events.csv")                                         \
	X("dead-letters.ndjson", "Events that named you and were refused, and why", "refused.ndjson")                                      \
	X("audit/", "Who did what to whose data", "audit.ndjson")                                                                          \
	X("audit/*.ndjson", "Who opened, changed or exported what is kept about you, and the reason they gave; under a hash, not under your name", \
	  "audit.ndjson")                                                                                                                 \
	X("audit/head", "How far the entries were durable", "")                                                                            \
	X("configuration/", "The company's own words", "")                                                                                 \
	X("configuration/*.segment", "Every version of the configuration; who gets what you agreed to be used", "recipients.json")          \
	X("configuration/epoch", "How often it was opened", "")                                                                           \
	X("configuration/lock", "That it is in use", "")                                                                                  \
	X("configuration/rewriting", "As in the log; never used here", "")                                                                       \
	X("seen/", "Numbers made from message ids", "")                                                                                    \
	X("seen/*.hashes", "Numbers made from message ids, so that a message sent twice counts once; they name nobody", "")                 \
	X("sealing/", "Keys, apart from what is sealed with them", "")                                                                     \
	X("sealing/slots", "What the key is made of that is yours; of those who were erased, that they were", "")                           \
	X("sealing/node-key", "The key under which the others count", "")                                                                  \
	X("sealing/slots-head", "How many keys there are", "")                                                                             \
	X("sealing/erasures-head", "How many lines the next has", "")                                                                      \
	X("sealing/erasures", "Certificates of erasures, and for 30 days keyed hashes of those who were erased: of nobody who is here", "")  \
	X("certificate-key", "What certificates and copies are signed with", "")                                                           \
	X("keys", "Hashes of the company's keys", "")                                                                                      \
	X("staff", "Accounts of staff", "")                                                                                                \
	X("tokens-ended", "Hashes of customers' tokens that were revoked or used, for a day", "")                                       \
	X("signing-secret", "What customers' tokens are signed with", "")                                                                  \
	X("directory-key", "The key of the hashes of identifiers", "")                                                                     \
	X("audit-key", "The key of the hashes in the audit log", "")                                                                       \
	X("spool*", "A large copy while its reader takes it: in a file without a name, encrypted with a key that lies in memory alone; gone with the process", \
	  "")                                                                                                                             \
	X("inventory", "Which of these files were made", "")                                                                               \
	X("lock", "That the folder is in use", "")                                                                                         \
	X("attune.conf", "Settings", "")

/* The register as an array of {"place", "holds", "files"}. */
void places_write(struct json_writer *out);

#endif
