// SPDX-License-Identifier: Apache-2.0
#include "serve/server.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "conf/model.hpp"
#include "event/tasks.hpp"
#include "event/timers.hpp"
#include "host/host.hpp"
#include "http/names.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "serve/generation.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr uint32_t control_index = 255;  // the control thread's loop among refs
constexpr size_t most_connections = 65'536;
constexpr Clock::duration longest_lookup = std::chrono::seconds(3);  // before serving begins
constexpr unsigned pool_threads = 4;
constexpr size_t pool_queue = 4096;

uint64_t random_bits() {
  uint64_t bits = 0;
  // Cannot fail for so few bytes once the system is up (getrandom(2)).
  [[maybe_unused]] const auto got = ::getrandom(&bits, sizeof bits, 0);
  return bits;
}

std::string make_pseudonym() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text = "weir-";
  for (uint64_t bits = random_bits() >> 32, i = 0; i < 8; ++i, bits >>= 4) text += hex[bits & 15];
  return text;
}

// Descriptors are what runs out first: take all that the system allows, and leave more than half
// of them to upstream connections, files and logs.
size_t connection_limit(int64_t configured) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (configured > 0) return static_cast<size_t>(configured);
  const auto share = static_cast<size_t>(static_cast<double>(limit.rlim_cur) * 0.45);
  if (share < 1024) {
    WEIR_LOG(WEIR_WARN, "the open file limit of ", uint64_t{limit.rlim_cur}, " leaves room for ",
             share, " client connections; raise it (ulimit -n)");
  }
  return std::clamp(share, size_t{16}, most_connections);
}

}  // namespace

Server::Server(std::shared_ptr<Generation> generation, Names& names, Superior& superior)
    : generation_(std::move(generation)),
      names_(names),
      superior_(superior),
      loop_(control_index),
      handles_(control_index),
      clients_(random_bits()),
      tasks_(std::make_unique<Tasks>(pool_threads, pool_queue)),
      thread_{loop_, handles_, *tasks_},
      resolver_(loop_, *tasks_) {
  Host::enter(thread_);
  superior_.serve_under(loop_, *this);
}

Server::~Server() {
  threads_.clear();
  addresses_.reset();
  tasks_.reset();
  workers_.clear();
  generation_.reset();
  Host::leave(thread_);
}

bool Server::listen() {
  for (const conf::Listener& written : generation_->model().listeners) {
    const auto address = Address::from(written.address);
    if (!address) {
      WEIR_LOG(WEIR_ERR, "cannot listen on ", written.written,
               ": a listener needs an address, not a name");
      return false;
    }
    auto listener = superior_.listen(*address);
    if (!listener) {
      WEIR_LOG(WEIR_ERR, listener.error().text);
      return false;
    }
    listeners_.push_back(std::move(*listener));
  }
  return true;
}

bool Server::write_pid() const {
  const std::string& path = generation_->model().server.pid;
  if (path.empty()) return true;
  std::ofstream file(path, std::ios::trunc);
  file << ::getpid() << '\n';
  file.close();
  if (file) return true;
  WEIR_LOG(WEIR_ERR, "cannot write the pid file ", path);
  return false;
}

void Server::make_workers() {
  const conf::Server& server = generation_->model().server;
  const size_t count = server.workers != 0
                           ? server.workers
                           : std::max<size_t>(1, std::thread::hardware_concurrency());
  WorkerOptions options;
  options.loops = static_cast<uint32_t>(std::min<size_t>(count, control_index));
  const size_t connections = connection_limit(server.limits.connections);
  options.connections = (connections + options.loops - 1) / options.loops;
  options.per_client = static_cast<uint32_t>(server.limits.connections_per_client);
  options.pseudonym = make_pseudonym();
  for (uint32_t i = 0; i < options.loops; ++i) {
    options.index = i;
    workers_.push_back(std::make_unique<Worker>(options, names_, *tasks_, clients_));
    workers_.back()->use(generation_, listeners_);
  }
}

// On the worker's own thread; what it has to tell is told on this loop.
void Server::run_worker(Worker& worker) {
  worker.run(
      [this](const std::string& failure) { loop_.post([this, failure] { heard(failure); }); });
  loop_.post([this] { worker_ended(); });
}

void Server::start_workers() {
  if (!threads_.empty() || draining_) return;
  Timer::cancel();
  starting_ = running_ = workers_.size();
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, &worker = *worker] { run_worker(worker); });
  }
}

int Server::run() {
  if (!listen()) return 2;
  make_workers();
  if (const std::string failure = generation_->instances().start(); !failure.empty()) {
    WEIR_LOG(WEIR_ERR, failure);
    return 2;
  }
  if (!write_pid()) return 2;
  addresses_ = std::make_unique<UpstreamAddresses>(generation_->model(), generation_->upstreams(),
                                                   resolver_, [this] { start_workers(); });
  loop_.tick_each_second(*this);
  // A first request should not find an endpoint down only because its name was not looked up yet.
  if (addresses_->pending() == 0) {
    start_workers();
  } else {
    loop_.arm(*this, longest_lookup);
  }
  loop_.run();
  threads_.clear();
  const std::string& pid = generation_->model().server.pid;
  if (!pid.empty()) ::unlink(pid.c_str());
  return failed_ ? 2 : 0;
}

void Server::heard(const std::string& failure) {
  if (!failure.empty()) {
    WEIR_LOG(WEIR_ERR, failure);
    failed_ = true;
    if (!draining_) drain(true);
  }
  if (--starting_ > 0 || failed_) return;
  for (const Listener& listener : listeners_) {
    WEIR_LOG(WEIR_NOTICE, "listening on ", listener.address().to_string());
  }
  WEIR_LOG(WEIR_NOTICE, "ready: weir ", WEIR_VERSION, ", ", workers_.size(),
           workers_.size() == 1 ? " worker" : " workers");
  superior_.ready();
}

void Server::reload(uint64_t order) {
  superior_.done(order, {false, "this version cannot reload; restart it"});
}

void Server::answer(uint64_t order, const std::string& question) {
  superior_.done(order, {false, "no answer to " + question});
}

void Server::drain(bool for_good) {
  if (std::exchange(draining_, true)) return expired();
  for_good_ = for_good;
  WEIR_LOG(WEIR_NOTICE, "draining: no new connections; what runs may end");
  if (threads_.empty()) return loop_.stop();
  for (Listener& listener : listeners_) {
    if (for_good_) listener.shut_door();
  }
  accepting_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->drain([this] { loop_.post([this] { close_listeners(); }); });
  }
  loop_.arm(*this, generation_->model().server.drain);
}

void Server::expired() noexcept {
  if (!draining_) return start_workers();
  for (const auto& worker : workers_) worker->cut();
}

void Server::close_listeners() {
  if (--accepting_ > 0) return;
  for (Listener& listener : listeners_) {
    if (for_good_) listener.remove_file();
  }
  listeners_.clear();
}

void Server::worker_ended() {
  if (--running_ == 0) loop_.stop();
}

void Server::reopen_logs() {
  Log::instance().reopen();
  for (const auto& worker : workers_) worker->reopen_logs();
}

void Server::tick() noexcept {
  if (addresses_ != nullptr) addresses_->sweep();
}

}  // namespace weir
