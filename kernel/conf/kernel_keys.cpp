// SPDX-License-Identifier: Apache-2.0
#include "conf/kernel_keys.hpp"

#include <weir/module.h>

#include "conf/limits.hpp"
#include "conf/schema.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::conf {

namespace {

constexpr weir_key key(const char* name, uint32_t type, size_t offset, const char* preset,
                       const char* doc) {
  return {name, doc, preset, type, 0, offset, nullptr, nullptr, 0, 0};
}

constexpr weir_key flagged(weir_key key, uint32_t flags) {
  key.flags |= flags;
  return key;
}

constexpr weir_key bounded(weir_key key, double min, double max) {
  key.min = min;
  key.max = max;
  return key;
}

constexpr weir_key choice(weir_key key, const char* const* choices) {
  key.choices = choices;
  return key;
}

constexpr weir_key table(const char* name, size_t offset, const weir_schema* sub, const char* doc) {
  weir_key out = key(name, WEIR_TABLE, offset, nullptr, doc);
  out.sub = sub;
  return out;
}

template <class T, size_t N>
constexpr weir_schema schema_of(const std::array<weir_key, N>& keys) {
  return {sizeof(weir_schema), sizeof(weir_key), keys.data(), N, sizeof(T)};
}

constexpr double millisecond = 1e6, day = 86'400e9;

// The order of WEIR_TRACE to WEIR_ERR.
constexpr const char* levels[] = {"trace", "debug", "info", "notice", "warning", "error", nullptr};
constexpr const char* formats[] = {"text", "json", nullptr};
constexpr const char* in_overload[] = {"shed", "serve", nullptr};
constexpr const char* on_fault[] = {"standard", "closed", "open", nullptr};

constexpr std::array log_keys{
    choice(
        key("level", WEIR_CHOICE, offsetof(LogKeys, level), "notice", "What is logged at least."),
        levels),
    key("file", WEIR_FILE, offsetof(LogKeys, file), nullptr,
        "Where to; without it, standard error. Opened anew on SIGUSR1."),
    choice(key("format", WEIR_CHOICE, offsetof(LogKeys, format), "text", "Form of a line."),
           formats),
};

constexpr std::array server_keys{
    bounded(key("processes", WEIR_INT, offsetof(ServerKeys, processes), "1",
                "Worker processes. With more, a crash takes fewer connections along, and each has "
                "its own counters, caches and limits. As at the start."),
            1, 64),
    bounded(key("workers", WEIR_INT, offsetof(ServerKeys, workers), "0",
                "Event loop threads of a process; 0: as many as CPUs."),
            0, 1024),
    key("user", WEIR_TEXT, offsetof(ServerKeys, user), nullptr,
        "User that the worker processes become when weir is started as root. A reload reads the "
        "file as that user."),
    key("sandbox", WEIR_BOOL, offsetof(ServerKeys, sandbox), "true",
        "Worker processes give up what a proxy does not need: capabilities, starting programs, "
        "looking into other processes, mounting."),
    key("pid", WEIR_FILE, offsetof(ServerKeys, pid), nullptr,
        "File to write the process id to: the supervisor's, who takes signals."),
    key("control", WEIR_FILE, offsetof(ServerKeys, control), nullptr,
        "Unix socket for `weir reload`, `weir status` and the like; without it, there is none."),
    flagged(
        key("trusted_proxies", WEIR_CIDR, offsetof(ServerKeys, trusted_proxies), nullptr,
            "Peers whose X-Forwarded-* and Forwarded fields are kept and added to; those of others "
            "are overwritten."),
        WEIR_LIST),
    bounded(key("drain", WEIR_DURATION, offsetof(ServerKeys, drain), "30s",
                "How long open exchanges may go on after SIGTERM; then they are cut."),
            0.5, day),
    bounded(key("notice", WEIR_DURATION, offsetof(ServerKeys, notice), "0s",
                "Before a drain: how long new connections are still taken while `probe` says that "
                "the process is about to end."),
            0, day),
    table("log", offsetof(ServerKeys, log), &log_schema, "The log of the kernel and its modules."),
    table("limits", offsetof(ServerKeys, limits), &limits_schema, "Bounds of HTTP/1."),
    table("timeouts", offsetof(ServerKeys, timeouts), &timeouts_schema, "Time bounds of HTTP/1."),
};

constexpr std::array listener_keys{
    flagged(key("address", WEIR_TEXT, offsetof(ListenerKeys, address), nullptr,
                R"(":8080", "127.0.0.1:80", "[::1]:80" or "unix:/run/weir.sock".)"),
            WEIR_REQUIRED),
    key("name", WEIR_TEXT, offsetof(ListenerKeys, name), nullptr,
        "What routes and logs call it; without it, the address."),
    key("filters", any_value, offsetof(ListenerKeys, filters), nullptr,
        "Filters of every request that comes in here, before those of its route."),
};

constexpr std::array route_keys{
    key("name", WEIR_TEXT, offsetof(RouteKeys, name), nullptr,
        "What logs and tests call it; without it, file and line."),
    flagged(key("listener", WEIR_TEXT, offsetof(RouteKeys, listener), nullptr,
                "Names of the listeners it belongs to; without it, all."),
            WEIR_LIST),
    flagged(key("host", WEIR_TEXT, offsetof(RouteKeys, host), nullptr,
                R"("example.com" or "*.example.com"; without it, any host.)"),
            WEIR_LIST),
    flagged(key("path", WEIR_TEXT, offsetof(RouteKeys, path), nullptr,
                R"("/exact", "/prefix/*" or "/users/{id}"; without it, any path.)"),
            WEIR_LIST),
    flagged(key("method", WEIR_TEXT, offsetof(RouteKeys, method), nullptr,
                "\"GET\" and the like; without it, any method."),
            WEIR_LIST),
    key("header", any_value, offsetof(RouteKeys, header), nullptr,
        "{ X-Env = \"test\" }; true: it is there, false: it is not, a list: any of these."),
    key("query", any_value, offsetof(RouteKeys, query), nullptr, "The same of query parameters."),
    key("cookie", any_value, offsetof(RouteKeys, cookie), nullptr, "The same of cookies."),
    flagged(key("client", WEIR_CIDR, offsetof(RouteKeys, client), nullptr,
                "Addresses of clients; without it, any."),
            WEIR_LIST),
    key("filters", any_value, offsetof(RouteKeys, filters), nullptr,
        "What is done on the way, in this order: \"name\" or { name = { keys } }."),
    key("to", any_value, offsetof(RouteKeys, to), nullptr,
        "Name of an upstream, or a URL; not needed where a filter answers."),
    key("websocket", WEIR_BOOL, offsetof(RouteKeys, websocket), "true",
        "Whether a request may become a WebSocket."),
    key("encoded_slash", WEIR_BOOL, offsetof(RouteKeys, encoded_slash), "false",
        "Whether a path with %2F is let through, undecoded; else it is refused with 400."),
    choice(key("overload", WEIR_CHOICE, offsetof(RouteKeys, overload), "shed",
               "When the process is overloaded: turn requests away with 503 (shed), or serve them "
               "all the same, as fits a health check (serve)."),
           in_overload),
    flagged(key("trailers", WEIR_TEXT, offsetof(RouteKeys, trailers), nullptr,
                "Names of the trailer fields that may pass; all others are dropped."),
            WEIR_LIST),
    key("max_body", WEIR_BYTES, offsetof(RouteKeys, max_body), nullptr,
        "Longest request body; without it, the limit of the server."),
    bounded(key("timeout", WEIR_DURATION, offsetof(RouteKeys, timeout), nullptr,
                "Time to the first byte of the response; without it, that of the upstream."),
            millisecond, day),
};

constexpr std::array upstream_timeout_keys{
    bounded(key("connect", WEIR_DURATION, offsetof(UpstreamTimeouts, connect), nullptr,
                "Time to connect; without it, that of the server."),
            millisecond, day),
    bounded(key("first_byte", WEIR_DURATION, offsetof(UpstreamTimeouts, first_byte), nullptr,
                "From the sent request to the response's head; without it, that of the server."),
            millisecond, day),
    bounded(key("read", WEIR_DURATION, offsetof(UpstreamTimeouts, read), nullptr,
                "Longest gap between two pieces of a response; without it, that of the server."),
            millisecond, day),
};
constexpr weir_schema upstream_timeout_schema = schema_of<UpstreamTimeouts>(upstream_timeout_keys);

constexpr std::array upstream_keys{
    flagged(key("endpoints", any_value, offsetof(UpstreamKeys, endpoints), nullptr,
                R"(["10.0.0.1:80", { address = "app:80", weight = 2 }, "unix:/run/app.sock"].)"),
            WEIR_REQUIRED),
    key("balancer", any_value, offsetof(UpstreamKeys, balancer), nullptr,
        "\"name\" or { name = { keys } }; several endpoints take round_robin without it."),
    table("timeout", offsetof(UpstreamKeys, timeout), &upstream_timeout_schema,
          "Time bounds of this upstream."),
    key("host", WEIR_TEXT, offsetof(UpstreamKeys, host), "preserve",
        "The Host it is sent: \"preserve\" the client's, the \"endpoint\"'s address, or this "
        "text."),
    bounded(key("max_idle", WEIR_INT, offsetof(UpstreamKeys, max_idle), "64",
                "Idle connections kept by each worker."),
            0, 65536),
    bounded(key("idle_timeout", WEIR_DURATION, offsetof(UpstreamKeys, idle_timeout), "30s",
                "How long an idle connection is kept; less than the origin keeps it."),
            millisecond, day),
    bounded(key("max_requests", WEIR_INT, offsetof(UpstreamKeys, max_requests), "0",
                "Requests on one connection; 0: no bound."),
            0, 1e15),
};

constexpr std::array endpoint_keys{
    flagged(key("address", WEIR_TEXT, offsetof(EndpointKeys, address), nullptr,
                R"("10.0.0.1:80", "app:80", "[::1]:80" or "unix:/run/app.sock".)"),
            WEIR_REQUIRED),
    bounded(key("weight", WEIR_INT, offsetof(EndpointKeys, weight), "1",
                "Its share beside the others."),
            1, 65535),
};

constexpr std::array instance_keys{
    key("use", WEIR_TEXT, offsetof(InstanceFields, use), nullptr,
        "The component, where the table has a name of its own."),
    choice(
        key("on_fault", WEIR_CHOICE, offsetof(InstanceFields, on_fault), "standard",
            "When it fails: refuse the request (closed), go on without it (open); standard: closed "
            "for security modules, open for the rest."),
        on_fault),
    bounded(key("wait_timeout", WEIR_DURATION, offsetof(InstanceFields, wait_timeout), "30s",
                "How long it may hold an exchange."),
            millisecond, day),
};

constexpr std::array module_keys{
    key("path", WEIR_FILE, offsetof(ModuleKeys, path), nullptr,
        "The file; without it, NAME.so in the module folder."),
    key("sha256", WEIR_TEXT, offsetof(ModuleKeys, sha256), nullptr,
        "Its SHA-256 in hexadecimal digits; another file is refused."),
};

constexpr std::array expect_keys{
    key("listener", WEIR_TEXT, offsetof(ExpectKeys, listener), nullptr, "Name of the listener."),
    key("route", WEIR_TEXT, offsetof(ExpectKeys, route), nullptr, "Name of the route."),
    key("upstream", WEIR_TEXT, offsetof(ExpectKeys, upstream), nullptr, "Name of the upstream."),
    key("host", WEIR_TEXT, offsetof(ExpectKeys, host), nullptr, "Host behind all filters."),
    key("path", WEIR_TEXT, offsetof(ExpectKeys, path), nullptr, "Path behind all filters."),
    bounded(key("status", WEIR_INT, offsetof(ExpectKeys, status), nullptr,
                "Status of an answer made by weir itself."),
            100, 599),
    flagged(key("filters", WEIR_TEXT, offsetof(ExpectKeys, filters), nullptr,
                "Names of all filters passed, in their order."),
            WEIR_LIST),
};
constexpr weir_schema expect_schema = schema_of<ExpectKeys>(expect_keys);

constexpr std::array test_keys{
    flagged(key("request", WEIR_TEXT, offsetof(TestKeys, request), nullptr,
                "Method and URL: \"GET http://example.com/path\"."),
            WEIR_REQUIRED),
    flagged(key("headers", WEIR_TEXT, offsetof(TestKeys, headers), nullptr,
                "Header fields of the request."),
            WEIR_MAP | WEIR_FIELD_KEYS),
    key("from", WEIR_TEXT, offsetof(TestKeys, from), nullptr, "Address of the client."),
    key("listener", WEIR_TEXT, offsetof(TestKeys, listener), nullptr,
        "Name of the listener it comes in at; without it, that on the URL's port, else the first."),
    flagged(table("expect", offsetof(TestKeys, expect), &expect_schema,
                  "What must come out; what is not named is not looked at."),
            WEIR_REQUIRED),
};

}  // namespace

const weir_schema log_schema = schema_of<LogKeys>(log_keys);
const weir_schema server_schema = schema_of<ServerKeys>(server_keys);
const weir_schema listener_schema = schema_of<ListenerKeys>(listener_keys);
const weir_schema route_schema = schema_of<RouteKeys>(route_keys);
const weir_schema upstream_schema = schema_of<UpstreamKeys>(upstream_keys);
const weir_schema endpoint_schema = schema_of<EndpointKeys>(endpoint_keys);
const weir_schema instance_keys_schema = schema_of<InstanceFields>(instance_keys);
const weir_schema module_schema = schema_of<ModuleKeys>(module_keys);
const weir_schema test_schema = schema_of<TestKeys>(test_keys);

}  // namespace weir::conf
