// SPDX-License-Identifier: Apache-2.0
//
// The tables that modules are handed: weir_host, and the services it gives by id.
//
// The ABI's functions carry no pointer to the kernel, so what they act on is found by thread: a
// loop's thread enters its Worker, the control thread enters one of its own while it configures or
// explains. Refs carry the index of their loop, by which any thread can post to it.
//
// Thread: one Host per process, made before any module is loaded.
#pragma once

#include <weir/module.h>

#include "base/body.hpp"
#include "chain/handles.hpp"
#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "http/names.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {

// What the services need of the thread they are called on.
struct HostThread {
  Loop& loop;
  Handles& handles;
  Tasks& tasks;
};

class Host {
 public:
  // The names are the process's; they outlive all modules.
  static const weir_host& table(Names& names);

  // What log lines of this instance begin with: component and name. [control]
  static void name_instance(const void* instance, std::string words);
  static void forget_instance(const void* instance);

  // Makes `thread` the one that calls on this thread act on, and its loop reachable by refs.
  static void enter(HostThread& thread);
  static void leave(HostThread& thread);
  // nullptr: this thread is no loop.
  static HostThread* current();
  // The loop of that index, from any thread; nullptr: it is not running.
  static HostThread* loop(uint32_t index);
};

// The services, one file each.
const weir_http& http_service();
const weir_bytes& body_service();
const weir_loop& loop_service();
const weir_links& link_service();

}  // namespace weir
