// SPDX-License-Identifier: Apache-2.0
//
// Finds modules by name and holds what they offer.
//
// Images belong to the process: a content that was mapped once is used again, so that a reload maps
// only what has changed. A Registry belongs to one generation: it holds the modules that this
// generation's file lists, each perhaps in another version than its predecessor's.
//
// Thread: the control thread; find and components may be used by any once loading is done.
#pragma once

#include <weir/module.h>

#include "module/image.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

class Images {
 public:
  // Expects: `host` lasts as long as the process. `run_parent` as in RunFolder.
  explicit Images(const weir_host& host, std::string run_parent = {})
      : host_(host), folder_(std::move(run_parent)) {}

  // Maps and starts the image unless this content has been.
  Loaded<const Image*> get(ImageFile file);

  // Modules of these names are loaded, so that the file can be checked, and not called.
  void quarantine(std::set<std::string> names) { quarantined_ = std::move(names); }
  const std::set<std::string>& quarantined() const { return quarantined_; }

  size_t mapped() const { return images_.size(); }

 private:
  const weir_host& host_;
  RunFolder folder_;
  std::set<std::string> quarantined_;
  std::map<std::string, std::unique_ptr<Image>> images_;  // by sha256
  std::map<std::string, LoadRefusal> refused_;  // mapped, but load() failed: it runs once per image
};

// What the file says of a module: a bare name, or [module.NAME] with path and sha256.
struct Wanted {
  std::string name;
  std::string path;    // empty: NAME.so in a module folder
  std::string sha256;  // empty: not pinned
};

// Folders that are searched for NAME.so, in order: those of WEIR_MODULE_PATH, `modules` beside the
// executable (a build), and the folder of installed modules. Only those that exist.
std::vector<std::string> module_folders();

// The files of all modules in the folders; of one name the first.
std::map<std::string, std::string> module_files(const std::vector<std::string>& folders);

// The path for a name, or a refusal that knows what there is.
Loaded<std::string> find_module(const std::string& name, const std::vector<std::string>& folders);

class Registry {
 public:
  Registry(Images& images, std::vector<std::string> folders)
      : images_(images), folders_(std::move(folders)) {}

  // Loads one module; a name that is loaded already is an error.
  Loaded<const Image*> load(const Wanted& wanted);

  // nullptr: no loaded module has it. `kind` is an id such as "weir.handler/1".
  const Component* find(std::string_view kind, std::string_view name) const;

  // Those of one kind, by name; of all kinds when it is empty.
  std::vector<const Component*> components(std::string_view kind = {}) const;
  const std::map<std::string, const Image*>& modules() const { return modules_; }

 private:
  using Key = std::pair<std::string, std::string>;  // kind, name
  Images& images_;
  std::vector<std::string> folders_;
  std::map<std::string, const Image*> modules_;  // by name
  std::map<Key, const Component*> components_;
};

}  // namespace weir
