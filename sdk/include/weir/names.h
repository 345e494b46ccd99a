/* SPDX-License-Identifier: Apache-2.0
 *
 * weir/names.h: the names that have an id for good, part of weir/module.h. Append only.
 */
#ifndef WEIR_NAMES_H
#define WEIR_NAMES_H
/* clang-format off */
/* Field names with a constant id, in lower case. Append only: the position is the id. A name from
   a config file gets an id from WEIR_INTERNED on; a name that only a peer sent has id 0. A field
   may be called like an attribute ("route"): the id is the same, the call says which is meant. */
#define WEIR_FIELD_NAMES(X)                                                                     \
  X(HOST, "host") X(CONNECTION, "connection") X(CONTENT_LENGTH, "content-length")               \
  X(TRANSFER_ENCODING, "transfer-encoding") X(CONTENT_TYPE, "content-type") X(DATE, "date")     \
  X(ACCEPT, "accept") X(ACCEPT_ENCODING, "accept-encoding")                                     \
  X(ACCEPT_LANGUAGE, "accept-language") X(ACCEPT_RANGES, "accept-ranges") X(AGE, "age")         \
  X(ALLOW, "allow") X(ALT_SVC, "alt-svc") X(AUTHORIZATION, "authorization")                     \
  X(CACHE_CONTROL, "cache-control") X(CONTENT_DISPOSITION, "content-disposition")               \
  X(CONTENT_ENCODING, "content-encoding") X(CONTENT_LANGUAGE, "content-language")               \
  X(CONTENT_LOCATION, "content-location") X(CONTENT_RANGE, "content-range")                     \
  X(COOKIE, "cookie") X(ETAG, "etag") X(EXPECT, "expect") X(EXPIRES, "expires")                 \
  X(FORWARDED, "forwarded") X(IF_MATCH, "if-match") X(IF_MODIFIED_SINCE, "if-modified-since")   \
  X(IF_NONE_MATCH, "if-none-match") X(IF_RANGE, "if-range")                                     \
  X(IF_UNMODIFIED_SINCE, "if-unmodified-since") X(KEEP_ALIVE, "keep-alive")                     \
  X(LAST_MODIFIED, "last-modified") X(LINK, "link") X(LOCATION, "location")                     \
  X(MAX_FORWARDS, "max-forwards") X(ORIGIN, "origin") X(PRAGMA, "pragma")                       \
  X(PROXY_AUTHENTICATE, "proxy-authenticate") X(PROXY_AUTHORIZATION, "proxy-authorization")     \
  X(PROXY_CONNECTION, "proxy-connection") X(RANGE, "range") X(REFERER, "referer")               \
  X(RETRY_AFTER, "retry-after") X(SERVER, "server") X(SET_COOKIE, "set-cookie") X(TE, "te")     \
  X(TRAILER, "trailer") X(UPGRADE, "upgrade") X(USER_AGENT, "user-agent") X(VARY, "vary")       \
  X(VIA, "via") X(WWW_AUTHENTICATE, "www-authenticate") X(X_FORWARDED_FOR, "x-forwarded-for")   \
  X(X_FORWARDED_HOST, "x-forwarded-host") X(X_FORWARDED_PROTO, "x-forwarded-proto")             \
  X(X_REAL_IP, "x-real-ip") X(X_REQUEST_ID, "x-request-id") X(TRACEPARENT, "traceparent")       \
  X(TRACESTATE, "tracestate") X(HTTP2_SETTINGS, "http2-settings")                               \
  X(SEC_WEBSOCKET_KEY, "sec-websocket-key") X(SEC_WEBSOCKET_ACCEPT, "sec-websocket-accept")     \
  X(SEC_WEBSOCKET_VERSION, "sec-websocket-version")                                             \
  X(SEC_WEBSOCKET_PROTOCOL, "sec-websocket-protocol")                                           \
  X(SEC_WEBSOCKET_EXTENSIONS, "sec-websocket-extensions")                                       \
  X(STRICT_TRANSPORT_SECURITY, "strict-transport-security")                                     \
  X(CONTENT_SECURITY_POLICY, "content-security-policy") X(PRIORITY, "priority")                 \
  X(EARLY_DATA, "early-data") X(ACCESS_CONTROL_ALLOW_ORIGIN, "access-control-allow-origin")

#define WEIR_FIELD_ID(id, text) WEIR_H_##id,
enum { WEIR_H_OTHER, WEIR_FIELD_NAMES(WEIR_FIELD_ID) WEIR_H_COUNT };

/* Attributes: what the kernel knows of an exchange, by the same ids as fields and the same names
   as in templates. Text ones are read by attr, numbers by number; both append only. */
#define WEIR_ATTRIBUTE_NAMES(X)                                                               \
  X(CLIENT_ADDRESS, "client.address")       /* after real_ip; without port */                 \
  X(CLIENT_PORT, "client.port")                                                               \
  X(PEER_ADDRESS, "peer.address")           /* of the socket */                               \
  X(LISTENER, "listener")                   /* its address as in the file */                  \
  X(REQUEST_ID, "request.id")                                                                 \
  X(REQUEST_METHOD, "request.method")                                                         \
  X(REQUEST_SCHEME, "request.scheme")                                                         \
  X(REQUEST_HOST, "request.host")           /* lower case, without port */                    \
  X(REQUEST_AUTHORITY, "request.authority") /* host[:port] */                                 \
  X(REQUEST_PATH, "request.path")           /* canonical */                                   \
  X(REQUEST_QUERY, "request.query")         /* without "?" */                                 \
  X(REQUEST_TARGET, "request.target")       /* as received */                                 \
  X(REQUEST_VERSION, "request.version")     /* "HTTP/1.1" */                                  \
  X(REQUEST_BYTES, "request.bytes")         /* number: body bytes received */                 \
  X(RESPONSE_STATUS, "response.status")     /* number; 0: none was sent */                    \
  X(RESPONSE_BYTES, "response.bytes")       /* number: body bytes sent */                     \
  X(RESPONSE_REASON, "response.reason")     /* why it ended: "ok", "reset_by_client", ... */  \
  X(ROUTE, "route")                         /* its name, or file:line */                      \
  X(UPSTREAM, "upstream")                                                                     \
  X(ENDPOINT, "endpoint")                   /* address it was sent to */                      \
  X(UPSTREAM_STATUS, "upstream.status")     /* number */                                      \
  X(UPSTREAM_TIME, "upstream.time")         /* number: ns from connect to response head */    \
  X(UPSTREAM_ATTEMPTS, "upstream.attempts") /* number */                                      \
  X(DURATION, "duration")                   /* number: ns since the first byte of the head */ \
  X(TIME, "time")                           /* start, RFC 3339 in UTC with milliseconds */    \
  X(TIME_CLF, "time.clf")                   /* start, 10/Oct/2000:13:55:36 +0000 */           \
  X(TIME_UNIX, "time.unix")                 /* number: start, milliseconds since 1970 */      \
  X(PROCESS_STATE, "process.state")         /* "serving", or "draining": it is about to end */  \
  X(PROTOCOL, "connection.protocol")        /* what ALPN has settled: "h2"; else empty */

enum { WEIR_A_FIRST = 512 };
#define WEIR_ATTRIBUTE_ID(id, text) WEIR_A_##id,
enum { WEIR_A_BEFORE_FIRST = WEIR_A_FIRST - 1, WEIR_ATTRIBUTE_NAMES(WEIR_ATTRIBUTE_ID) WEIR_A_END };
enum { WEIR_INTERNED = 1024 }; /* the first id that `intern` gives to a new name */

#endif
