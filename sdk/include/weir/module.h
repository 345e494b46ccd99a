/* SPDX-License-Identifier: Apache-2.0
 *
 * weir/module.h: the module ABI of weir, major 1. C11 and C++20; this file is the reference.
 * The story that goes with it, from the first module on, is sdk/README.md.
 *
 * A module is an ELF shared object with one exported symbol, weir_module_v1, and an ELF note
 * that names what it holds. It links to nothing of weir: all it needs arrives in tables.
 *
 * R1 growth      A struct that begins with `size` may gain members at its end in a minor release.
 *                Whoever fills it writes sizeof; whoever reads it asks WEIR_HAS before touching a
 *                member newer than the minor it requires. A struct without `size` is frozen.
 * R2 memory      Pointers are borrowed until the call returns unless the line says otherwise.
 *                Neither side frees what the other allocated.
 * R3 re-entry    The kernel never enters a module that is already on the stack for the same
 *                exchange: respond, resume, timers and posts act after the callback returned.
 * R4 threads     Each line ends with where it runs: [C] the control thread, one call at a time;
 *                [W] the event loop that owns the object; [P] a pool thread; [A] any thread.
 * R5 unwinding   Nothing is thrown and nothing jumps across this boundary, in either direction.
 * R6 numbers     Enumerations travel as uint32_t. An incoming value you do not know means "other".
 * R7 ids         Services and kinds are "name/revision". A changed meaning is a new id, never an
 *                edit. A draft keeps its id when it becomes final.
 * R8 instances   One instance serves all loops; it is read-only after `start`. What a loop changes
 *                lives in `state` (one per loop) or `ctx` (one per exchange). Assume nothing about
 *                memory shared between loops: they may be processes.
 */
#ifndef WEIR_MODULE_H
#define WEIR_MODULE_H
/* Columns of comments are aligned by hand. */
/* clang-format off */
#include <stddef.h>
#include <stdint.h>
#include <weir/names.h> /* IWYU pragma: export */
#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_ABI_MAJOR 1u
#define WEIR_ABI_MINOR 0u

/* True when the struct that `p` points to is new enough to hold member `m`, and `m` is set. */
#define WEIR_HAS(T, p, m) ((p) && (p)->size >= offsetof(T, m) + sizeof(((T *)0)->m) && (p)->m)

/* ---- Basic types --------------------------------------------------------------------------- */

typedef struct weir_str { /* bytes, not NUL-ended; p == NULL: absent. Frozen */
  const char *p;
  size_t n;
} weir_str;

/* Names an exchange, a loop's instance or a timer. It carries a generation: one that outlived its
   owner is harmless, calls with it return WEIR_GONE. Keep refs, never pointers to exchanges. */
typedef uint64_t weir_ref;

typedef int32_t weir_rc;
enum {
  WEIR_OK = 0,
  WEIR_ERROR = -1,
  WEIR_GONE = -2,        /* the ref's owner has ended */
  WEIR_FULL = -3,        /* taken, and now please stop until called again */
  WEIR_UNSUPPORTED = -4, /* this kernel or this phase does not offer it */
  WEIR_INVALID = -5      /* the value breaks a rule of the protocol; nothing changed */
};

enum { WEIR_TRACE, WEIR_DEBUG, WEIR_INFO, WEIR_NOTICE, WEIR_WARN, WEIR_ERR };

typedef struct weir_address { /* IPv4 is held as ::ffff:a.b.c.d. Frozen */
  uint8_t bytes[16];
  uint16_t port;
  uint16_t family; /* 0 none, 1 Unix socket, 4, 6 */
} weir_address;

typedef struct weir_cidr { /* IPv4 ranges are held mapped, so 10.0.0.0/8 has bits == 104. Frozen */
  uint8_t bytes[16];
  uint32_t bits;
} weir_cidr;

typedef struct weir_tx weir_tx;             /* an exchange: one request and its response */
typedef struct weir_body weir_body;         /* a queue of reference-counted byte slices */
typedef struct weir_template weir_template; /* a compiled "{client.address} {request.path}" */

/* Called exactly once. why is WEIR_OK, or WEIR_GONE when the owner ended first: free `arg` only.
   Never called for what was refused: a timer of 0, a post or task that did not return WEIR_OK. */
typedef void (*weir_fn)(void *arg, weir_rc why);

/* ---- The host ------------------------------------------------------------------------------ */

typedef struct weir_host { /* the one table a module is given; all else comes from get */
  uint32_t size;
  uint32_t abi_minor;
  const char *version;       /* the kernel's, for people */
  const uint32_t *log_level; /* read it before formatting anything: log when level >= *log_level */
  const void *(*get)(const char *service_id); /* table or NULL; lasts as long as the process [A] */
  uint32_t (*intern)(weir_str name); /* lower case field or attribute name to id; lasts      [C] */
  void (*log)(const void *instance, uint32_t level, weir_str text); /* instance: the pointer that
                                     configure stored; the line begins with its name; or NULL [A] */
} weir_host;

/* ---- Configuration: declared, so that the kernel parses, checks, merges and documents it ---- */

enum { /* type of a key, and the member it fills in the conf struct */
  WEIR_BOOL = 1, /* uint32_t: 0 or 1 */
  WEIR_INT,      /* int64_t */
  WEIR_FLOAT,    /* double */
  WEIR_TEXT,     /* weir_str */
  WEIR_DURATION, /* int64_t nanoseconds, written "30s" */
  WEIR_BYTES,    /* uint64_t, written "64KiB" */
  WEIR_PERCENT,  /* double 0 to 1, written "20%" */
  WEIR_RATE,     /* double per second, written "50/s" */
  WEIR_CHOICE,   /* uint32_t: index into choices */
  WEIR_TEMPLATE, /* const weir_template *: expand it with weir.http/1; NULL when absent */
  WEIR_CIDR,     /* weir_cidr; a bare address is a range of one */
  WEIR_FILE,     /* weir_str: a path, made absolute from the file that names it; not opened */
  WEIR_SECRET,   /* weir_str; only { file = } or { env = }, never shown by dumps */
  WEIR_TABLE     /* the struct described by `sub`, nested in place */
};
enum { /* flags of a key */
  WEIR_LIST = 1,       /* weir_list of the type's member; one value counts as a list of one */
  WEIR_MAP = 2,        /* weir_list of { weir_str key; uint64_t key_id; member } */
  WEIR_REQUIRED = 4,   /* must be written */
  WEIR_PER_ROUTE = 8,  /* may be set again where a route uses a named instance */
  WEIR_DEPRECATED = 16,/* still works; `check` warns with the doc text */
  WEIR_FIELD_KEYS = 32 /* WEIR_MAP: keys are field names, checked, key_id is their id */
};

typedef struct weir_list { /* entries lie one after the other. Frozen */
  const void *items;
  size_t n;
} weir_list;

typedef struct weir_schema weir_schema;
typedef struct weir_key { /* may grow: the array's stride is weir_schema.key_size */
  const char *name;       /* as in the file */
  const char *doc;        /* one sentence for the manual */
  const char *preset;     /* the default, written as in the file; NULL: absent (all bits zero) */
  uint32_t type, flags;
  size_t offset;          /* of the member in the conf struct */
  const char *const *choices; /* WEIR_CHOICE: NULL-ended */
  const weir_schema *sub;     /* WEIR_TABLE */
  double min, max;            /* inclusive, in the member's unit; both 0: no bound */
} weir_key;
struct weir_schema {
  uint32_t size;
  uint32_t key_size;
  const weir_key *keys;
  size_t count;
  size_t conf_size;
};
#define WEIR_SCHEMA(keys, conf) \
  { sizeof(weir_schema), sizeof(weir_key), keys, sizeof(keys) / sizeof((keys)[0]), sizeof(conf) }

enum { WEIR_COUNTER = 1, WEIR_GAUGE = 2 }; /* kinds of metric */

typedef struct weir_setup { /* the argument of configure */
  uint32_t size;
  uint32_t flags;           /* none yet */
  weir_str name;            /* the instance's name in the file; lasts as long as the instance */
  const void *conf;         /* your struct, filled; lasts as long as the instance */
  void *report;             /* first argument of complain */
  /* A finding of yours, at the key's place in the file; level is WEIR_WARN or WEIR_ERR, key is a
     path such as "users[2].hash" or NULL for the whole table, hint is a way out or absent.  [C] */
  void (*complain)(void *report, uint32_t level, const char *key, weir_str text, weir_str hint);
  /* Index of a cell in weir_call.cells; the same name within one instance is the same cell. [C] */
  uint32_t (*metric)(void *report, uint32_t kind, const char *name, const char *help);
  uint32_t side; /* of a transport: WEIR_ACCEPTED for a listener, WEIR_CONNECTED for an upstream */
} weir_setup;

/* ---- A module and its components ----------------------------------------------------------- */

typedef struct weir_worker { /* one event loop, as an instance meets it */
  uint32_t size;
  uint32_t index;   /* 0 .. count - 1 */
  uint32_t count;
  weir_ref ref;     /* owner for timers and tasks of this instance on this loop */
  uint64_t *cells;  /* this loop's metric cells of this instance */
} weir_worker;

enum { /* flags of a component */
  WEIR_DRAFT = 1,    /* may still change; the manual says so */
  WEIR_SECURITY = 2, /* a fault of it never lets a request pass */
  WEIR_ANSWERS = 4,  /* a filter that answers by itself: its route needs no `to` */
  WEIR_ENCRYPTS = 8, /* a transport: nobody on the way reads what passes; requests are "https" */
  WEIR_PER_EXCHANGE = 16, /* a transport to endpoints that names the client: each connection serves
                             one exchange */
  WEIR_READS_FILES = 32 /* the files that it names are only read: a reload that finds keys and files
                           as they were keeps the instance */
};

typedef struct weir_component {
  uint32_t size;
  uint32_t flags;
  const char *kind;      /* "weir.http-filter/1", "weir.handler/1", "weir.balancer/1", ... */
  const char *name;      /* as used in the file */
  const char *doc;       /* one sentence */
  const weir_schema *schema; /* NULL: it has no keys */
  const void *ops;           /* the vtable of that kind */
  const char *const *identity; /* NULL-ended field names that only this component may set: the
                                  kernel drops them from requests as they arrive; may be NULL */
  /* Pure: it may read the conf and files, but starts no thread, socket or timer, so that `check`
     runs exactly this. Return WEIR_ERROR after complain to refuse the file.                 [C] */
  weir_rc (*configure)(const weir_setup *, void **instance);
  weir_rc (*start)(void *instance);              /* its generation goes live                 [C] */
  void (*adopt)(void *instance, void *previous); /* reload within one image: share state     [C] */
  weir_rc (*worker_start)(void *instance, const weir_worker *, void **state); /* worker lasts
                                                                     until worker_stop       [W] */
  void (*worker_stop)(void *instance, void *state); /* no exchange, no task of it is left    [W] */
  void (*reopen)(void *instance, void *state);   /* SIGUSR1: open log files anew             [W] */
  void (*destroy)(void *instance);               /* last                                     [C] */
  /* adopt and save come before start, when the reload may still be refused: the former instance
     goes on to serve, so copy or share its state and take nothing away. Another version of the code
     gets it as bytes that name their own form, in one piece or several; what restore does not
     understand it refuses with WEIR_ERROR, and begins with nothing.                         [C] */
  weir_rc (*save)(void *instance, void *to, void (*put)(void *to, weir_str bytes));
  weir_rc (*restore)(void *instance, weir_str bytes); /* `bytes` lasts until it returns      [C] */
} weir_component;

typedef struct weir_module {
  uint32_t size;
  uint32_t minor_built;    /* WEIR_ABI_MINOR at compile time, shown to people */
  uint32_t minor_required; /* loads when weir_host.abi_minor >= minor_required */
  const char *name, *version, *license, *doc;
  const weir_component *const *components; /* NULL-ended */
  const char *const *needs; /* NULL-ended permissions: "files", "connect", "threads"; may be NULL */
  weir_rc (*load)(const weir_host *);      /* once per mapped image; the host table lasts    [C] */
} weir_module;

#ifndef WEIR_ENTRY /* a static build gives each module an entry name of its own */
#define WEIR_ENTRY weir_module_v1
#endif
typedef const weir_module *(*weir_entry_fn)(void); /* returns constant data, does nothing    [C] */

/* The note lets tools and the loader read name, version and needed minor without running code.
   One per module, beside WEIR_EXPORT: WEIR_NOTE("hello", "1.0", "0", "weir.http-filter/1") */
#define WEIR_NOTE_TEXT(name, version, minor, kinds) \
  "abi=1 needs=" minor " name=" name " version=" version " kinds=" kinds
#define WEIR_NOTE(name, version, minor, kinds)                                             \
  __attribute__((used, section(".note.weir"), aligned(4))) static const struct {           \
    uint32_t name_size, text_size, type;                                                   \
    char owner[8];                                                                         \
    char text[(sizeof(WEIR_NOTE_TEXT(name, version, minor, kinds)) + 3) / 4 * 4];          \
  } weir_note = {5, sizeof(WEIR_NOTE_TEXT(name, version, minor, kinds)), 1, "weir",        \
                 WEIR_NOTE_TEXT(name, version, minor, kinds)}
#ifdef __cplusplus
#define WEIR_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define WEIR_EXPORT __attribute__((visibility("default")))
#endif

/* ---- HTTP: an exchange as a callback meets it ------------------------------------------------ */

typedef struct weir_field { /* one field line; name as received, id as in names.h. Frozen */
  weir_str name, value;
  uint32_t id, flags; /* flags: none yet */
} weir_field;


enum { WEIR_REQUEST, WEIR_RESPONSE }; /* side */

enum { /* verdict */
  WEIR_NEXT,     /* go on */
  WEIR_WAIT,     /* hold the exchange until resume; after the instance's wait_timeout it fails */
  WEIR_ANSWERED, /* respond was called in this callback */
  WEIR_FAIL,     /* something is wrong here: the instance's on_fault policy decides */
  WEIR_REROUTE   /* request callback only: match the edited request anew, at most 5 times */
};

enum { /* how a callback wants the body of its side; see want_body */
  WEIR_SKIP_BODY,   /* default: bytes pass by, no call, no copy */
  WEIR_STREAM_BODY, /* called as bytes arrive and as room appears; the head goes on */
  WEIR_PEEK_BODY,   /* called once with the first `limit` bytes or all; the head is held till then */
  WEIR_WHOLE_BODY   /* called once with all; the head is held; beyond `limit` WEIR_OVER_LIMIT */
};

enum { /* flags of a call */
  WEIR_LAST = 1,       /* `in` holds the last bytes of the body */
  WEIR_OVER_LIMIT = 2, /* WHOLE: the body is larger than the limit; `in` holds its beginning */
  WEIR_TUNNEL = 4      /* the exchange became a tunnel (101); bodies are its two directions */
};

typedef struct weir_call { /* lasts as long as the exchange; its flags are of the current callback */
  uint32_t size;
  uint32_t flags;
  weir_tx *tx;
  weir_ref ref;       /* keep this, never tx, for what comes back later; see resume */
  const void *conf;   /* the instance's conf with the route's changes applied */
  void *instance;
  void *state;        /* what worker_start gave */
  void *ctx;          /* ctx_size zeroed bytes of this exchange, aligned for any type */
  uint64_t *cells;    /* this loop's metric cells: plain add, no call, no lock */
} weir_call;

enum { /* how expand writes values; literal text is written as it is */
  WEIR_ESCAPE_NONE,
  WEIR_ESCAPE_JSON, /* for the inside of a JSON string */
  WEIR_ESCAPE_LOG,  /* \xNN for quotes, backslashes and all but printable ASCII */
  WEIR_ESCAPE_URI,  /* %NN for all but unreserved; parts of the request's own target pass as is */
  WEIR_ESCAPE_HTML  /* entities for & < > " ' */
};

typedef struct weir_http { /* service "weir.http/1" */
  uint32_t size;
  /* Fields. Views last until the next change on that side. A value that holds CR, LF, NUL or other
     controls, and any framing or connection field, is refused with WEIR_INVALID.                 */
  const weir_field *(*fields)(weir_tx *, uint32_t side, size_t *n);                       /* [W] */
  weir_str (*get)(weir_tx *, uint32_t side, uint32_t id);        /* the first of that id     [W] */
  weir_str (*find)(weir_tx *, uint32_t side, weir_str lower_case_name); /* any name          [W] */
  weir_rc (*set)(weir_tx *, uint32_t side, uint32_t id, weir_str value); /* replaces all     [W] */
  weir_rc (*add)(weir_tx *, uint32_t side, uint32_t id, weir_str value); /* one more line    [W] */
  weir_rc (*remove)(weir_tx *, uint32_t side, uint32_t id);      /* all of that id           [W] */
  /* The request's parts are attributes; these change them. A path is made canonical again. */
  weir_rc (*set_method)(weir_tx *, weir_str);                                             /* [W] */
  weir_rc (*set_path)(weir_tx *, weir_str);        /* without query                          [W] */
  weir_rc (*set_query)(weir_tx *, weir_str);       /* without "?"; absent removes it         [W] */
  weir_rc (*set_authority)(weir_tx *, weir_str);   /* host[:port]                            [W] */
  weir_rc (*set_status)(weir_tx *, uint32_t);      /* 200 to 599, before the head is sent    [W] */
  /* Attributes, the kernel's and modules' own. attr lasts as long as the exchange. */
  weir_str (*attr)(weir_tx *, uint32_t id);                                               /* [W] */
  uint64_t (*number)(weir_tx *, uint32_t id);                                             /* [W] */
  weir_rc (*set_attr)(weir_tx *, uint32_t id, weir_str value); /* copies; kernel ids that may be
                                                                  set: request.id            [W] */
  weir_address (*peer)(weir_tx *);                 /* the socket's other end                 [W] */
  weir_address (*client)(weir_tx *);               /* the peer, unless set_client changed it [W] */
  weir_rc (*set_client)(weir_tx *, weir_address);                                         /* [W] */
  weir_str (*expand)(weir_tx *, const weir_template *, uint32_t escape); /* absent: longer than
                                   64 KiB; lasts as long as the exchange                     [W] */
  void *(*alloc)(weir_tx *, size_t n, size_t align); /* ends with the exchange; NULL: the exchange
                                                        has used up its limit                [W] */
  /* Answers the request; copies everything. Return WEIR_ANSWERED after it. A content-length is
     added; an empty body is fine. Filters that were entered before see the response.        [W] */
  weir_rc (*respond)(weir_tx *, uint32_t status, const weir_field *, size_t n, weir_str body);
  /* In request or response, for the own side: see the WEIR_*_BODY modes.                    [W] */
  weir_rc (*want_body)(const weir_call *, uint32_t mode, uint64_t limit);
  /* In response, by a filter that streams and changes the length.                           [W] */
  weir_rc (*length_changes)(const weir_call *);
  /* Ends the WAIT of the callback whose call held `ref`; verdict NEXT, ANSWERED (after respond),
     FAIL. After a WAIT the call holds another ref in the next callback, so that a late resume of
     one WAIT does nothing to a later one; as owner and for tx the older ref serves on. A filter's
     refs repeat after 16 WAITs. Owned by the loop: post to it from elsewhere.               [W] */
  weir_rc (*resume)(weir_ref, uint32_t verdict);
  weir_tx *(*tx)(weir_ref); /* of a waiting exchange, to use before resume; NULL: it ended   [W] */
} weir_http;

typedef struct weir_bytes { /* service "weir.body/1" */
  uint32_t size;
  uint64_t (*length)(const weir_body *);                         /* queued bytes             [W] */
  size_t (*room)(const weir_body *);     /* what may be put before WEIR_FULL                 [W] */
  size_t (*spans)(const weir_body *, weir_str *out, size_t max); /* views from the front, valid
                                  until the queue changes; a file's bytes are not among them [W] */
  void (*drop)(weir_body *, uint64_t n);                         /* from the front           [W] */
  void (*move)(weir_body *to, weir_body *from, uint64_t n);      /* relinks, no copy         [W] */
  weir_rc (*put)(weir_body *, weir_str);                         /* copies                   [W] */
  weir_rc (*put_owned)(weir_body *, weir_str, weir_fn release, void *arg); /* no copy; release
                                                  runs when the last byte is sent or dropped [W] */
  weir_rc (*put_file)(weir_body *, int fd, uint64_t at, uint64_t n); /* fd is duplicated     [W] */
  void (*finish)(weir_body *);                                   /* no more will be put      [W] */
} weir_bytes;

typedef struct weir_loop { /* service "weir.loop/1"; the owner's end cancels, fn runs all the same */
  uint32_t size;
  uint64_t (*now)(void);           /* monotonic nanoseconds, read once a turn of the loop    [W] */
  weir_ref (*timer)(weir_ref owner, uint64_t ms, weir_fn, void *arg); /* 0: refused, the owner
                                     ended or the loop's 2^20 refs are in use                [W] */
  void (*cancel)(weir_ref timer);  /* its fn runs with WEIR_GONE                             [W] */
  weir_rc (*post)(weir_ref owner, weir_fn, void *arg); /* runs on the owner's loop           [A] */
  weir_rc (*task)(weir_ref owner, weir_fn work, weir_fn done, void *arg); /* work on a pool
                               thread [P], then done on the owner's loop before worker_stop  [W] */
} weir_loop;

/* ---- Kinds that see exchanges ---------------------------------------------------------------- */

/* Kind "weir.http-filter/1". A NULL member is never called and costs nothing. Requests pass the
   filters in the order of the file, responses in reverse. A body callback moves bytes from `in` to
   `out`: what stays in `in` comes again; with WEIR_LAST, finish(out) ends the body. It is called
   only while `out` has room. One that wants more room than is left returns NEXT and is called again
   when there is more, at last with all of it, 64 KiB or more: who then moves nothing, though `in`
   is full or holds the last bytes, is at fault. */
typedef struct weir_http_filter {
  uint32_t size;
  uint32_t ctx_size;
  uint32_t (*request)(const weir_call *);                                                 /* [W] */
  uint32_t (*request_body)(const weir_call *, weir_body *in, weir_body *out);             /* [W] */
  uint32_t (*response)(const weir_call *);                                                /* [W] */
  uint32_t (*response_body)(const weir_call *, weir_body *in, weir_body *out);            /* [W] */
  void (*end)(const weir_call *); /* exactly once when any callback ran, also on abort       [W] */
  /* For `weir explain`: what request would do now, in words, by say; changes nothing.       [C] */
  void (*explain)(const weir_call *, void *to, void (*say)(void *to, weir_str));
} weir_http_filter;

/* Kind "weir.handler/1": makes the response itself (files, fixed answers, admin). `request` either
   responds (WEIR_ANSWERED) or sets status and fields of the response and returns WEIR_NEXT; then
   `run` is called whenever `in` grew or ended, or `out` has room, until finish(out); as above, who
   wants more room than is left is called again when there is more. */
typedef struct weir_handler {
  uint32_t size;
  uint32_t ctx_size;
  uint32_t (*request)(const weir_call *);                                                 /* [W] */
  uint32_t (*run)(const weir_call *, weir_body *in, weir_body *out);                      /* [W] */
  void (*end)(const weir_call *); /* exactly once when any callback ran, also on abort       [W] */
  void (*explain)(const weir_call *, void *to, void (*say)(void *to, weir_str)); /* as above [C] */
} weir_handler;

/* Kind "weir.observer/1": access logs, traces. Attributes and fields of both sides are readable. */
typedef struct weir_observer {
  uint32_t size;
  uint32_t ctx_size; /* none: an observer has no context; 0 */
  void (*exchange)(const weir_call *);          /* after its last byte, or its abort         [W] */
  void (*flush)(void *instance, void *state);   /* every second, and before worker_stop      [W] */
} weir_observer;

/* ---- Connections ---------------------------------------------------------------------------- */

enum { WEIR_ACCEPTED, WEIR_CONNECTED }; /* which end of a connection: a client's, an endpoint's */

enum { /* what became of a move of bytes */
  WEIR_IO_OK,    /* it is done; *n says how much */
  WEIR_IO_AGAIN, /* nothing now: called again when the socket has moved, or after wake */
  WEIR_IO_END,   /* the other end has ended its direction, in due form */
  WEIR_IO_BROKEN /* nothing more will pass; the connection ends */
};

typedef struct weir_link { /* one transport on one connection; lasts from open to close */
  uint32_t size;
  uint32_t side;      /* WEIR_ACCEPTED, WEIR_CONNECTED */
  void *conn;         /* conn_size zeroed bytes, aligned for any type */
  const void *conf;   /* of the listener, or of the upstream */
  void *instance;
  void *state;        /* what worker_start gave */
  uint64_t *cells;    /* this loop's metric cells */
  weir_ref ref;       /* keep this for what comes back later; owns timers, posts and tasks */
  int32_t fd;         /* the socket, for options such as kTLS, when all below passes bytes as they
                         are; else -1. Not to be read, written or closed */
} weir_link;

/* Service "weir.link/1": what is below a transport, the socket or another transport. A receive that
   filled less than `room` has not emptied it: only WEIR_IO_AGAIN says so.                     */
typedef struct weir_links {
  uint32_t size;
  uint32_t (*recv)(const weir_link *, char *into, size_t room, size_t *n);                /* [W] */
  /* The same, and the bytes stay: the next recv or peek begins with them. END: no more than the last
     peek has shown will come. BROKEN above another transport that changes bytes.            [W] */
  uint32_t (*peek)(const weir_link *, char *into, size_t room, size_t *n);
  /* As much as fits, from the front; `more`: further bytes follow at once.                  [W] */
  uint32_t (*send)(const weir_link *, const weir_str *pieces, size_t count, uint32_t more,
                   size_t *n);
  weir_address (*peer)(const weir_link *);                         /* the other end          [W] */
  weir_address (*local)(const weir_link *);                        /* this one               [W] */
  weir_rc (*set_peer)(const weir_link *, weir_address);  /* accepted, until the handshake ends: who
                                                            the client is from here on       [W] */
  weir_rc (*set_local)(const weir_link *, weir_address); /* likewise: where it connected to  [W] */
  /* Connected: the name that the other end is to prove, without port, lower case; an address as
     text where the endpoint is no name.                                                     [W] */
  weir_str (*server_name)(const weir_link *);
  /* Connected: the addresses of the client's connection that this one is made for; family 0: there
     is none. Of WEIR_PER_EXCHANGE only; with others a connection serves many clients.       [W] */
  weir_address (*client)(const weir_link *);
  weir_address (*client_local)(const weir_link *);                                       /* [W] */
  /* What may be spoken above, best first: names of ALPN (RFC 7301), e.g. "h2", "http/1.1".  [W] */
  const weir_str *(*protocols)(const weir_link *, size_t *n);
  weir_rc (*wake)(weir_ref); /* an AGAIN that waited for no socket may go on                 [W] */
} weir_links;

/* Kind "weir.transport/1": what lies between a socket and the protocol spoken on it (TLS, PROXY).
   Transports of a connection stand on one another; who encrypts stands on top. None
   of them blocks: what cannot go on says AGAIN. After WEIR_IO_BROKEN only close follows. */
typedef struct weir_transport {
  uint32_t size;
  uint32_t conn_size;
  weir_rc (*open)(const weir_link *); /* WEIR_OK, or the connection ends without close       [W] */
  /* Until it returns OK nothing else passes; the listener's or upstream's time for it is the
     kernel's to watch. May keep bytes that it has read beyond.                              [W] */
  uint32_t (*handshake)(const weir_link *);
  /* After the handshake. Both NULL: bytes pass as they are, and cost nothing. recv: AGAIN only when
     what is below said so. send: takes from the front of the pieces, and nothing while bytes are
     pending; what it took is its to deliver, now or in later calls, also in those with count == 0.
     With AGAIN *n is 0. */
  uint32_t (*recv)(const weir_link *, char *into, size_t room, size_t *n);                /* [W] */
  uint32_t (*send)(const weir_link *, const weir_str *pieces, size_t count, uint32_t more,
                   size_t *n);                                                           /* [W] */
  /* Bytes that send took and has not passed on: 0 or more; NULL: never any.                 [W] */
  size_t (*pending)(const weir_link *);
  /* Ends our direction in due form (close_notify), when nothing is pending; the socket's end
     follows. AGAIN: called again. Once OK at the most.                                      [W] */
  uint32_t (*end)(const weir_link *);
  void (*close)(const weir_link *); /* exactly once after open was OK: timers of link->ref have
     been told WEIR_GONE by then, posts and tasks may yet be, and must not touch conn        [W] */
  /* What is known of this connection by an interned attribute name, once the handshake is over; for
     every exchange on it. WEIR_A_PROTOCOL: the name that ALPN has settled. p == NULL: not known.
     Lasts as long as the connection.                                                        [W] */
  weir_str (*info)(const weir_link *, uint32_t attribute);
  /* Accepted: whether a request for this host (lower case, without port) may come in here; 0: it is
     answered with 421. NULL: any may.                                                       [W] */
  uint32_t (*serves)(const weir_link *, weir_str host);
} weir_transport;

/* ---- Upstream side ------------------------------------------------------------------------- */

typedef struct weir_endpoint { /* Frozen */
  weir_str address; /* as resolved: "10.0.0.1:80", "[::1]:80", "unix:/run/app.sock" */
  uint32_t weight;  /* 1 or more */
  uint32_t flags;   /* none yet */
} weir_endpoint;

enum { /* outcome of an attempt */
  WEIR_SUCCEEDED,     /* a response head arrived */
  WEIR_CONNECT_FAILED,
  WEIR_BROKE,         /* reset, timeout or malformed response */
  WEIR_CANCELLED      /* the client went away first */
};

typedef struct weir_pick { /* what a choice may look at */
  uint32_t size;
  uint32_t count;            /* endpoints in the table */
  const void *table;
  void *state;               /* state_size zeroed bytes of this table on this loop */
  const uint32_t *in_flight; /* exchanges per endpoint, over all loops, just now */
  const uint8_t *skip;       /* nonzero: down, or tried by this exchange; NULL: none */
  uint64_t random;           /* fresh bits */
  weir_tx *tx;               /* for expand of a key; NULL outside an exchange */
} weir_pick;

/* Kind "weir.balancer/1". A table is immutable and shared by all loops; a changed endpoint set is
   a new table. */
typedef struct weir_balancer {
  uint32_t size;
  void *(*build)(void *instance, const weir_endpoint *, size_t n); /* NULL: out of memory    [C] */
  size_t (*state_size)(const void *table);                      /* NULL member: no state     [C] */
  int32_t (*pick)(void *instance, const weir_pick *); /* index, or -1: none is left          [W] */
  void (*done)(void *instance, const weir_pick *, uint32_t endpoint, uint32_t outcome,
               uint64_t ns); /* ns until the response head, or until it failed               [W] */
  void (*drop)(void *table); /* when no loop can see it any more                             [C] */
} weir_balancer;

/* ---- Kinds to come ---------------------------------------------------------------------------
 * They fit without touching what stands above: a component names its kind by id and brings that
 * kind's vtable, which begins with `size`. Their shapes, to be settled by their first two users:
 *
 * weir.codec/1          ALPN list, conn_size; open, input(bytes or datagram); the kernel calls
 *                       stream_open, head, body, finish, reset, window; the codec calls the same
 *                       events back; both roles. The kernel's HTTP/1.1 stands behind the same
 *                       C++ interface (kernel/http/stream.hpp). [W]
 * weir.stream-filter/1  conn_size; open, up(in, out), down(in, out), end. [W]
 * weir.discovery/1      start(sink), stop; sink->update(weir_endpoint list). [C]
 * weir.health/1         probe(endpoint, done), classify(reply). [C]
 * weir.policy/1         attaches to an upstream: before(pick), after(outcome), may_retry. [W]
 * weir.store/1          get, set, incr, expire, lock; asynchronous by weir_fn. [W]
 * weir.certificates/1   find(SNI) with WEIR_WAIT, renew. [W]
 * weir.matcher/1        compile(text) at load [C], match(call) as a route condition. [W]       */

#ifdef __cplusplus
}
#endif
#endif
