// SPDX-License-Identifier: Apache-2.0
//
// What minor 1.0 of the module ABI promised. It holds when it compiles. Written by lock.py.
#include <weir/module.h>

// clang-format off
#define MEMBER(Struct, member, at, Type) \
  _Static_assert(offsetof(Struct, member) == (at), #Struct "." #member " has moved"); \
  _Static_assert(_Generic(((Struct *)0)->member, Type: 1, default: 0), \
                 #Struct "." #member " has another type")
#define SIZE(Struct, size) _Static_assert(sizeof(Struct) == (size), #Struct " is frozen")
#define VALUE(name, value) _Static_assert((name) == (value), #name " has another value")
#define CALLBACK(name, Type) \
  _Static_assert(_Generic((name)0, Type: 1, default: 0), #name " has another type")

MEMBER(weir_str, p, 0, const char *);
MEMBER(weir_str, n, 8, size_t);
MEMBER(weir_address, bytes, 0, uint8_t *);
MEMBER(weir_address, port, 16, uint16_t);
MEMBER(weir_address, family, 18, uint16_t);
MEMBER(weir_cidr, bytes, 0, uint8_t *);
MEMBER(weir_cidr, bits, 16, uint32_t);
MEMBER(weir_host, size, 0, uint32_t);
MEMBER(weir_host, abi_minor, 4, uint32_t);
MEMBER(weir_host, version, 8, const char *);
MEMBER(weir_host, log_level, 16, const uint32_t *);
MEMBER(weir_host, get, 24, const void * (*)(const char *service_id));
MEMBER(weir_host, intern, 32, uint32_t (*)(weir_str name));
MEMBER(weir_host, log, 40, void (*)(const void *instance, uint32_t level, weir_str text));
MEMBER(weir_list, items, 0, const void *);
MEMBER(weir_list, n, 8, size_t);
MEMBER(weir_key, name, 0, const char *);
MEMBER(weir_key, doc, 8, const char *);
MEMBER(weir_key, preset, 16, const char *);
MEMBER(weir_key, type, 24, uint32_t);
MEMBER(weir_key, flags, 28, uint32_t);
MEMBER(weir_key, offset, 32, size_t);
MEMBER(weir_key, choices, 40, const char *const *);
MEMBER(weir_key, sub, 48, const weir_schema *);
MEMBER(weir_key, min, 56, double);
MEMBER(weir_key, max, 64, double);
MEMBER(weir_schema, size, 0, uint32_t);
MEMBER(weir_schema, key_size, 4, uint32_t);
MEMBER(weir_schema, keys, 8, const weir_key *);
MEMBER(weir_schema, count, 16, size_t);
MEMBER(weir_schema, conf_size, 24, size_t);
MEMBER(weir_setup, size, 0, uint32_t);
MEMBER(weir_setup, flags, 4, uint32_t);
MEMBER(weir_setup, name, 8, weir_str);
MEMBER(weir_setup, conf, 24, const void *);
MEMBER(weir_setup, report, 32, void *);
MEMBER(weir_setup, complain, 40, void (*)(void *report, uint32_t level, const char *key, weir_str
        text, weir_str hint));
MEMBER(weir_setup, metric, 48, uint32_t (*)(void *report, uint32_t kind, const char *name, const
        char *help));
MEMBER(weir_setup, side, 56, uint32_t);
MEMBER(weir_worker, size, 0, uint32_t);
MEMBER(weir_worker, index, 4, uint32_t);
MEMBER(weir_worker, count, 8, uint32_t);
MEMBER(weir_worker, ref, 16, weir_ref);
MEMBER(weir_worker, cells, 24, uint64_t *);
MEMBER(weir_component, size, 0, uint32_t);
MEMBER(weir_component, flags, 4, uint32_t);
MEMBER(weir_component, kind, 8, const char *);
MEMBER(weir_component, name, 16, const char *);
MEMBER(weir_component, doc, 24, const char *);
MEMBER(weir_component, schema, 32, const weir_schema *);
MEMBER(weir_component, ops, 40, const void *);
MEMBER(weir_component, identity, 48, const char *const *);
MEMBER(weir_component, configure, 56, weir_rc (*)(const weir_setup *, void **instance));
MEMBER(weir_component, start, 64, weir_rc (*)(void *instance));
MEMBER(weir_component, adopt, 72, void (*)(void *instance, void *previous));
MEMBER(weir_component, worker_start, 80, weir_rc (*)(void *instance, const weir_worker *, void
        **state));
MEMBER(weir_component, worker_stop, 88, void (*)(void *instance, void *state));
MEMBER(weir_component, reopen, 96, void (*)(void *instance, void *state));
MEMBER(weir_component, destroy, 104, void (*)(void *instance));
MEMBER(weir_component, save, 112, weir_rc (*)(void *instance, void *to, void (*put)(void *to,
        weir_str bytes)));
MEMBER(weir_component, restore, 120, weir_rc (*)(void *instance, weir_str bytes));
MEMBER(weir_module, size, 0, uint32_t);
MEMBER(weir_module, minor_built, 4, uint32_t);
MEMBER(weir_module, minor_required, 8, uint32_t);
MEMBER(weir_module, name, 16, const char *);
MEMBER(weir_module, version, 24, const char *);
MEMBER(weir_module, license, 32, const char *);
MEMBER(weir_module, doc, 40, const char *);
MEMBER(weir_module, components, 48, const weir_component *const *);
MEMBER(weir_module, needs, 56, const char *const *);
MEMBER(weir_module, load, 64, weir_rc (*)(const weir_host *));
MEMBER(weir_field, name, 0, weir_str);
MEMBER(weir_field, value, 16, weir_str);
MEMBER(weir_field, id, 32, uint32_t);
MEMBER(weir_field, flags, 36, uint32_t);
MEMBER(weir_call, size, 0, uint32_t);
MEMBER(weir_call, flags, 4, uint32_t);
MEMBER(weir_call, tx, 8, weir_tx *);
MEMBER(weir_call, ref, 16, weir_ref);
MEMBER(weir_call, conf, 24, const void *);
MEMBER(weir_call, instance, 32, void *);
MEMBER(weir_call, state, 40, void *);
MEMBER(weir_call, ctx, 48, void *);
MEMBER(weir_call, cells, 56, uint64_t *);
MEMBER(weir_http, size, 0, uint32_t);
MEMBER(weir_http, fields, 8, const weir_field * (*)(weir_tx *, uint32_t side, size_t *n));
MEMBER(weir_http, get, 16, weir_str (*)(weir_tx *, uint32_t side, uint32_t id));
MEMBER(weir_http, find, 24, weir_str (*)(weir_tx *, uint32_t side, weir_str lower_case_name));
MEMBER(weir_http, set, 32, weir_rc (*)(weir_tx *, uint32_t side, uint32_t id, weir_str value));
MEMBER(weir_http, add, 40, weir_rc (*)(weir_tx *, uint32_t side, uint32_t id, weir_str value));
MEMBER(weir_http, remove, 48, weir_rc (*)(weir_tx *, uint32_t side, uint32_t id));
MEMBER(weir_http, set_method, 56, weir_rc (*)(weir_tx *, weir_str));
MEMBER(weir_http, set_path, 64, weir_rc (*)(weir_tx *, weir_str));
MEMBER(weir_http, set_query, 72, weir_rc (*)(weir_tx *, weir_str));
MEMBER(weir_http, set_authority, 80, weir_rc (*)(weir_tx *, weir_str));
MEMBER(weir_http, set_status, 88, weir_rc (*)(weir_tx *, uint32_t));
MEMBER(weir_http, attr, 96, weir_str (*)(weir_tx *, uint32_t id));
MEMBER(weir_http, number, 104, uint64_t (*)(weir_tx *, uint32_t id));
MEMBER(weir_http, set_attr, 112, weir_rc (*)(weir_tx *, uint32_t id, weir_str value));
MEMBER(weir_http, peer, 120, weir_address (*)(weir_tx *));
MEMBER(weir_http, client, 128, weir_address (*)(weir_tx *));
MEMBER(weir_http, set_client, 136, weir_rc (*)(weir_tx *, weir_address));
MEMBER(weir_http, expand, 144, weir_str (*)(weir_tx *, const weir_template *, uint32_t escape));
MEMBER(weir_http, alloc, 152, void * (*)(weir_tx *, size_t n, size_t align));
MEMBER(weir_http, respond, 160, weir_rc (*)(weir_tx *, uint32_t status, const weir_field *, size_t
        n, weir_str body));
MEMBER(weir_http, want_body, 168, weir_rc (*)(const weir_call *, uint32_t mode, uint64_t limit));
MEMBER(weir_http, length_changes, 176, weir_rc (*)(const weir_call *));
MEMBER(weir_http, resume, 184, weir_rc (*)(weir_ref, uint32_t verdict));
MEMBER(weir_http, tx, 192, weir_tx * (*)(weir_ref));
MEMBER(weir_bytes, size, 0, uint32_t);
MEMBER(weir_bytes, length, 8, uint64_t (*)(const weir_body *));
MEMBER(weir_bytes, room, 16, size_t (*)(const weir_body *));
MEMBER(weir_bytes, spans, 24, size_t (*)(const weir_body *, weir_str *out, size_t max));
MEMBER(weir_bytes, drop, 32, void (*)(weir_body *, uint64_t n));
MEMBER(weir_bytes, move, 40, void (*)(weir_body *to, weir_body *from, uint64_t n));
MEMBER(weir_bytes, put, 48, weir_rc (*)(weir_body *, weir_str));
MEMBER(weir_bytes, put_owned, 56, weir_rc (*)(weir_body *, weir_str, weir_fn release, void *arg));
MEMBER(weir_bytes, put_file, 64, weir_rc (*)(weir_body *, int fd, uint64_t at, uint64_t n));
MEMBER(weir_bytes, finish, 72, void (*)(weir_body *));
MEMBER(weir_loop, size, 0, uint32_t);
MEMBER(weir_loop, now, 8, uint64_t (*)(void));
MEMBER(weir_loop, timer, 16, weir_ref (*)(weir_ref owner, uint64_t ms, weir_fn, void *arg));
MEMBER(weir_loop, cancel, 24, void (*)(weir_ref timer));
MEMBER(weir_loop, post, 32, weir_rc (*)(weir_ref owner, weir_fn, void *arg));
MEMBER(weir_loop, task, 40, weir_rc (*)(weir_ref owner, weir_fn work, weir_fn done, void *arg));
MEMBER(weir_http_filter, size, 0, uint32_t);
MEMBER(weir_http_filter, ctx_size, 4, uint32_t);
MEMBER(weir_http_filter, request, 8, uint32_t (*)(const weir_call *));
MEMBER(weir_http_filter, request_body, 16, uint32_t (*)(const weir_call *, weir_body *in, weir_body
        *out));
MEMBER(weir_http_filter, response, 24, uint32_t (*)(const weir_call *));
MEMBER(weir_http_filter, response_body, 32, uint32_t (*)(const weir_call *, weir_body *in,
        weir_body *out));
MEMBER(weir_http_filter, end, 40, void (*)(const weir_call *));
MEMBER(weir_http_filter, explain, 48, void (*)(const weir_call *, void *to, void (*say)(void *to,
        weir_str)));
MEMBER(weir_handler, size, 0, uint32_t);
MEMBER(weir_handler, ctx_size, 4, uint32_t);
MEMBER(weir_handler, request, 8, uint32_t (*)(const weir_call *));
MEMBER(weir_handler, run, 16, uint32_t (*)(const weir_call *, weir_body *in, weir_body *out));
MEMBER(weir_handler, end, 24, void (*)(const weir_call *));
MEMBER(weir_handler, explain, 32, void (*)(const weir_call *, void *to, void (*say)(void *to,
        weir_str)));
MEMBER(weir_observer, size, 0, uint32_t);
MEMBER(weir_observer, ctx_size, 4, uint32_t);
MEMBER(weir_observer, exchange, 8, void (*)(const weir_call *));
MEMBER(weir_observer, flush, 16, void (*)(void *instance, void *state));
MEMBER(weir_link, size, 0, uint32_t);
MEMBER(weir_link, side, 4, uint32_t);
MEMBER(weir_link, conn, 8, void *);
MEMBER(weir_link, conf, 16, const void *);
MEMBER(weir_link, instance, 24, void *);
MEMBER(weir_link, state, 32, void *);
MEMBER(weir_link, cells, 40, uint64_t *);
MEMBER(weir_link, ref, 48, weir_ref);
MEMBER(weir_link, fd, 56, int32_t);
MEMBER(weir_links, size, 0, uint32_t);
MEMBER(weir_links, recv, 8, uint32_t (*)(const weir_link *, char *into, size_t room, size_t *n));
MEMBER(weir_links, peek, 16, uint32_t (*)(const weir_link *, char *into, size_t room, size_t *n));
MEMBER(weir_links, send, 24, uint32_t (*)(const weir_link *, const weir_str *pieces, size_t count,
        uint32_t more, size_t *n));
MEMBER(weir_links, peer, 32, weir_address (*)(const weir_link *));
MEMBER(weir_links, local, 40, weir_address (*)(const weir_link *));
MEMBER(weir_links, set_peer, 48, weir_rc (*)(const weir_link *, weir_address));
MEMBER(weir_links, set_local, 56, weir_rc (*)(const weir_link *, weir_address));
MEMBER(weir_links, server_name, 64, weir_str (*)(const weir_link *));
MEMBER(weir_links, client, 72, weir_address (*)(const weir_link *));
MEMBER(weir_links, client_local, 80, weir_address (*)(const weir_link *));
MEMBER(weir_links, protocols, 88, const weir_str * (*)(const weir_link *, size_t *n));
MEMBER(weir_links, wake, 96, weir_rc (*)(weir_ref));
MEMBER(weir_transport, size, 0, uint32_t);
MEMBER(weir_transport, conn_size, 4, uint32_t);
MEMBER(weir_transport, open, 8, weir_rc (*)(const weir_link *));
MEMBER(weir_transport, handshake, 16, uint32_t (*)(const weir_link *));
MEMBER(weir_transport, recv, 24, uint32_t (*)(const weir_link *, char *into, size_t room, size_t
        *n));
MEMBER(weir_transport, send, 32, uint32_t (*)(const weir_link *, const weir_str *pieces, size_t
        count, uint32_t more, size_t *n));
MEMBER(weir_transport, pending, 40, size_t (*)(const weir_link *));
MEMBER(weir_transport, end, 48, uint32_t (*)(const weir_link *));
MEMBER(weir_transport, close, 56, void (*)(const weir_link *));
MEMBER(weir_transport, info, 64, weir_str (*)(const weir_link *, uint32_t attribute));
MEMBER(weir_transport, serves, 72, uint32_t (*)(const weir_link *, weir_str host));
MEMBER(weir_endpoint, address, 0, weir_str);
MEMBER(weir_endpoint, weight, 16, uint32_t);
MEMBER(weir_endpoint, flags, 20, uint32_t);
MEMBER(weir_pick, size, 0, uint32_t);
MEMBER(weir_pick, count, 4, uint32_t);
MEMBER(weir_pick, table, 8, const void *);
MEMBER(weir_pick, state, 16, void *);
MEMBER(weir_pick, in_flight, 24, const uint32_t *);
MEMBER(weir_pick, skip, 32, const uint8_t *);
MEMBER(weir_pick, random, 40, uint64_t);
MEMBER(weir_pick, tx, 48, weir_tx *);
MEMBER(weir_balancer, size, 0, uint32_t);
MEMBER(weir_balancer, build, 8, void * (*)(void *instance, const weir_endpoint *, size_t n));
MEMBER(weir_balancer, state_size, 16, size_t (*)(const void *table));
MEMBER(weir_balancer, pick, 24, int32_t (*)(void *instance, const weir_pick *));
MEMBER(weir_balancer, done, 32, void (*)(void *instance, const weir_pick *, uint32_t endpoint,
        uint32_t outcome, uint64_t ns));
MEMBER(weir_balancer, drop, 40, void (*)(void *table));
SIZE(weir_str, 16);
SIZE(weir_address, 20);
SIZE(weir_cidr, 20);
SIZE(weir_list, 16);
SIZE(weir_field, 40);
SIZE(weir_endpoint, 24);
CALLBACK(weir_fn, void (*)(void *arg, weir_rc why));
CALLBACK(weir_entry_fn, const weir_module * (*)(void));
VALUE(WEIR_H_OTHER, 0); VALUE(WEIR_H_HOST, 1); VALUE(WEIR_H_CONNECTION, 2);
VALUE(WEIR_H_CONTENT_LENGTH, 3); VALUE(WEIR_H_TRANSFER_ENCODING, 4); VALUE(WEIR_H_CONTENT_TYPE, 5);
VALUE(WEIR_H_DATE, 6); VALUE(WEIR_H_ACCEPT, 7); VALUE(WEIR_H_ACCEPT_ENCODING, 8);
VALUE(WEIR_H_ACCEPT_LANGUAGE, 9); VALUE(WEIR_H_ACCEPT_RANGES, 10); VALUE(WEIR_H_AGE, 11);
VALUE(WEIR_H_ALLOW, 12); VALUE(WEIR_H_ALT_SVC, 13); VALUE(WEIR_H_AUTHORIZATION, 14);
VALUE(WEIR_H_CACHE_CONTROL, 15); VALUE(WEIR_H_CONTENT_DISPOSITION, 16);
VALUE(WEIR_H_CONTENT_ENCODING, 17); VALUE(WEIR_H_CONTENT_LANGUAGE, 18);
VALUE(WEIR_H_CONTENT_LOCATION, 19); VALUE(WEIR_H_CONTENT_RANGE, 20); VALUE(WEIR_H_COOKIE, 21);
VALUE(WEIR_H_ETAG, 22); VALUE(WEIR_H_EXPECT, 23); VALUE(WEIR_H_EXPIRES, 24);
VALUE(WEIR_H_FORWARDED, 25); VALUE(WEIR_H_IF_MATCH, 26); VALUE(WEIR_H_IF_MODIFIED_SINCE, 27);
VALUE(WEIR_H_IF_NONE_MATCH, 28); VALUE(WEIR_H_IF_RANGE, 29); VALUE(WEIR_H_IF_UNMODIFIED_SINCE, 30);
VALUE(WEIR_H_KEEP_ALIVE, 31); VALUE(WEIR_H_LAST_MODIFIED, 32); VALUE(WEIR_H_LINK, 33);
VALUE(WEIR_H_LOCATION, 34); VALUE(WEIR_H_MAX_FORWARDS, 35); VALUE(WEIR_H_ORIGIN, 36);
VALUE(WEIR_H_PRAGMA, 37); VALUE(WEIR_H_PROXY_AUTHENTICATE, 38);
VALUE(WEIR_H_PROXY_AUTHORIZATION, 39); VALUE(WEIR_H_PROXY_CONNECTION, 40); VALUE(WEIR_H_RANGE, 41);
VALUE(WEIR_H_REFERER, 42); VALUE(WEIR_H_RETRY_AFTER, 43); VALUE(WEIR_H_SERVER, 44);
VALUE(WEIR_H_SET_COOKIE, 45); VALUE(WEIR_H_TE, 46); VALUE(WEIR_H_TRAILER, 47);
VALUE(WEIR_H_UPGRADE, 48); VALUE(WEIR_H_USER_AGENT, 49); VALUE(WEIR_H_VARY, 50);
VALUE(WEIR_H_VIA, 51); VALUE(WEIR_H_WWW_AUTHENTICATE, 52); VALUE(WEIR_H_X_FORWARDED_FOR, 53);
VALUE(WEIR_H_X_FORWARDED_HOST, 54); VALUE(WEIR_H_X_FORWARDED_PROTO, 55);
VALUE(WEIR_H_X_REAL_IP, 56); VALUE(WEIR_H_X_REQUEST_ID, 57); VALUE(WEIR_H_TRACEPARENT, 58);
VALUE(WEIR_H_TRACESTATE, 59); VALUE(WEIR_H_HTTP2_SETTINGS, 60); VALUE(WEIR_H_SEC_WEBSOCKET_KEY, 61);
VALUE(WEIR_H_SEC_WEBSOCKET_ACCEPT, 62); VALUE(WEIR_H_SEC_WEBSOCKET_VERSION, 63);
VALUE(WEIR_H_SEC_WEBSOCKET_PROTOCOL, 64); VALUE(WEIR_H_SEC_WEBSOCKET_EXTENSIONS, 65);
VALUE(WEIR_H_STRICT_TRANSPORT_SECURITY, 66); VALUE(WEIR_H_CONTENT_SECURITY_POLICY, 67);
VALUE(WEIR_H_PRIORITY, 68); VALUE(WEIR_H_EARLY_DATA, 69);
VALUE(WEIR_H_ACCESS_CONTROL_ALLOW_ORIGIN, 70); VALUE(WEIR_A_FIRST, 512);
VALUE(WEIR_A_BEFORE_FIRST, 511); VALUE(WEIR_A_CLIENT_ADDRESS, 512); VALUE(WEIR_A_CLIENT_PORT, 513);
VALUE(WEIR_A_PEER_ADDRESS, 514); VALUE(WEIR_A_LISTENER, 515); VALUE(WEIR_A_REQUEST_ID, 516);
VALUE(WEIR_A_REQUEST_METHOD, 517); VALUE(WEIR_A_REQUEST_SCHEME, 518);
VALUE(WEIR_A_REQUEST_HOST, 519); VALUE(WEIR_A_REQUEST_AUTHORITY, 520);
VALUE(WEIR_A_REQUEST_PATH, 521); VALUE(WEIR_A_REQUEST_QUERY, 522);
VALUE(WEIR_A_REQUEST_TARGET, 523); VALUE(WEIR_A_REQUEST_VERSION, 524);
VALUE(WEIR_A_REQUEST_BYTES, 525); VALUE(WEIR_A_RESPONSE_STATUS, 526);
VALUE(WEIR_A_RESPONSE_BYTES, 527); VALUE(WEIR_A_RESPONSE_REASON, 528); VALUE(WEIR_A_ROUTE, 529);
VALUE(WEIR_A_UPSTREAM, 530); VALUE(WEIR_A_ENDPOINT, 531); VALUE(WEIR_A_UPSTREAM_STATUS, 532);
VALUE(WEIR_A_UPSTREAM_TIME, 533); VALUE(WEIR_A_UPSTREAM_ATTEMPTS, 534); VALUE(WEIR_A_DURATION, 535);
VALUE(WEIR_A_TIME, 536); VALUE(WEIR_A_TIME_CLF, 537); VALUE(WEIR_A_TIME_UNIX, 538);
VALUE(WEIR_A_PROCESS_STATE, 539); VALUE(WEIR_A_PROTOCOL, 540); VALUE(WEIR_INTERNED, 1024);
VALUE(WEIR_OK, 0); VALUE(WEIR_ERROR, -1); VALUE(WEIR_GONE, -2); VALUE(WEIR_FULL, -3);
VALUE(WEIR_UNSUPPORTED, -4); VALUE(WEIR_INVALID, -5); VALUE(WEIR_TRACE, 0); VALUE(WEIR_DEBUG, 1);
VALUE(WEIR_INFO, 2); VALUE(WEIR_NOTICE, 3); VALUE(WEIR_WARN, 4); VALUE(WEIR_ERR, 5);
VALUE(WEIR_BOOL, 1); VALUE(WEIR_INT, 2); VALUE(WEIR_FLOAT, 3); VALUE(WEIR_TEXT, 4);
VALUE(WEIR_DURATION, 5); VALUE(WEIR_BYTES, 6); VALUE(WEIR_PERCENT, 7); VALUE(WEIR_RATE, 8);
VALUE(WEIR_CHOICE, 9); VALUE(WEIR_TEMPLATE, 10); VALUE(WEIR_CIDR, 11); VALUE(WEIR_FILE, 12);
VALUE(WEIR_SECRET, 13); VALUE(WEIR_TABLE, 14); VALUE(WEIR_LIST, 1); VALUE(WEIR_MAP, 2);
VALUE(WEIR_REQUIRED, 4); VALUE(WEIR_PER_ROUTE, 8); VALUE(WEIR_DEPRECATED, 16);
VALUE(WEIR_FIELD_KEYS, 32); VALUE(WEIR_COUNTER, 1); VALUE(WEIR_GAUGE, 2); VALUE(WEIR_DRAFT, 1);
VALUE(WEIR_SECURITY, 2); VALUE(WEIR_ANSWERS, 4); VALUE(WEIR_ENCRYPTS, 8);
VALUE(WEIR_PER_EXCHANGE, 16); VALUE(WEIR_READS_FILES, 32); VALUE(WEIR_REQUEST, 0);
VALUE(WEIR_RESPONSE, 1); VALUE(WEIR_NEXT, 0); VALUE(WEIR_WAIT, 1); VALUE(WEIR_ANSWERED, 2);
VALUE(WEIR_FAIL, 3); VALUE(WEIR_REROUTE, 4); VALUE(WEIR_SKIP_BODY, 0); VALUE(WEIR_STREAM_BODY, 1);
VALUE(WEIR_PEEK_BODY, 2); VALUE(WEIR_WHOLE_BODY, 3); VALUE(WEIR_LAST, 1); VALUE(WEIR_OVER_LIMIT, 2);
VALUE(WEIR_TUNNEL, 4); VALUE(WEIR_ESCAPE_NONE, 0); VALUE(WEIR_ESCAPE_JSON, 1);
VALUE(WEIR_ESCAPE_LOG, 2); VALUE(WEIR_ESCAPE_URI, 3); VALUE(WEIR_ESCAPE_HTML, 4);
VALUE(WEIR_ACCEPTED, 0); VALUE(WEIR_CONNECTED, 1); VALUE(WEIR_IO_OK, 0); VALUE(WEIR_IO_AGAIN, 1);
VALUE(WEIR_IO_BROKEN, 3); VALUE(WEIR_SUCCEEDED, 0); VALUE(WEIR_CONNECT_FAILED, 1);
VALUE(WEIR_BROKE, 2); VALUE(WEIR_CANCELLED, 3);
