// SPDX-License-Identifier: Apache-2.0
//
// The keys of the kernel's own tables, declared as a module declares its keys.
//
// The structs are what fill writes; model.hpp has the typed form that the rest of the kernel uses.
//
// Thread: any; constant.
#pragma once

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/limits.hpp"
#include "conf/units.hpp"

namespace weir::conf {

struct LogKeys {
  uint32_t level;
  weir_str file;
  uint32_t format;  // 0 text, 1 json
};

struct ServerKeys {
  int64_t processes;
  int64_t workers;
  weir_str user;
  uint32_t sandbox;
  weir_str pid;
  weir_str control;
  weir_list trusted_proxies;
  Duration drain;
  Duration notice;
  LogKeys log;
  Limits limits;
  Timeouts timeouts;
};

struct ListenerKeys {
  weir_str address;
  weir_str name;
  const Node* filters;
};

struct RouteKeys {
  weir_str name;
  weir_list listener, host, path, method;
  const Node *header, *query, *cookie;
  weir_list client;
  const Node *filters, *to;
  uint32_t websocket, encoded_slash, overload;
  weir_list trailers;
  uint64_t max_body;
  Duration timeout;
};

struct UpstreamTimeouts {
  Duration connect, first_byte, read;
};

struct UpstreamKeys {
  const Node *endpoints, *balancer;
  UpstreamTimeouts timeout;
  weir_str host;
  int64_t max_idle;
  Duration idle_timeout;
  int64_t max_requests;
};

struct EndpointKeys {
  weir_str address;
  int64_t weight;
};

struct InstanceFields {
  weir_str use;
  uint32_t on_fault;
  Duration wait_timeout;
};

struct ModuleKeys {
  weir_str path, sha256;
};

struct ExpectKeys {
  weir_str listener, route, upstream, host, path;
  int64_t status;
  weir_list filters;
};

struct TestKeys {
  weir_str request;
  weir_list headers;
  weir_str from, listener;
  ExpectKeys expect;
};

extern const weir_schema server_schema, log_schema, listener_schema, route_schema, upstream_schema,
    endpoint_schema, instance_keys_schema, module_schema, test_schema;

}  // namespace weir::conf
