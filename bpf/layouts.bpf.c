// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Holds every type that crosses the boundary, so that one object's BTF has all their layouts. It is never loaded:
 * scripts/gen-layouts.ts reads it and writes src/events/gen/layouts.ts.
 */
#include <linux/types.h>

#include "events.h"
#include "hook_config.h"
#include "protect.h"

enum event_limit event_limit;
struct exec_event exec_event;
struct fork_event fork_event;
struct exit_event exit_event;
struct tracepoint_event tracepoint_event;
struct hook_event hook_event;
enum value_flag value_flag;
enum value_entry value_entry;
struct hook_value hook_value;
struct value_sock_owner value_sock_owner;
struct value_size value_size;
struct value_rest value_rest;
enum value_rest_place value_rest_place;
struct value_stack_place value_stack_place;
struct value_verdict value_verdict;
struct value_path value_path;
struct value_sock value_sock;
struct value_sockaddr value_sockaddr;
struct value_cred value_cred;
struct value_user_namespace value_user_namespace;
struct value_bpf value_bpf;
struct value_perf_event value_perf_event;
struct value_module value_module;
struct process_namespaces process_namespaces;
struct process_state process_state;
struct lane_counters lane_counters;
enum process_flag process_flag;
struct string_key string_key;
struct string_secret string_secret;
enum hook_limit hook_limit;
enum value_source value_source;
enum value_reader value_reader;
enum value_config_flag value_config_flag;
enum dimension_kind dimension_kind;
enum dimension_input dimension_input;
enum hook_flag hook_flag;
enum policy_mode policy_mode;
enum enforcer_role enforcer_role;
enum write_target write_target;
enum write_source write_source;
enum user_write_limit user_write_limit;
struct user_write user_write;
struct rule_writes rule_writes;
struct value_config value_config;
struct dimension_config dimension_config;
struct rule_config rule_config;
enum cel_step_kind cel_step_kind;
enum cel_step_type cel_step_type;
enum cel_operand cel_operand;
struct cel_step cel_step;
enum rate_scope rate_scope;
struct rule_action rule_action;
struct hook_config hook_config;
struct trie_key trie_key;
struct address_key address_key;
struct binary_path binary_path;
struct followed followed;
struct followed_pid followed_pid;
enum protect_limit protect_limit;
enum protect_kind protect_kind;
enum protect_object_kind protect_object_kind;
struct protect_config protect_config;
struct protect_state protect_state;
struct protect_refusal protect_refusal;
struct protect_object protect_object;
