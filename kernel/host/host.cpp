// SPDX-License-Identifier: Apache-2.0
#include "host/host.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "base/log.hpp"
#include "http/names.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace weir {
namespace {

constexpr size_t most_loops = 256;  // a ref has eight bits for the loop

// The ABI hands modules plain functions, so their ground is necessarily the process's.
Names* names = nullptr;                   // NOLINT(*-avoid-non-const-global-variables)
thread_local HostThread* here = nullptr;  // NOLINT
std::array<std::atomic<HostThread*>, most_loops> threads;  // NOLINT

const void* get(const char* id) {
  const std::string_view wanted(id == nullptr ? "" : id);
  if (wanted == "weir.http/1") return &http_service();
  if (wanted == "weir.body/1") return &body_service();
  if (wanted == "weir.loop/1") return &loop_service();
  if (wanted == "weir.link/1") return &link_service();
  return nullptr;
}

uint32_t intern(weir_str name) { return name.p == nullptr ? 0 : names->intern({name.p, name.n}); }

// For the lines that modules log; looked at only when one is written.
std::mutex speakers_mutex;                    // NOLINT
std::map<const void*, std::string> speakers;  // NOLINT

std::string speaker(const void* instance) {
  const std::lock_guard lock(speakers_mutex);
  const auto found = speakers.find(instance);
  return found == speakers.end() ? std::string() : found->second + ": ";
}

void log(const void* instance, uint32_t level, weir_str text) {
  if (level > WEIR_ERR || text.p == nullptr) return;
  WEIR_LOG(level, speaker(instance), FromPeer{{text.p, text.n}});
}

}  // namespace

const weir_host& Host::table(Names& all) {
  names = &all;
  static const weir_host host{
      sizeof(weir_host), WEIR_ABI_MINOR, WEIR_VERSION, Log::instance().level(), get, intern, log};
  return host;
}

void Host::name_instance(const void* instance, std::string words) {
  const std::lock_guard lock(speakers_mutex);
  speakers[instance] = std::move(words);
}

void Host::forget_instance(const void* instance) {
  const std::lock_guard lock(speakers_mutex);
  speakers.erase(instance);
}

void Host::enter(HostThread& thread) {
  expects(thread.loop.index() < most_loops, "at most 256 loops");
  here = &thread;
  threads[thread.loop.index()].store(&thread);
}

void Host::leave(HostThread& thread) {
  threads[thread.loop.index()].store(nullptr);
  here = nullptr;
}

HostThread* Host::current() { return here; }

HostThread* Host::loop(uint32_t index) {
  return index < most_loops ? threads[index].load() : nullptr;
}

}  // namespace weir
