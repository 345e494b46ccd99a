// SPDX-License-Identifier: Apache-2.0
//
// Why a module is not loaded, and the way out, as a person reads it.
//
// Thread: any.
#pragma once

#include "base/result.hpp"

#include <string>

namespace weir {

struct LoadRefusal {
  std::string text;  // lower case, no full stop, the thing first
  std::string hint;  // what to do

  std::string sentence() const { return hint.empty() ? text : text + "; " + hint; }
};

template <class T>
using Loaded = Result<T, LoadRefusal>;

}  // namespace weir
