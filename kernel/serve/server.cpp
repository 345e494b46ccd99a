// SPDX-License-Identifier: Apache-2.0
#include "serve/server.hpp"

#include <weir/module.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/reserve.hpp"
#include "conf/limits.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "conf/units.hpp"
#include "crash/thread.hpp"
#include "event/loop.hpp"
#include "event/tasks.hpp"
#include "event/timers.hpp"
#include "event/watchdog.hpp"
#include "host/host.hpp"
#include "http/names.hpp"
#include "net/address.hpp"
#include "net/listener.hpp"
#include "serve/answers.hpp"
#include "serve/control_api.hpp"
#include "serve/control_socket.hpp"
#include "serve/doors.hpp"
#include "serve/generation.hpp"
#include "serve/inlet.hpp"
#include "serve/log_target.hpp"
#include "serve/plan.hpp"
#include "serve/reload.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"
#include "supervise/superior.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <malloc.h>
#include <sys/random.h>
#include <sys/resource.h>

namespace weir {
namespace {

constexpr uint32_t control_index = 255;  // the control thread's loop among refs
constexpr size_t most_connections = 65'536;
constexpr unsigned pool_threads = 4;
constexpr size_t pool_queue = 4096;
constexpr size_t most_listed = 1000;  // connections
constexpr Clock::duration after_cut = std::chrono::seconds(2);

std::optional<uint32_t> level_of(std::string_view name) {
  for (uint32_t level = WEIR_TRACE; level <= WEIR_ERR; ++level) {
    if (level_name(level) == name) return level;
  }
  return {};
}

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

Server::Server(std::shared_ptr<Generation> generation, Names& names, Superior& superior,
               Source source)
    : generation_(std::move(generation)),
      names_(names),
      superior_(superior),
      source_(std::move(source)),
      loop_(control_index),
      handles_(control_index),
      clients_(random_bits()),
      doors_(superior, [this] { loop_.post([this] { given_back(); }); }),
      tasks_(std::make_unique<Tasks>(pool_threads, pool_queue)),
      overload_(loop_, *tasks_, pool_queue),
      thread_{loop_, handles_, *tasks_},
      resolver_(loop_, *tasks_),
      addresses_(resolver_),
      capacity_([this](std::shared_ptr<Generation> next, std::vector<Door> doors) {
        return serving(std::move(next), std::move(doors));
      }) {
  Host::enter(thread_);
  superior_.serve_under(loop_, *this);
}

Server::~Server() {
  threads_.clear();
  Timer::cancel();
  Ticker::cancel();
  overload_.stop();
  reload_.reset();
  addresses_.discard();
  tasks_.reset();
  workers_.clear();
  // What loops and tasks told last, at their own end too, is heard while all that it touches is
  // still there.
  loop_.turn(Clock::duration::zero());
  former_.clear();
  generation_.reset();
  superior_.leave();
  Host::leave(thread_);
}

void Server::make_workers() {
  const size_t configured = generation_->model().server.workers;
  const size_t count =
      configured != 0 ? configured : std::max<size_t>(1, std::thread::hardware_concurrency());
  WorkerOptions options;
  options.loops = static_cast<uint32_t>(std::min<size_t>(count, control_index));
  options.pseudonym = make_pseudonym();
  options.leaving = &leaving_;
  for (uint32_t i = 0; i < options.loops; ++i) {
    options.index = i;
    workers_.push_back(std::make_unique<Worker>(
        options, names_, *tasks_, clients_,
        [this](uint64_t number) { loop_.post([this, number] { generation_ended(number); }); },
        [this](std::shared_ptr<const void> ended) { loop_.post([ended = std::move(ended)] {}); }));
  }
}

Serving Server::serving(std::shared_ptr<Generation> generation, std::vector<Door> doors) const {
  const conf::Limits& limits = generation->model().server.limits;
  const size_t connections = connection_limit(limits.connections);
  return {std::move(generation), std::move(doors),
          (connections + workers_.size() - 1) / workers_.size(),
          static_cast<uint32_t>(limits.connections_per_client)};
}

// On the worker's own thread; what it has to tell is told on this loop.
void Server::run_worker(Worker& worker, unsigned index) {
  ReportedThread thread("loop", index);
  const Watchdog::Watched watched(*watchdog_, worker.use(), thread, Watchdog::Harm::ends_process);
  worker.run(serving(generation_, doors_.open()), [this](const std::string& failure) {
    loop_.post([this, failure] { heard(failure); });
  });
  loop_.post([this] { worker_ended(); });
}

void Server::start_workers() {
  if (!threads_.empty() || leaving_) return;
  Timer::cancel();
  addresses_.commit();
  starting_ = running_ = workers_.size();
  for (const auto& worker : workers_) {
    const auto index = static_cast<unsigned>(threads_.size());
    threads_.emplace_back([this, index, &worker = *worker] { run_worker(worker, index); });
  }
  overload_.set_budget(generation_->model().server.limits.memory,
                       generation_->model().server.processes);
  overload_.start(workers_);
}

int Server::run() {
  Reserve::keep();
  if (const auto doors = doors_.prepare(generation_->model()); !doors) {
    WEIR_LOG(WEIR_ERR, doors.error().text);
    return 2;
  }
  doors_.commit();
  make_workers();
  if (const std::string failure = generation_->instances().start(); !failure.empty()) {
    WEIR_LOG(WEIR_ERR, failure);
    return 2;
  }
  if (!open_control()) return 2;
  watchdog_ = std::make_unique<Watchdog>([this] { superior_.beat(); });
  loop_.tick_each_second(*this);
  addresses_.prepare(generation_->model(), generation_->upstreams(), [this] { start_workers(); });
  if (addresses_.pending() == 0) {
    start_workers();
  } else {
    loop_.arm(*this, UpstreamAddresses::longest_lookup);
  }
  run_control();
  threads_.clear();
  close_control();
  return failed_ ? 2 : 0;
}

void Server::run_control() {
  const Watchdog::Watched watched(*watchdog_, loop_.use(), *ReportedThread::current(),
                                  Watchdog::Harm::ends_it_late);
  loop_.run();
}

void Server::heard(const std::string& failure) {
  if (!failure.empty()) {
    WEIR_LOG(WEIR_ERR, failure);
    failed_ = true;
    for_good_ = superior_.is_all_there_is();
    leaving_ = true;
    if (!draining_) begin_drain();
  }
  if (--starting_ > 0 || failed_) return;
  tell_doors();
  superior_.ready();
  WEIR_LOG(WEIR_NOTICE, "ready: weir ", WEIR_VERSION, ", ", workers_.size(),
           workers_.size() == 1 ? " worker" : " workers");
  begin_reload();
}

// Numbers grow, so those that are new are above all that were told.
void Server::tell_doors() {
  const uint32_t told = told_door_;
  for (const Door& door : doors_.open()) {
    if (door.number <= told) continue;
    WEIR_LOG(WEIR_NOTICE, "listening on ", door.listener->address().to_string());
    told_door_ = std::max(told_door_, door.number);
  }
}

// ---- reload

void Server::prepare(uint64_t order) {
  asked_.push_back(order);
  begin_reload();
}

void Server::commit(uint64_t order) {
  if (reload_ == nullptr) {
    return superior_.done(order, {false, "not reloaded: the process is about to end\n"});
  }
  answering_.push_back(order);
  if (reload_->is_prepared()) reload_->commit();
}

void Server::discard() {
  for (const uint64_t order : std::exchange(asked_, {})) superior_.done(order, {false, {}});
  if (reload_ == nullptr || reload_->is_certain()) return;
  reload_.reset();
  tell({false, {}});
  ++refused_reloads_;
  WEIR_LOG(WEIR_ERR, "not reloaded, since another process refuses the file: generation ",
           generation_->number(), " goes on to serve");
}

// Who is told may give the next order.
void Server::tell(const Outcome& outcome) {
  for (const uint64_t order : std::exchange(answering_, {})) superior_.done(order, outcome);
}

// Orders that come while one is under way are for the next: its file may have been read already.
void Server::begin_reload() {
  ended_reload_.reset();
  if (asked_.empty() || reload_ != nullptr || starting_ > 0) return;
  if (leaving_) {
    for (const uint64_t order : std::exchange(asked_, {})) {
      superior_.done(order, {false, "not reloaded: the process is about to end\n"});
    }
    return;
  }
  if (threads_.empty()) return;  // it has not begun to serve
  if (former_.size() + 1 >= most_generations || doors_.gives_back()) {
    if (!Timer::armed()) loop_.arm(*this, generation_->model().server.drain);
    return;
  }
  answering_ = std::exchange(asked_, {});
  reload_ = std::make_unique<Reload>(
      Reload::Parts{loop_, source_, capacity_, doors_, addresses_, workers_}, [this] { tell({}); },
      [this](const Outcome& outcome, std::shared_ptr<Generation> next) {
        reloaded(outcome, std::move(next));
      });
  reload_->begin(generation_);
}

void Server::reloaded(const Outcome& outcome, std::shared_ptr<Generation> next) {
  ended_reload_ = std::move(reload_);
  Outcome told = outcome;
  if (next == nullptr) {
    ++refused_reloads_;
    WEIR_LOG(WEIR_ERR, "not reloaded, generation ", generation_->number(), " goes on to serve");
  } else {
    former_.push_back(std::exchange(generation_, std::move(next)));
    drop_ended();
    overload_.set_budget(generation_->model().server.limits.memory,
                         generation_->model().server.processes);
    if (const auto applied = apply_log(generation_->model().server.log); !applied) {
      told.text += applied.error().text + "; the log goes on as it was\n";
    }
    ++reloads_;
    tell_doors();
    WEIR_LOG(WEIR_NOTICE, "reloaded: generation ", generation_->number(), " serves");
  }
  tell(told);
  loop_.post([this] { begin_reload(); });
  if (leaving_ && !draining_) begin_drain();
}

// A loop may be done with it before all others have taken the next one over.
void Server::generation_ended(uint64_t number) {
  ++ended_[number];
  drop_ended();
  if (!asked_.empty()) begin_reload();
}

// The sockets of a file that was discarded.
void Server::given_back() {
  if (!leaving_) Timer::cancel();  // what waited for it goes on
  if (!asked_.empty()) begin_reload();
}

void Server::drop_ended() {
  const size_t count = former_.size();
  std::erase_if(former_, [&](const auto& generation) {
    const auto ended = ended_.find(generation->number());
    if (ended == ended_.end() || ended->second < workers_.size()) return false;
    ended_.erase(ended);
    return true;
  });
  if (former_.size() == count) return;
  if (!leaving_) Timer::cancel();  // there is room
  ::malloc_trim(0);  // a generation is many small pieces, which would hold on to whole pages
}

// ---- control

bool Server::open_control() {
  const std::string& path = generation_->model().server.control;
  if (path.empty()) return true;
  const auto address = Address::from(conf::Address{"", 0, path});
  auto listener = superior_.listen(address.value_or(Address()));
  if (!listener) {
    WEIR_LOG(WEIR_ERR, listener.error().text);
    return false;
  }
  control_ = std::make_unique<ControlSocket>(
      loop_, names_, std::make_shared<Listener>(std::move(*listener)),
      [this](const ControlRequest& request, const ControlSocket::Respond& respond) {
        serve_control(superior_, request, respond);
      });
  return true;
}

void Server::close_control() {
  if (control_ == nullptr) return;
  const Address address = control_->listener().address();
  control_.reset();
  if (for_good_) superior_.release(address);
}

ProcessView Server::view() const {
  return {*generation_, former_,          workers_, doors_.open(),   began_,
          reloads_,     refused_reloads_, leaving_, overload_.view()};
}

Outcome Server::plan_reload() {
  conf::Report report;
  const auto next = read_safely(source_, report, generation_.get());
  std::ostringstream text;
  report.print(text, false);
  if (next == nullptr || report.errors() > 0) return {false, text.str()};
  return {true, text.str() + plan_text(plan(*generation_, *next))};
}

// Each loop knows its own.
void Server::list_connections(uint64_t order) {
  if (leaving_) return superior_.done(order, {false, "weir is about to end\n"});
  struct Gathered {
    std::vector<ConnectionView> views;
    size_t missing;
  };
  const auto gathered = std::make_shared<Gathered>(Gathered{{}, workers_.size()});
  for (const auto& worker : workers_) {
    worker->describe(most_listed / workers_.size(), [this, gathered, order](auto views) {
      loop_.post([this, gathered, order, views = std::move(views)] {
        gathered->views.insert(gathered->views.end(), views.begin(), views.end());
        if (--gathered->missing > 0) return;
        superior_.done(order, {true, connections_json(gathered->views)});
      });
    });
  }
}

void Server::answer(uint64_t order, const std::string& question) {
  constexpr std::string_view log = "log ";
  Outcome outcome;
  if (question == "status") {
    outcome.text = status_json(view());
  } else if (question == "modules") {
    outcome.text = modules_json(*generation_);
  } else if (question == "ready") {
    outcome.good = !leaving_ && !threads_.empty() && starting_ == 0;
  } else if (question == "plan") {
    outcome = plan_reload();
  } else if (question == "connections") {
    return list_connections(order);
  } else if (const auto level =
                 level_of(question.starts_with(log) ? question.substr(log.size()) : "")) {
    Log::instance().set_level(*level);
    outcome.text = "the log level is " + question.substr(log.size()) + "\n";
  } else {
    outcome = {false, "there is no answer to '" + conf::readable(question) + "'\n"};
  }
  superior_.done(order, outcome);
}

// ---- the end

void Server::drain(bool for_good) {
  if (leaving_.exchange(true)) return expired();
  for_good_ = for_good;
  const Clock::duration notice = generation_->model().server.notice;
  if (!for_good || notice == Clock::duration::zero() || threads_.empty()) return begin_drain();
  WEIR_LOG(WEIR_NOTICE, "about to drain: probes hear it");
  loop_.arm(*this, notice);
}

void Server::begin_drain() {
  if (reload_ != nullptr && reload_->is_certain()) return;  // until it has ended
  draining_ = true;
  WEIR_LOG(WEIR_NOTICE, "draining: no new connections; what runs may end");
  reload_.reset();
  for (const uint64_t order : std::exchange(answering_, {})) asked_.push_back(order);
  begin_reload();  // which tells them
  if (threads_.empty()) {
    doors_.close(for_good_);
    return loop_.stop();
  }
  for (const Door& door : doors_.open()) {
    if (for_good_) door.listener->shut_door();
  }
  if (!for_good_ && control_ != nullptr) control_->stop_accepting();
  accepting_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->drain(for_good_, [this] { loop_.post([this] { close_listeners(); }); });
  }
  loop_.arm(*this, generation_->model().server.drain);
}

void Server::expired() noexcept {
  if (draining_) {
    for (const auto& worker : workers_) worker->cut();
  } else if (leaving_) {
    begin_drain();
  } else if (threads_.empty()) {
    start_workers();
  } else {
    make_room();
  }
}

// For the next generation: what was cut ends at once, but for tasks of modules.
void Server::make_room() {
  if (asked_.empty()) return;  // they were discarded
  if (former_.size() + 1 < most_generations) {
    return refuse_reload(
        "not reloaded: what was discarded before has not ended; a task of one "
        "of its modules is still under way");
  }
  const uint64_t oldest = former_.front()->number();
  if (std::exchange(cut_, oldest) != oldest) {
    for (const auto& worker : workers_) worker->cut(oldest);
    return loop_.arm(*this, after_cut);
  }
  refuse_reload("not reloaded: generation " + std::to_string(oldest) +
                " has not ended, though its requests were cut; a task of one of its modules is "
                "still under way");
}

void Server::refuse_reload(const std::string& text) {
  WEIR_LOG(WEIR_ERR, text);
  for (const uint64_t order : std::exchange(asked_, {})) {
    superior_.done(order, {false, text + "\n"});
  }
}

void Server::close_listeners() {
  if (--accepting_ > 0) return;
  doors_.close(for_good_);
}

void Server::worker_ended() {
  if (--running_ == 0) loop_.stop();
}

void Server::reopen_logs() {
  Log::instance().reopen();
  for (const auto& worker : workers_) worker->reopen_logs();
}

void Server::tick() noexcept { addresses_.sweep(); }

}  // namespace weir
