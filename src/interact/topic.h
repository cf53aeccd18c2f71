/*
 * topic.h: what a company writes and calls about, and on which channels: so that customers can say what they want to get, where.
 *
 *   kind: topic
 *   name: tips
 *   title: Tips for everyday banking
 *   channels: [email, post]
 *
 * What a customer wishes is a preference, contact.CHANNEL.TOPIC: yes or no. It is no consent: it says what to send where, not
 * what data may be used for, and neither stands in for the other.
 */
#ifndef ATTUNE_INTERACT_TOPIC_H
#define ATTUNE_INTERACT_TOPIC_H

#include "engine/config_build.h"
#include "event/event.h"

enum { TOPIC_KEY_BYTES = 200 };

extern const struct config_kind topic_kind;

struct topic {
	struct text name, title;
	uint32_t channels;        /* Bit a channel. */
};

/* Walk the topics: start with *@at = 0; false at the end. */
bool topic_next(const struct config *config, size_t *at, struct topic *topic);

/* The preference that says whether @topic is wanted on @channel. */
struct text topic_preference(char out[TOPIC_KEY_BYTES], const struct topic *topic, enum channel channel);

#endif
