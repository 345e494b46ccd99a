// SPDX-License-Identifier: Apache-2.0
#include "module/image.hpp"

#include <weir/module.h>

#include "crash/handler.hpp"
#include "crash/mark.hpp"
#include "module/elf.hpp"
#include "module/note.hpp"
#include "module/refusal.hpp"
#include "module/run_folder.hpp"
#include "module/trust.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <Poco/DigestEngine.h>
#include <Poco/SHA2Engine.h>
#include <dlfcn.h>

namespace weir {

namespace {

std::string sha256_of(FileBytes bytes) {
  Poco::SHA2Engine engine{Poco::SHA2Engine::SHA_256};
  engine.update(bytes.data(), bytes.size());
  return Poco::DigestEngine::digestToHex(engine.digest());
}

LoadRefusal at(const std::string& path, const LoadRefusal& refusal) {
  return {path + ": " + refusal.text, refusal.hint};
}

LoadRefusal wrong_code(const std::string& what) {
  return {what, "the fault is in the module: report it to its author"};
}

// Sorted and without repetition, to compare what note and code say.
std::set<std::string> kinds_of(const std::vector<Component>& components) {
  std::set<std::string> kinds;
  for (const Component& component : components) kinds.insert(component.table.kind);
  return kinds;
}

}  // namespace

Loaded<ImageFile> check_image(const std::string& path, const std::string& sha256) {
  auto file = read_trusted(path);
  if (!file) return at(path, file.error());
  const auto elf = Elf::parse(file->bytes);
  if (!elf) return at(path, elf.error());
  auto note = read_note(*elf);
  if (note) note = accept_note(std::move(*note));
  if (!note) return at(path, note.error());
  const std::string actual = sha256_of(file->bytes);
  if (!sha256.empty() && sha256 != actual) {
    return LoadRefusal{path + ": its content is not the pinned one (its sha256 is " + actual + ")",
                       "find out who changed it; if it was you, write the new sum into the file"};
  }
  return ImageFile{std::move(file->path), actual, std::move(file->bytes), std::move(*note)};
}

Loaded<std::unique_ptr<Image>> Image::open(ImageFile file, RunFolder& folder) {
  std::unique_ptr<Image> image{new Image};
  image->path_ = std::move(file.path);
  image->sha256_ = std::move(file.sha256);
  image->note_ = std::move(file.note);
  const auto copy =
      folder.copy(image->note_.name + "-" + image->sha256_.substr(0, 16) + ".so", file.bytes);
  if (!copy) return at(image->path_, copy.error());
  if (const auto mapped = image->map(*copy); !mapped) return at(image->path_, mapped.error());
  return image;
}

Loaded<bool> Image::map(const std::string& copy) {
  const Called opening{&callee(note_.name, note_.version, "module", note_.name), "open"};
  void* handle = nullptr;
  {
    const Marked marked(opening);  // constructors of it run
    handle = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  }
  note_images();
  if (handle == nullptr) return explain_linker(::dlerror(), copy);
  const auto entry = reinterpret_cast<weir_entry_fn>(::dlsym(handle, "weir_module_v1"));
  if (entry == nullptr) {
    return LoadRefusal{
        "exports no weir_module_v1",
        "end its source with WEIR_MODULE, or define WEIR_EXPORT ... WEIR_ENTRY(void) in C"};
  }
  const weir_module* module = call_module(opening, nullptr, entry);
  if (module == nullptr) return wrong_code("weir_module_v1 returned nothing");
  if (const auto taken = take(*module); !taken) return taken;
  return agree();
}

// Completes what the code says of itself.
Loaded<bool> Image::take(const weir_module& module) {
  if (module.size < offsetof(weir_module, needs)) return wrong_code("its weir_module is too small");
  std::memcpy(&module_, &module, std::min<size_t>(module.size, sizeof module_));
  module_.size = sizeof module_;
  if (module_.name == nullptr || module_.version == nullptr || module_.components == nullptr ||
      module_.components[0] == nullptr) {
    return wrong_code("its weir_module lacks a name, a version or components");
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (const weir_component* const* from = module_.components; *from != nullptr; ++from) {
    Component component;
    if (const auto wrong = complete(**from, component); !wrong.empty()) return wrong_code(wrong);
    if (!seen.emplace(component.table.kind, component.table.name).second) {
      return wrong_code(std::string{"it has two components '"} + component.table.name +
                        "' of kind " + component.table.kind);
    }
    components_.push_back(component);
  }
  for (Component& component : components_) {
    component.image = this;
    component.table.ops =
        std::visit([](const auto& ops) -> const void* { return &ops; }, component.ops);
  }
  return true;
}

// The note was believed before the code ran; a stale one must not pass.
Loaded<bool> Image::agree() const {
  std::string differs;
  if (note_.name != module_.name) {
    differs = "name '" + note_.name + "', its code '" + module_.name + "'";
  }
  if (note_.version != module_.version) {
    differs = "version " + note_.version + ", its code " + module_.version;
  }
  if (note_.needs != module_.minor_required) {
    differs = "ABI 1." + std::to_string(note_.needs) + ", its code 1." +
              std::to_string(module_.minor_required);
  }
  if (std::set<std::string>{note_.kinds.begin(), note_.kinds.end()} != kinds_of(components_)) {
    differs = "other kinds than its code has";
  }
  if (differs.empty()) return true;
  return LoadRefusal{"its note says " + differs, "correct WEIR_NOTE and build the module again"};
}

Loaded<bool> Image::start(const weir_host& host) {
  const Called loading{&callee(module_.name, module_.version, "module", module_.name), "load"};
  const weir_rc rc =
      module_.load == nullptr ? WEIR_OK : call_module(loading, WEIR_ERROR, module_.load, &host);
  if (rc == WEIR_OK) return true;
  if (rc == WEIR_UNSUPPORTED) {
    return at(path_, {"needs a service that weir " WEIR_VERSION " does not have",
                      "upgrade weir, or install an older version of the module"});
  }
  return at(path_,
            {"its load() failed with " + std::to_string(rc), "its own lines in the log say why"});
}

}  // namespace weir
