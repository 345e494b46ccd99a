// SPDX-License-Identifier: Apache-2.0
//
// A value or the reason why there is none, with the spelling of std::expected (C++23), so that it
// can become a `using` one day.
#pragma once

#include "base/contract.hpp"

#include <string>
#include <utility>
#include <variant>

namespace weir {

// Why something failed, in the words shown to a person: lower case, no full stop.
struct Error {
  std::string text;
};

template <class T, class E = Error>
class Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() {
    expects(has_value(), "result holds a value");
    return *std::get_if<0>(&held_);
  }
  const T& value() const {
    expects(has_value(), "result holds a value");
    return *std::get_if<0>(&held_);
  }
  const E& error() const {
    expects(!has_value(), "result holds an error");
    return *std::get_if<1>(&held_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> held_;
};

}  // namespace weir
