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
// Thread: control. What is made here is read by loops once the generation is published.
#pragma once

#include <weir/module.h>

#include "base/clock.hpp"
#include "conf/model.hpp"
#include "http/names.hpp"
#include "module/registry.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

struct Metric {
  std::string name, help;
  uint32_t kind = 0;
};

class Instance {
 public:
  const Component* component = nullptr;
  std::string name;
  const void* conf = nullptr;
  void* handle = nullptr;  // the module's own
  bool fails_open = false;
  Clock::duration wait_timeout{};
  std::vector<Metric> metrics;  // by cell
  bool started = false;

  Instance() = default;
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

 private:
  friend class Instances;
  conf::Storage storage_;
  conf::Input input_;
};

// One place where an instance is used; instance == nullptr: it was wrong and has been reported.
struct InstanceUse {
  const Instance* instance = nullptr;
  const void* conf = nullptr;
  bool is_handler() const;
};

class Instances {
 public:
  Instances(const conf::Model& model, const Registry& registry, Names& names, conf::Report& report);

  // A name in the `filters` of a listener or route: a filter or a handler.
  InstanceUse chain_use(const conf::Use& use);
  InstanceUse balancer(const conf::Use& use, const std::string& upstream);
  const std::vector<InstanceUse>& observers() const { return observers_; }

  const std::vector<std::unique_ptr<Instance>>& all() const { return all_; }

  // Calls start on each; an error text on the first failure.
  std::string start();

 private:
  using Kinds = std::vector<const char*>;
  struct Making {
    const Component* component;
    std::string name;
    conf::Input input;
    conf::InstanceKeys keys;
  };
  const Component* component(const Kinds& kinds, const std::string& name) const;
  const Component* wanted(const Kinds& kinds, const conf::Use& use, const char* what);
  std::vector<std::string> known(const Kinds& kinds) const;
  Instance* make(const Making& making);
  void configure(Instance& instance);
  void make_named(const std::vector<conf::Instance>& tables, const Kinds& kinds, const char* what);
  InstanceUse overlaid(Instance& instance, const conf::Use& use);
  InstanceUse anonymous(const Component& component, const conf::Use& use);

  const conf::Model& model_;
  const Registry& registry_;
  Names& names_;
  conf::Report& report_;
  conf::Intern intern_;
  std::vector<std::unique_ptr<Instance>> all_;
  std::map<std::string, Instance*> named_;  // [filter.NAME]
  std::map<std::string, Instance*> plain_;  // used by the component's name, without keys
  std::vector<InstanceUse> observers_;
};

}  // namespace weir
