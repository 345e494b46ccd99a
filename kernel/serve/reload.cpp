// SPDX-License-Identifier: Apache-2.0
#include "serve/reload.hpp"

#include <weir/module.h>

#include "base/log.hpp"
#include "conf/model.hpp"
#include "conf/report.hpp"
#include "event/loop.hpp"
#include "event/timers.hpp"
#include "net/listener.hpp"
#include "serve/doors.hpp"
#include "serve/generation.hpp"
#include "serve/plan.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"
#include "supervise/superior.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace weir {
namespace {

// For the log a line each, for who asked with excerpts.
std::string tell(const conf::Report& report) {
  const uint32_t level = report.errors() > 0 ? WEIR_ERR : WEIR_WARN;
  for (const std::string& line : report.lines()) WEIR_LOG(level, line);
  std::ostringstream out;
  report.print(out, false);
  return out.str();
}

std::string tell_lasting(const Generation& now, const Generation& next) {
  std::string text;
  for (const std::string& key : lasting_settings(now.model().server, next.model().server)) {
    WEIR_LOG(WEIR_WARN, key, " takes effect when weir starts anew");
    text += key + " takes effect when weir starts anew\n";
  }
  return text;
}

}  // namespace

Reload::Reload(const Parts& parts, Ready ready, Told told)
    : parts_(parts), ready_(std::move(ready)), told_(std::move(told)) {}

Reload::~Reload() {
  if (step_ != Step::over && step_ != Step::commit) discard();
}

// Loops give their part of the generation and its listeners back to this thread, where they have to
// end. A socket that a loop still has would keep its file.
void Reload::discard() {
  parts_.addresses.discard();
  const std::shared_ptr<const void> opened = parts_.doors.discard();
  doors_.clear();
  for (const auto& worker : parts_.workers) {
    worker->discard(
        [&loop = parts_.loop, next = next_, opened = std::shared_ptr(opened)]() mutable {
          loop.post([last = std::move(next), closed = std::move(opened)] {});
        });
  }
  next_.reset();
}

void Reload::fail(std::string text) {
  Timer::cancel();
  discard();
  step_ = Step::over;
  const Told told = std::move(told_);
  told({false, std::move(text)}, nullptr);
}

void Reload::fail_with(const std::string& sentence) {
  WEIR_LOG(WEIR_ERR, sentence);
  fail(sentence + "\n");
}

std::shared_ptr<Generation> read_safely(const Source& source, conf::Report& report,
                                        const Generation* previous) {
  try {
    return source(report, previous);
  } catch (const std::exception& error) {
    report.world({}, std::string("the file cannot be taken over now: ") + error.what());
    return nullptr;
  }
}

bool Reload::read(const std::shared_ptr<Generation>& current) {
  conf::Report report;
  next_ = read_safely(parts_.source, report, current.get());
  if (next_ == nullptr || report.errors() > 0) {
    fail(tell(report));
    return false;
  }
  remarks_ = tell(report) + tell_lasting(*current, *next_);
  return true;
}

void Reload::begin(const std::shared_ptr<Generation>& current) {
  if (!read(current)) return;
  auto doors = parts_.doors.prepare(next_->model());
  if (!doors) return fail_with(doors.error().text);
  doors_ = std::move(*doors);
  if (const std::string failure = next_->instances().start(); !failure.empty()) {
    return fail_with(failure);
  }
  parts_.addresses.prepare(next_->model(), next_->upstreams(), [this] { names_settled(); });
  if (parts_.addresses.pending() == 0) return prepare_loops();
  parts_.loop.arm(*this, UpstreamAddresses::longest_lookup);
}

void Reload::names_settled() {
  if (step_ == Step::names) prepare_loops();
}

// From a loop to this, if it is still there then.
std::function<void(std::function<void(Reload&)>)> Reload::back() const {
  return [&loop = parts_.loop, self = std::weak_ptr(self_)](std::function<void(Reload&)> act) {
    loop.post([self, act = std::move(act)] {
      if (const auto reload = self.lock()) act(**reload);
    });
  };
}

void Reload::prepare_loops() {
  Timer::cancel();
  step_ = Step::loops;
  waiting_ = parts_.workers.size();
  for (const auto& worker : parts_.workers) {
    worker->prepare(parts_.capacity(next_, doors_), [back = back()](const std::string& failure) {
      back([failure](Reload& reload) { reload.prepared(failure); });
    });
  }
}

void Reload::prepared(const std::string& failure) {
  if (!failure.empty()) failure_ = failure;
  if (--waiting_ > 0) return;
  if (!failure_.empty()) return fail_with(failure_);
  step_ = Step::prepared;
  ready_();
}

// Who is on the way through a door that closes is let in first.
void Reload::shut_doors() {
  step_ = Step::doors;
  if (!parts_.doors.shut_unwanted()) return commit_loops();
  parts_.loop.arm(*this, Listener::door_time);
}

void Reload::commit_loops() {
  step_ = Step::commit;
  parts_.addresses.commit();
  waiting_ = parts_.workers.size();
  for (const auto& worker : parts_.workers) {
    worker->commit([back = back()] { back([](Reload& reload) { reload.committed(); }); });
  }
}

void Reload::committed() {
  if (--waiting_ > 0) return;
  parts_.doors.commit();
  step_ = Step::over;
  const Told told = std::move(told_);
  told({true, std::move(remarks_)}, std::move(next_));
}

void Reload::expired() noexcept {
  if (step_ == Step::names) return prepare_loops();
  if (step_ == Step::doors) commit_loops();
}

}  // namespace weir
