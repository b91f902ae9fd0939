// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Holds every type that crosses the boundary, so that one object's BTF has all their layouts. It is never loaded:
 * scripts/gen-layouts.ts reads it and writes src/events/gen/layouts.ts.
 */
#include <linux/types.h>

#include "events.h"

enum event_limit event_limit;
struct exec_event exec_event;
struct fork_event fork_event;
struct exit_event exit_event;
struct tracepoint_event tracepoint_event;
struct process_state process_state;
struct lane_counters lane_counters;
enum process_flag process_flag;
