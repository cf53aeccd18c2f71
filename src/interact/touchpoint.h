/*
 * touchpoint.h: sources and touchpoints: who sends events, and where contact happens.
 */
#ifndef ATTUNE_INTERACT_TOUCHPOINT_H
#define ATTUNE_INTERACT_TOUCHPOINT_H

#include "engine/config_build.h"
#include "event/event.h"

extern const struct config_kind source_kind, touchpoint_kind;

/* The channel events of source @name come from when they do not say; CHANNEL_NONE without. */
enum channel source_channel(const struct config *config, struct text name);

/* The purpose that source @name's "categories" gives for a category of its consent banner; @category itself without. */
struct text source_category(const struct config *config, struct text name, struct text category);

/* The touchpoint that an event called @event of kind @kind is bound to by configuration on @channel; empty without. */
struct text touchpoint_of(const struct config *config, enum event_kind kind, struct text event, enum channel channel);

/* The title of a touchpoint for people: configured, or its name. */
struct text touchpoint_title(const struct config *config, struct text name);

#endif
