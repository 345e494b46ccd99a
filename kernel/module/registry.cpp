// SPDX-License-Identifier: Apache-2.0
#include "module/registry.hpp"

#include "conf/report.hpp"
#include "module/image.hpp"
#include "module/note.hpp"
#include "module/refusal.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): secure_getenv

#ifndef WEIR_MODULE_DIR
#define WEIR_MODULE_DIR "lib/weir/modules"  // below the prefix; CMake's WEIR_MODULE_DIR
#endif

namespace weir {

namespace {

namespace fs = std::filesystem;

// "a, b" for messages.
std::string listed(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

void add_folder(std::vector<std::string>& folders, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return;
  folders.push_back(fs::canonical(folder, error).string());
}

}  // namespace

Loaded<const Image*> Images::get(ImageFile file) {
  const std::string key = file.sha256;
  if (const auto known = images_.find(key); known != images_.end()) return known->second.get();
  if (const auto refused = refused_.find(key); refused != refused_.end()) return refused->second;
  auto image = Image::open(std::move(file), folder_);
  if (!image) return image.error();
  (*image)->quarantined = quarantined_.contains((*image)->note().name);
  if (const auto started = (*image)->start(host_); !started) {
    return refused_.emplace(key, started.error()).first->second;
  }
  return images_.emplace(key, std::move(*image)).first->second.get();
}

std::vector<std::string> module_folders() {
  std::vector<std::string> folders;
  if (const char* path = ::secure_getenv("WEIR_MODULE_PATH"); path != nullptr) {
    for (std::string_view rest{path}; !rest.empty();) {
      const auto part = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      if (!part.empty()) add_folder(folders, part);
    }
  }
  std::error_code error;
  const auto here = fs::read_symlink("/proc/self/exe", error).parent_path();
  add_folder(folders, here / "modules");
  add_folder(folders, here.parent_path() / WEIR_MODULE_DIR);
  return folders;
}

std::map<std::string, std::string> module_files(const std::vector<std::string>& folders) {
  std::map<std::string, std::string> found;
  for (const auto& folder : folders) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator{folder, error}) {
      const auto& path = entry.path();
      if (path.extension() == ".so" && is_module_name(path.stem().string())) {
        found.emplace(path.stem().string(), path.string());
      }
    }
  }
  return found;
}

Loaded<std::string> find_module(const std::string& name, const std::vector<std::string>& folders) {
  const auto files = module_files(folders);
  if (const auto file = files.find(name); file != files.end()) return file->second;
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const auto& [known, path] : files) names.push_back(known);
  const auto text = "no module '" + conf::readable(name) + "' in " +
                    (folders.empty() ? "any module folder" : listed(folders));
  const auto near = conf::nearest(name, names);
  if (!near.empty()) return LoadRefusal{text, "did you mean '" + std::string{near} + "'?"};
  return LoadRefusal{text, "install it, or say where it is: [module." + conf::readable(name) +
                               "] path = \"/path/to/it.so\""};
}

Loaded<const Image*> Registry::load(const Wanted& wanted) {
  if (modules_.contains(wanted.name)) {
    return LoadRefusal{"module '" + wanted.name + "' is listed twice", "remove one"};
  }
  std::string path = wanted.path;
  if (path.empty()) {
    const auto found = find_module(wanted.name, folders_);
    if (!found) return found.error();
    path = *found;
  }
  auto file = check_image(path, wanted.sha256);
  if (!file) return file.error();
  if (file->note.name != wanted.name) {
    return LoadRefusal{path + ": holds the module '" + file->note.name + "', not '" +
                           conf::readable(wanted.name) + "'",
                       "call it '" + file->note.name + "' in the file as well"};
  }
  const auto image = images_.get(std::move(*file));
  if (!image) return image.error();
  for (const Component& component : (*image)->components()) {
    const auto other = find(component.table.kind, component.table.name);
    if (other == nullptr) continue;
    return LoadRefusal{path + ": its component '" + component.table.name + "' (" +
                           component.table.kind + ") is already that of " + other->image->path(),
                       "list only one of the two modules"};
  }
  for (const Component& component : (*image)->components()) {
    components_[{component.table.kind, component.table.name}] = &component;
  }
  modules_[wanted.name] = *image;
  return *image;
}

const Component* Registry::find(std::string_view kind, std::string_view name) const {
  const auto found = components_.find({std::string{kind}, std::string{name}});
  return found == components_.end() ? nullptr : found->second;
}

std::vector<const Component*> Registry::components(std::string_view kind) const {
  std::vector<const Component*> found;
  for (const auto& [key, component] : components_) {
    if (kind.empty() || key.first == kind) found.push_back(component);
  }
  return found;
}

}  // namespace weir
