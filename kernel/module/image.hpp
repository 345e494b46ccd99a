// SPDX-License-Identifier: Apache-2.0
//
// A module's shared object, mapped into this process for good.
//
// It is mapped with all symbols bound at once, private, and never unmapped: one thread_local or
// unique symbol keeps an image alive anyway, so unloading is a promise the platform does not keep.
// Before the dynamic linker sees the file it has been checked as data (trust.hpp, note.hpp); after
// it, the tables are checked and completed: a module built for an older minor has shorter structs,
// and what they lack reads as zero here.
//
// Thread: the control thread. What it gives is constant and may be read by any.
#pragma once

#include <weir/module.h>

#include "module/note.hpp"
#include "module/refusal.hpp"
#include "module/run_folder.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace weir {

class Image;

// A component with every member of this kernel's minor. Lives as long as its image: for good.
struct Component {
  weir_component table{};  // table.ops points to `ops`
  std::variant<weir_http_filter, weir_handler, weir_balancer, weir_observer, weir_transport> ops;
  const Image* image = nullptr;

  template <class Ops>
  const Ops& as() const {
    return std::get<Ops>(ops);
  }
};

// A file that may be loaded, still only data.
struct ImageFile {
  std::string path;    // absolute, without symbolic links
  std::string sha256;  // in hex
  std::vector<char> bytes;
  Note note;
};

// All that can be checked without running code. `sha256` may be empty; otherwise it must match.
Loaded<ImageFile> check_image(const std::string& path, const std::string& sha256 = {});

class Image {
 public:
  // Maps the file; constructors of the shared object run, load() does not yet.
  static Loaded<std::unique_ptr<Image>> open(ImageFile file, RunFolder& folder);
  ~Image() = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  // Calls the module's load. Once.
  Loaded<bool> start(const weir_host& host);

  // One that crashed too often: nothing but load() of it is called. [control, before it is used]
  bool quarantined = false;

  const std::string& path() const { return path_; }
  const std::string& sha256() const { return sha256_; }
  const Note& note() const { return note_; }
  const weir_module& module() const { return module_; }
  const std::vector<Component>& components() const { return components_; }

 private:
  Image() = default;
  Loaded<bool> map(const std::string& copy);
  Loaded<bool> take(const weir_module& module);
  Loaded<bool> agree() const;

  std::string path_;
  std::string sha256_;
  Note note_;
  weir_module module_{};
  std::vector<Component> components_;
};

// What is wrong with the code's tables, completed into `to`; empty text: nothing.
std::string complete(const weir_component& from, Component& to);

// What the dynamic linker's message means to a person. `copy` is the path it knows.
LoadRefusal explain_linker(std::string message, const std::string& copy);

}  // namespace weir
