// SPDX-License-Identifier: Apache-2.0
//
// A generation on one loop: made on the loop's thread before the generation goes live there, gone
// when its last exchange is. What a generation has kept of the one before, its site has too:
// instances with their state on this loop, upstreams with their connections.
//
// An instance ends when none of its work is left: a task that a pool thread has taken keeps it.
//
// Thread: its loop.
#pragma once

#include "chain/site.hpp"
#include "serve/generation.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir {

// An instance on this loop that nothing uses any more, while a task of it is under way.
class Ending {
 public:
  virtual ~Ending() = default;
  virtual bool over() const = 0;
};
using Endings = std::vector<std::unique_ptr<Ending>>;

struct LoopParts {  // what belongs to the loop and outlives every generation
  Loop& loop;
  BodyPool& bodies;
  Handles& handles;
  Tasks& tasks;
  const Names& names;
  HttpDate& date;
  Relief& relief;
  uint32_t loops;                              // of the process
  const std::atomic<bool>* leaving = nullptr;  // the process is about to end
  // Takes what has to end on the control thread; empty: this is it.
  std::function<void(std::shared_ptr<const void>)> retire;
  Endings* endings = nullptr;
  Deferred* waits = nullptr;  // deferred when one of the endings may be over
};

class LoopSite final : private RouteFinder {
 public:
  // A dry site runs chains and handlers, but has no upstreams and nobody who writes logs.
  enum class Purpose : uint8_t { serve, dry };

  // `previous` may be nullptr. Expects: it serves, or has served, on this loop.
  LoopSite(std::shared_ptr<Generation> generation, const LoopParts& parts,
           std::string_view pseudonym, const LoopSite* previous, Purpose purpose = Purpose::serve);
  ~LoopSite();
  LoopSite(const LoopSite&) = delete;
  LoopSite& operator=(const LoopSite&) = delete;

  const SiteOnLoop& site() const { return site_; }
  const ListenerOnLoop& listener(size_t index) const { return listeners_[index]; }
  size_t index_of(const RouteOnLoop& route) const {
    return static_cast<size_t>(&route - routes_.data());
  }
  const Generation& generation() const { return *generation_; }
  // The first worker_start that failed, in words; empty: all is well.
  const std::string& failure() const { return failure_; }

  // Called when no exchange of it is left, and again until it says true: instances that end with it
  // take no more work, and none of theirs is under way. Until then `waits`, unless nullptr, is
  // deferred when the last task of one is done.
  bool end(Deferred* waits);

  void flush();   // every second: observers write what they hold
  void reopen();  // log files anew
  void close_idle();

 private:
  // An instance with memory of its own on this loop. Ends there with the last site that has it.
  struct OnLoop final : Ending {
    explicit OnLoop(Handles& refs) : handles(refs) {}
    ~OnLoop() override;
    bool over() const override { return view.tasks == 0; }
    OnLoop(const OnLoop&) = delete;
    OnLoop& operator=(const OnLoop&) = delete;

    // Nothing of it may be called on this loop but by what it has started.
    bool runs() const {
      return !quarantined && (view.component->worker_start == nullptr || started);
    }

    // Its owner's ref leads nowhere from here on; what depends on it has ended.
    void take_no_more();

    Handles& handles;
    InstanceOnLoop view;
    std::shared_ptr<const Instance> instance;  // connections may need it longer than a generation
    std::function<void(std::shared_ptr<const void>)> retire;
    weir_worker worker{};  // modules keep a pointer to it
    std::shared_ptr<std::vector<uint64_t>> cells;
    bool started = false;
    bool quarantined = false;
  };

  void find(const Exchange& exchange, Found& found) const override;
  static std::shared_ptr<OnLoop> make_on_loop(const LoopParts& parts);
  void add_instance(const std::shared_ptr<const Instance>& shared, const LoopParts& parts,
                    const LoopSite* previous);
  std::shared_ptr<std::vector<uint64_t>> cells_for(const Instance& instance) const;
  void add_upstream(size_t index, const LoopParts& parts, const LoopSite* previous);
  std::shared_ptr<const Transports> transports_of(const std::vector<InstanceUse>& uses,
                                                  uint32_t side) const;
  ChainOnLoop chain_of(const Chain& chain) const;
  template <class Ops>
  Use<Ops> use_of(const InstanceUse& use) const;
  void add_listeners(std::string_view pseudonym);
  void add_routes(const Names& names);

  std::shared_ptr<Generation> generation_;
  SiteOnLoop site_;
  std::vector<std::shared_ptr<OnLoop>> instances_;
  std::map<const Instance*, std::shared_ptr<OnLoop>> by_instance_;
  std::vector<LoopUpstream*> upstreams_;  // in the order of the model; nullptr: dry
  std::unordered_map<const Upstream*, std::shared_ptr<LoopUpstream>> by_upstream_;
  std::vector<ListenerOnLoop> listeners_;
  std::vector<RouteOnLoop> routes_;
  std::string failure_;
  bool ending_ = false;
};

}  // namespace weir
