// SPDX-License-Identifier: Apache-2.0
//
// The instances of a generation: components with a name and a configuration, made from what the
// file says.
//
// A named instance ([filter.NAME], [observe.NAME]) exists once; a list may use it with PER_ROUTE
// keys set again, which gives that place a conf of its own and no second instance. A component used
// by its own name is an instance without keys, shared by all such places; with keys it is one of
// its own. `configure` runs for each, so that a check runs the real code.
//
// A reload keeps what it does not change: an instance of the same code with the same keys goes on
// as it is, with all its state, and belongs to both generations. One that is named the same but has
// other keys is a new instance, which may take over what the former has learned.
//
// Thread: control. What is made here is read by loops once the generation is published.
#pragma once

#include <weir/module.h>

#include "base/clock.hpp"
#include "conf/model.hpp"
#include "crash/mark.hpp"
#include "http/names.hpp"
#include "module/image.hpp"
#include "module/registry.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct Metric {
  std::string name, help;
  uint32_t kind = 0;

  bool operator==(const Metric&) const = default;
};

class Instance {
 public:
  const Component* component = nullptr;
  const Callee* callee = nullptr;
  std::string name;
  const void* conf = nullptr;
  void* handle = nullptr;  // the module's own
  bool fails_open = false;
  Clock::duration wait_timeout{};
  std::vector<Metric> metrics;    // by cell
  uint32_t side = WEIR_ACCEPTED;  // of a transport
  bool started = false;
  // Of the generation before, with the same component and name; until this one is started.
  std::shared_ptr<Instance> predecessor;

  // Its module crashed too often: it is not called.
  bool quarantined() const { return component->image->quarantined; }

  Instance() = default;
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

 private:
  friend class Instances;
  conf::Storage storage_;
  // What it was made of: equal for instances that cannot differ. Empty: there may be a difference
  // that the file does not show.
  std::string identity_;
};

// One place where an instance is used; instance == nullptr: it was wrong and has been reported.
struct InstanceUse {
  const Instance* instance = nullptr;
  const void* conf = nullptr;
  bool is_handler() const;
};

class Instances {
 public:
  // `previous` may be nullptr: nothing is kept.
  Instances(const conf::Model& model, const Registry& registry, Names& names, conf::Report& report,
            const Instances* previous);

  // A name in the `filters` of a listener or route: a filter or a handler.
  InstanceUse chain_use(const conf::Use& use);
  InstanceUse balancer(const conf::Use& use, const std::string& upstream);
  // The transports of a listener or an upstream, the nearest to the socket first: those that
  // encrypt stand above the others, else the order of the file holds.
  std::vector<InstanceUse> transports(const conf::Listener& listener);
  std::vector<InstanceUse> transports(const conf::Upstream& upstream);
  const std::vector<InstanceUse>& observers() const { return observers_; }

  const std::vector<std::shared_ptr<Instance>>& all() const { return all_; }

  // Hands over what predecessors have learned and calls start on each that has not been started;
  // an error text on the first failure.
  std::string start();

 private:
  using Kinds = std::vector<const char*>;
  struct Making {
    const Component* component;
    std::string name;
    conf::Input input;
    conf::InstanceKeys keys;
    uint32_t side = WEIR_ACCEPTED;
  };
  const Component* component(const Kinds& kinds, const std::string& name) const;
  const Component* wanted(const Kinds& kinds, const conf::Use& use, const char* what);
  std::vector<std::string> known(const Kinds& kinds) const;
  Instance* make(const Making& making);
  void remember(const Instances& previous);
  Instance* keep(const std::string& identity);
  void configure(Instance& instance, const conf::Input& input);
  static void tell_quarantine(const Instance& instance);
  void make_named(const std::vector<conf::Instance>& tables, const Kinds& kinds, const char* what);
  InstanceUse overlaid(Instance& instance, const conf::Use& use);
  InstanceUse anonymous(const Component& component, const conf::Use& use);
  struct TransportPlace {
    std::string owner;  // the listener's or upstream's name
    std::string title;  // of its table
    uint32_t side;
    const weir_schema& keys;  // that the table has besides
  };
  std::vector<InstanceUse> transports(const std::vector<conf::Use>& uses,
                                      const TransportPlace& place);
  const Component* transport(const conf::Use& use, const TransportPlace& place);

  const conf::Model& model_;
  const Registry& registry_;
  Names& names_;
  conf::Report& report_;
  conf::Intern intern_;
  std::multimap<std::string_view, std::shared_ptr<Instance>> former_;  // by identity
  std::map<std::string, std::shared_ptr<Instance>> former_named_;      // by kind and names
  std::vector<std::shared_ptr<Instance>> all_;
  std::map<const Instance*, conf::Input> inputs_;  // as this generation's file has them
  conf::Storage overlays_;
  std::map<std::string, Instance*> named_;  // [filter.NAME]
  std::map<std::string, Instance*> plain_;  // used by the component's name, without keys
  std::vector<InstanceUse> observers_;
};

}  // namespace weir
