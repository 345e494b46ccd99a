// SPDX-License-Identifier: Apache-2.0
#include "command/missing_modules.hpp"

#include "base/result.hpp"
#include "conf/fix.hpp"
#include "conf/model.hpp"
#include "conf/place.hpp"
#include "module/image.hpp"
#include "module/registry.hpp"
#include "serve/generation.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkostemp
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

namespace weir {
namespace {

// Collects the names of all components that a model uses.
class Used {
 public:
  explicit Used(const conf::Model& model) {
    for (const conf::Instance& each : model.filters) own_.insert(each.name);
    for (const conf::Listener& each : model.listeners) {
      add(each.filters);
      add(each.transports);
    }
    for (const conf::Route& each : model.routes) add(each.filters);
    for (const conf::Upstream& each : model.upstreams) {
      if (each.balancer) add(each.balancer->name);
      add(each.transports);
    }
    for (const conf::Instance& each : model.filters) add(each.component);
    for (const conf::Instance& each : model.observers) add(each.component);
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  void add(const std::vector<conf::Use>& uses) {
    for (const conf::Use& use : uses) {
      if (!own_.contains(use.name)) add(use.name);
    }
  }
  void add(const std::string& name) {
    if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
  }

  std::set<std::string> own_;  // of [filter.NAME]
  std::vector<std::string> names_;
};

bool is_component(const Registry& registry, const std::string& name) {
  const auto all = registry.components();
  return std::ranges::any_of(all, [&](const Component* each) { return name == each->table.name; });
}

Error failed(const std::string& what) {
  return Error{what + ": " + std::generic_category().message(errno)};
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

// Owner and mode stay. The new text stands beside the file until it takes its place, so that a full
// disk or a crash leaves the old file whole.
Result<bool> replace(const std::string& name, std::string_view text) {
  std::error_code error;
  const std::string path = std::filesystem::canonical(name, error).string();
  struct stat old {};
  if (error || ::stat(path.c_str(), &old) != 0) return failed("cannot find " + name);
  std::string beside = path + ".XXXXXX";
  const int descriptor = ::mkostemp(beside.data(), O_CLOEXEC);
  if (descriptor < 0) return failed("cannot write in the folder of " + path);
  const bool owned = (old.st_uid == ::geteuid() && old.st_gid == ::getegid()) ||
                     ::fchown(descriptor, old.st_uid, old.st_gid) == 0;
  const bool written =
      owned && write_all(descriptor, text) && ::fchmod(descriptor, old.st_mode & 07777) == 0;
  const bool replaced =
      ::close(descriptor) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0;
  if (replaced) return true;
  const Error why = failed("cannot replace " + path);
  ::unlink(beside.c_str());
  return why;
}

}  // namespace

std::vector<std::string> missing_modules(const Generation& generation) {
  const Used used(generation.model());
  const auto files = module_files(module_folders());
  std::vector<std::string> missing;
  for (const std::string& name : used.names()) {
    const bool listed = generation.registry().modules().contains(name);
    if (!listed && files.contains(name) && !is_component(generation.registry(), name)) {
      missing.push_back(name);
    }
  }
  return missing;
}

Result<std::string> list_modules_in_file(const Generation& generation,
                                         const std::vector<std::string>& names) {
  const conf::Source* const place = generation.model().modules_place.source;
  const conf::Source& source = place != nullptr ? *place : generation.document().main();
  std::string text = source.text();
  for (const std::string& name : names) {
    auto changed = conf::add_module(text, name);
    if (!changed) return Error{source.name() + ": " + changed.error().text};
    text = std::move(*changed);
  }
  const auto replaced = replace(source.name(), text);
  if (!replaced) return replaced.error();
  return source.name();
}

}  // namespace weir
