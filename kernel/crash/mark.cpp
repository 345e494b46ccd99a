// SPDX-License-Identifier: Apache-2.0
#include "crash/mark.hpp"

#include <weir/module.h>

#include "base/log.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace weir {
namespace {

// "weir.http-filter/1" is a "filter".
std::string_view word_of(std::string_view kind) {
  kind = kind.substr(0, kind.find('/'));
  const size_t before = kind.find_last_of(".-");
  return before == std::string_view::npos ? kind : kind.substr(before + 1);
}

// Texts and callees that last; never destroyed, since other threads may still be in modules then.
struct Callees {
  std::mutex mutex;
  std::set<std::string, std::less<>> texts;
  std::list<Callee> all;

  const char* keep(std::string_view text) { return texts.emplace(text).first->c_str(); }
};

Callees& callees() {
  static auto* const made = new Callees;
  return *made;
}

}  // namespace

thread_local constinit Mark mark;

const Callee& callee(std::string_view module, std::string_view version, std::string_view kind,
                     std::string_view name) {
  Callees& known = callees();
  const std::lock_guard lock(known.mutex);
  // A text is kept once, so equal texts are equal pointers.
  const Callee wanted{known.keep(module), known.keep(version), known.keep(word_of(kind)),
                      known.keep(name)};
  const auto found = std::find_if(known.all.begin(), known.all.end(), [&](const Callee& one) {
    return one.module == wanted.module && one.version == wanted.version &&
           one.kind == wanted.kind && one.name == wanted.name;
  });
  return found != known.all.end() ? *found : known.all.emplace_back(wanted);
}

void report_exception(const Called& called) noexcept {
  std::string what;
  try {
    throw;
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
    what = "something that is no std::exception";
  }
  const Callee* const who = called.callee;
  WEIR_LOG(WEIR_ERR, who == nullptr ? "a module" : who->module, " \"",
           who == nullptr ? "" : who->name, "\": an exception left it in ", called.phase, ": ",
           FromPeer{what});
}

}  // namespace weir
