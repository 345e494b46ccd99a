// SPDX-License-Identifier: Apache-2.0
//
// One reload: from the file as it is now to the generation that serves, or to nothing at all.
//
// Everything that can fail comes first: the file is read and its tests run, modules are loaded and
// configured, new listeners opened, names looked up, instances started, every loop made ready. Then
// it is prepared, and waits until other processes are so too. Only at commit do the loops take
// over, one after the other, and what is not wanted any more is given back. Until that point the
// former generation serves as if nothing were going on, and goes on to do so when something is
// wrong.
//
// Thread: control.
#pragma once

#include "event/loop.hpp"
#include "serve/doors.hpp"
#include "serve/generation.hpp"
#include "serve/upstream_addresses.hpp"
#include "serve/worker.hpp"
#include "supervise/superior.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

// Reads the file, runs its tests; with errors in the report the generation must not serve. What
// does not differ from `previous` is kept.
using Source =
    std::function<std::shared_ptr<Generation>(conf::Report& report, const Generation* previous)>;

// Asks the source; an exception becomes an error in the report.
std::shared_ptr<Generation> read_safely(const Source& source, conf::Report& report,
                                        const Generation* previous);

// What each loop of this process may serve by this generation.
using Capacity = std::function<Serving(std::shared_ptr<Generation>, std::vector<Door>)>;

class Reload final : private Timer {
 public:
  struct Parts {
    Loop& loop;
    const Source& source;
    const Capacity& capacity;
    Doors& doors;
    UpstreamAddresses& addresses;
    std::span<const std::unique_ptr<Worker>> workers;
  };
  // Once it is prepared; may call commit.
  using Ready = std::function<void()>;
  // `told` hears how it ended, and the new generation, or nullptr and why not. It may destroy this.
  using Told = std::function<void(const Outcome&, std::shared_ptr<Generation>)>;

  Reload(const Parts& parts, Ready ready, Told told);
  // Before the loops take over it leaves no trace.
  ~Reload() override;
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;

  void begin(const std::shared_ptr<Generation>& current);
  bool is_prepared() const { return step_ == Step::prepared; }
  // Expects: it is prepared.
  void commit() { shut_doors(); }

  // The loops are taking over: it cannot fail any more.
  bool is_certain() const { return step_ == Step::commit; }

 private:
  enum class Step : uint8_t { names, loops, prepared, doors, commit, over };

  bool read(const std::shared_ptr<Generation>& current);
  void discard();
  void names_settled();
  void prepare_loops();
  std::function<void(std::function<void(Reload&)>)> back() const;
  void prepared(const std::string& failure);
  void shut_doors();
  void commit_loops();
  void committed();
  void fail(std::string text);
  void fail_with(const std::string& sentence);
  void expired() noexcept override;

  Parts parts_;
  Ready ready_;
  Told told_;
  Step step_ = Step::names;
  std::shared_ptr<Generation> next_;
  std::vector<Door> doors_;
  std::string remarks_;  // what does not take effect, warnings of the file
  std::string failure_;
  size_t waiting_ = 0;  // for that many loops
  // What loops tell comes back to this, or to nobody.
  std::shared_ptr<Reload*> self_ = std::make_shared<Reload*>(this);
};

}  // namespace weir
