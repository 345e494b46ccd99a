// SPDX-License-Identifier: Apache-2.0
#include "serve/instances.hpp"

#include <weir/module.h>

#include "base/log.hpp"
#include "conf/file.hpp"
#include "conf/fingerprint.hpp"
#include "conf/kernel_keys.hpp"
#include "conf/model.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/schema.hpp"
#include "crash/mark.hpp"
#include "host/host.hpp"
#include "http/names.hpp"
#include "module/image.hpp"
#include "module/registry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir {
namespace {

constexpr const char* filter_kind = "weir.http-filter/1";
constexpr const char* handler_kind = "weir.handler/1";
constexpr const char* balancer_kind = "weir.balancer/1";
constexpr const char* observer_kind = "weir.observer/1";
constexpr const char* transport_kind = "weir.transport/1";

// A component without keys still takes the kernel's.
constexpr weir_schema no_keys{sizeof(weir_schema), sizeof(weir_key), nullptr, 0, 1};

const weir_schema& schema_of(const Component& component) {
  return component.table.schema == nullptr ? no_keys : *component.table.schema;
}

// What the callbacks of weir_setup need to find again.
struct Configuring {
  Instance& instance;
  const conf::Input& input;
  conf::Report& report;
};

void complain(void* report, uint32_t level, const char* key, weir_str text, weir_str hint) {
  auto& configuring = *static_cast<Configuring*>(report);
  const conf::Place place = conf::place_of(configuring.input, key == nullptr ? "" : key);
  std::string message = configuring.input.title + ": ";
  if (key != nullptr) message += std::string(key) + ": ";
  message.append(text.p, text.n);
  const std::string way_out(hint.p == nullptr ? "" : hint.p, hint.n);
  if (level >= WEIR_ERR) {
    configuring.report.error(place, std::move(message), way_out);
  } else {
    configuring.report.warning(place, std::move(message), way_out);
  }
}

uint32_t metric(void* report, uint32_t kind, const char* name, const char* help) {
  auto& metrics = static_cast<Configuring*>(report)->instance.metrics;
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const Metric& known) { return known.name == name; });
  if (found != metrics.end()) return static_cast<uint32_t>(found - metrics.begin());
  metrics.push_back({name, help == nullptr ? "" : help, kind});
  return static_cast<uint32_t>(metrics.size() - 1);
}

// What an instance is to the file, whatever its keys.
std::string role_of(const Component& component, const std::string& name, uint32_t side) {
  const char* const end = side == WEIR_CONNECTED ? " connected " : " ";
  return std::string(component.table.kind) + ' ' + component.table.name + end + name;
}

// Within one image the instances know each other's form; another version gets bytes.
void hand_over(Instance& from, Instance& to) {
  const weir_component& former = from.component->table;
  const weir_component& next = to.component->table;
  if (from.component->image == to.component->image) {
    if (next.adopt != nullptr) {
      call_module({to.callee, "adopt"}, next.adopt, to.handle, from.handle);
    }
    return;
  }
  if (former.save == nullptr || next.restore == nullptr) return;
  std::string state;
  void* const to_state = &state;
  void (*const put)(void*, weir_str) = [](void* text, weir_str bytes) {
    static_cast<std::string*>(text)->append(bytes.p, bytes.n);
  };
  if (call_module({from.callee, "save"}, WEIR_ERROR, former.save, from.handle, to_state, put) ==
          WEIR_OK &&
      call_module({to.callee, "restore"}, WEIR_ERROR, next.restore, to.handle, as_str(state)) ==
          WEIR_OK) {
    return;
  }
  WEIR_LOG(WEIR_WARN, former.name, " \"", to.name,
           "\" begins anew: its new version does not take the old one's state over");
}

}  // namespace

Instance::~Instance() {
  if (handle != nullptr) Host::forget_instance(handle);
  if (component != nullptr && handle != nullptr && component->table.destroy != nullptr) {
    call_module({callee, "destroy"}, component->table.destroy, handle);
  }
}

bool InstanceUse::is_handler() const {
  return instance != nullptr && std::holds_alternative<weir_handler>(instance->component->ops);
}

Instances::Instances(const conf::Model& model, const Registry& registry, Names& names,
                     conf::Report& report, const Instances* previous)
    : model_(model),
      registry_(registry),
      names_(names),
      report_(report),
      intern_([this](std::string_view name) { return names_.intern(name); }) {
  if (previous != nullptr) remember(*previous);
  make_named(model.filters, {filter_kind, handler_kind}, "filter");
  make_named(model.observers, {observer_kind}, "observer");
}

const Component* Instances::component(const Kinds& kinds, const std::string& name) const {
  for (const char* const kind : kinds) {
    if (const Component* const found = registry_.find(kind, name)) return found;
  }
  return nullptr;
}

std::vector<std::string> Instances::known(const Kinds& kinds) const {
  std::vector<std::string> names;
  for (const char* const kind : kinds) {
    for (const Component* const component : registry_.components(kind)) {
      names.emplace_back(component->table.name);
    }
  }
  if (kinds.front() == filter_kind) {
    for (const auto& [name, instance] : named_) names.push_back(name);
  }
  return names;
}

// Reports what is missing: a module that is there but not listed, or a name that nobody has.
const Component* Instances::wanted(const Kinds& kinds, const conf::Use& use, const char* what) {
  if (const Component* const found = component(kinds, use.name)) return found;
  const bool listed = registry_.modules().contains(use.name);
  const auto files = module_files(module_folders());
  if (!listed && files.contains(use.name)) {
    conf::report_unlisted(model_, what, use, use.name, report_);
  } else {
    report_.unknown_name(use.place, what, use.name, known(kinds));
  }
  return nullptr;
}

void Instances::make_named(const std::vector<conf::Instance>& tables, const Kinds& kinds,
                           const char* what) {
  const bool observes = kinds.front() == observer_kind;
  for (const conf::Instance& table : tables) {
    const conf::Use use{table.component, nullptr, table.place};
    const Component* const found = wanted(kinds, use, what);
    // A filter that could not be made is still a known name: its uses are no mistake of their own.
    if (!observes) named_[table.name] = nullptr;
    if (found == nullptr) continue;
    conf::Input input;
    input.table = table.table;
    input.title = std::string(observes ? "[observe." : "[filter.") + table.name + "]";
    input.place = table.place;
    Instance* const instance = make({found, table.name, std::move(input), table.keys});
    if (observes && instance != nullptr) observers_.push_back({instance, instance->conf});
    if (!observes) named_[table.name] = instance;
  }
}

void Instances::remember(const Instances& previous) {
  for (const auto& instance : previous.all_) {
    // Of two that the file calls the same, nobody can say which one goes on.
    const auto [role, fresh] = former_named_.try_emplace(
        role_of(*instance->component, instance->name, instance->side), instance);
    if (!fresh) role->second = nullptr;
    if (!instance->identity_.empty()) former_.emplace(instance->identity_, instance);
  }
}

// The same instance of the generation before, once.
Instance* Instances::keep(const std::string& identity) {
  const auto found = former_.find(identity);
  if (found == former_.end()) return nullptr;
  all_.push_back(std::move(found->second));
  former_.erase(found);
  return all_.back().get();
}

Instance* Instances::make(const Making& making) {
  conf::Input input = making.input;
  input.besides = &conf::instance_schema();
  const bool security = (making.component->table.flags & WEIR_SECURITY) != 0;
  const bool fails_open = making.keys.on_fault == conf::OnFault::standard
                              ? !security
                              : making.keys.on_fault == conf::OnFault::open;
  if (security && fails_open) {
    report_.error(input.place,
                  input.title + ": on_fault: a module that guards never lets a fault pass",
                  "remove on_fault, or write on_fault = \"closed\"");
  }
  const weir_schema& schema = schema_of(*making.component);
  const bool reads_files = (making.component->table.flags & WEIR_READS_FILES) != 0;
  std::string identity = conf::fingerprint(schema, input, reads_files);
  const std::string role = role_of(*making.component, making.name, making.side);
  if (!identity.empty()) identity += making.component->image->sha256() + role;
  if (Instance* const kept = identity.empty() ? nullptr : keep(identity)) {
    inputs_[kept] = std::move(input);
    return kept;
  }
  auto instance = std::make_shared<Instance>();
  const weir_module& module = making.component->image->module();
  instance->component = making.component;
  instance->callee =
      &callee(module.name, module.version, making.component->table.kind, making.name);
  instance->name = making.name;
  instance->side = making.side;
  instance->identity_ = std::move(identity);
  instance->fails_open = fails_open;
  instance->wait_timeout = making.keys.wait_timeout;
  instance->conf = conf::fill(schema, input, instance->storage_, report_, intern_);
  if (instance->conf == nullptr) return nullptr;
  configure(*instance, input);
  const auto former = former_named_.find(role);
  if (former != former_named_.end()) instance->predecessor = std::exchange(former->second, nullptr);
  inputs_[instance.get()] = std::move(input);
  all_.push_back(std::move(instance));
  return all_.back().get();
}

void Instances::configure(Instance& instance, const conf::Input& input) {
  const weir_component& table = instance.component->table;
  if (table.configure == nullptr || instance.quarantined()) return;
  Configuring configuring{instance, input, report_};
  const weir_setup setup{
      sizeof(weir_setup), 0,      as_str(instance.name), instance.conf, &configuring,
      complain,           metric, instance.side};
  const size_t errors = report_.errors();
  const weir_rc rc = call_module({instance.callee, "configure"}, WEIR_ERROR, table.configure,
                                 &setup, &instance.handle);
  if (instance.handle != nullptr) {
    Host::name_instance(instance.handle, std::string(table.name) + " \"" + instance.name + "\"");
  }
  if (rc == WEIR_OK || report_.errors() > errors) return;
  report_.error(input.place,
                input.title + ": module '" + instance.component->image->module().name +
                    "' refuses this configuration and does not say why",
                "tell the author of the module");
}

// A place that sets PER_ROUTE keys of a named instance again.
InstanceUse Instances::overlaid(Instance& instance, const conf::Use& use) {
  if (use.keys == nullptr) return {&instance, instance.conf};
  conf::Input input = inputs_.at(&instance);
  input.overlay = use.keys;
  const void* const conf =
      conf::fill(schema_of(*instance.component), input, overlays_, report_, intern_);
  return {conf == nullptr ? nullptr : &instance, conf};
}

InstanceUse Instances::anonymous(const Component& component, const conf::Use& use) {
  if (use.keys == nullptr) {
    const auto found = plain_.find(use.name);
    if (found != plain_.end()) {
      return {found->second, found->second == nullptr ? nullptr : found->second->conf};
    }
  }
  conf::Input input;
  input.table = use.keys;
  input.title = use.name;
  input.place = use.place;
  Instance* const made =
      make({&component, use.name, std::move(input), conf::read_instance_keys(use.keys, report_)});
  if (use.keys == nullptr) plain_[use.name] = made;
  return {made, made == nullptr ? nullptr : made->conf};
}

InstanceUse Instances::chain_use(const conf::Use& use) {
  const auto named = named_.find(use.name);
  if (named != named_.end()) {
    return named->second == nullptr ? InstanceUse{} : overlaid(*named->second, use);
  }
  const Component* const found = wanted({filter_kind, handler_kind}, use, "filter");
  return found == nullptr ? InstanceUse{} : anonymous(*found, use);
}

InstanceUse Instances::balancer(const conf::Use& use, const std::string& upstream) {
  const Component* const found = wanted({balancer_kind}, use, "balancer");
  if (found == nullptr) return {};
  conf::Input input;
  input.table = use.keys;
  input.title = "balancer of [upstream." + upstream + "]";
  input.place = use.place;
  Instance* const made =
      make({found, upstream, std::move(input), conf::read_instance_keys(use.keys, report_)});
  return {made, made == nullptr ? nullptr : made->conf};
}

// nullptr: there is none of that name, which is reported, or it is not wanted.
const Component* Instances::transport(const conf::Use& use, const TransportPlace& place) {
  const Component* const found = component({transport_kind}, use.name);
  const bool installed = found != nullptr || module_files(module_folders()).contains(use.name);
  if (!installed) {
    std::vector<std::string> names = known({transport_kind});
    for (std::string& key : conf::Keys{place.keys}.names()) names.push_back(std::move(key));
    const bool by_scheme = use.value == nullptr && use.keys == nullptr;  // https://...
    report_.error(use.place,
                  by_scheme ? "https needs the module '" + use.name + "', which is not installed"
                            : "unknown key '" + use.name + "' in " + place.title,
                  by_scheme ? "" : conf::suggestion(use.name, names));
    return nullptr;
  }
  const bool is_switch = use.value != nullptr && use.value->is(conf::Kind::boolean);
  if (use.value != nullptr && !is_switch) {
    report_.error(use.value->place(), use.name + " of " + place.title +
                                          ": expected the keys of a transport as a table, or true, "
                                          "found " +
                                          use.value->shown());
    return nullptr;
  }
  if (is_switch && !use.value->boolean()) return nullptr;
  if (found == nullptr) conf::report_unlisted(model_, "transport", use, use.name, report_);
  return found;
}

std::vector<InstanceUse> Instances::transports(const std::vector<conf::Use>& uses,
                                               const TransportPlace& place) {
  std::vector<InstanceUse> made;
  std::vector<InstanceUse> encrypting;
  for (const conf::Use& use : uses) {
    const Component* const found = transport(use, place);
    if (found == nullptr) continue;
    conf::Input input;
    input.table = use.keys;
    input.title = use.name + " of " + place.title;
    input.place = use.place;
    Instance* const instance = make({found, place.owner, std::move(input),
                                     conf::read_instance_keys(use.keys, report_), place.side});
    if (instance == nullptr) continue;
    const bool encrypts = (found->table.flags & WEIR_ENCRYPTS) != 0;
    (encrypts ? encrypting : made).push_back({instance, instance->conf});
  }
  made.insert(made.end(), encrypting.begin(), encrypting.end());
  return made;
}

std::vector<InstanceUse> Instances::transports(const conf::Listener& listener) {
  return transports(listener.transports,
                    {listener.name, "[[listener]]", WEIR_ACCEPTED, conf::listener_schema});
}

std::vector<InstanceUse> Instances::transports(const conf::Upstream& upstream) {
  return transports(upstream.transports, {upstream.name, "[upstream." + upstream.name + "]",
                                          WEIR_CONNECTED, conf::upstream_schema});
}

void Instances::tell_quarantine(const Instance& instance) {
  const auto& ops = instance.component->ops;
  const bool observes = std::holds_alternative<weir_observer>(ops);
  const bool passes = std::holds_alternative<weir_http_filter>(ops) && instance.fails_open;
  const bool transport = std::holds_alternative<weir_transport>(ops);
  WEIR_LOG(WEIR_ERR, "module \"", instance.callee->module,
           "\" is in quarantine, since it crashed: ", instance.callee->kind, " \"", instance.name,
           "\" ",
           observes    ? "is left out"
           : passes    ? "is left out, as on_fault = \"open\" says"
           : transport ? "lets no connection through"
                       : "answers 503 in its place");
}

std::string Instances::start() {
  former_.clear();
  former_named_.clear();
  for (const auto& instance : all_) {
    if (instance->started) continue;
    const auto former = std::move(instance->predecessor);
    if (instance->quarantined()) {
      tell_quarantine(*instance);
      continue;
    }
    if (former != nullptr) hand_over(*former, *instance);
    const auto start = instance->component->table.start;
    if (start != nullptr &&
        call_module({instance->callee, "start"}, WEIR_ERROR, start, instance->handle) != WEIR_OK) {
      return std::string(instance->component->table.name) + " \"" + instance->name +
             "\" could not start";
    }
    instance->started = true;
  }
  return {};
}

}  // namespace weir
