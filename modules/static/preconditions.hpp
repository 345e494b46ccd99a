// SPDX-License-Identifier: Apache-2.0
//
// Whether a request that names a state of the file is to be carried out: the conditional fields of
// RFC 9110, section 13, in the order of its 13.2.2.
//
// Lines are added as they come, several of a list count as one. What is no entity tag and no date
// is as good as not sent.
#pragma once

#include "http_date.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

struct Validators {
  std::string_view etag;     // strong, with its quotes
  int64_t modified = 0;      // seconds
  bool date_strong = false;  // it cannot have changed twice within that second
};

// True when the list names `etag`. Weak comparison takes W/"x" for "x".
inline bool lists_etag(std::string_view list, std::string_view etag, bool weak_counts) {
  for (;;) {
    while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ',')) {
      list.remove_prefix(1);
    }
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    if (!list.starts_with('"')) return false;
    const size_t close = list.find('"', 1);
    if (close == list.npos) return false;
    if ((weak_counts || !weak) && list.substr(0, close + 1) == etag) return true;
    list.remove_prefix(close + 1);
  }
}

class Preconditions {
 public:
  enum class Outcome : uint8_t { proceed, not_modified, failed };

  explicit Preconditions(const Validators& now) : now_(now) {}

  void if_match(std::string_view line) {
    match_.said = true;
    match_.holds = match_.holds || line == "*" || lists_etag(line, now_.etag, false);
  }
  void if_none_match(std::string_view line) {
    none_match_.said = true;
    none_match_.holds = none_match_.holds || line == "*" || lists_etag(line, now_.etag, true);
  }
  void if_modified_since(std::string_view line) { modified_since_.add(line); }
  void if_unmodified_since(std::string_view line) { unmodified_since_.add(line); }
  void if_range(std::string_view line) {
    range_.said = true;
    if (line.starts_with('"')) {
      range_.holds = line == now_.etag;
    } else {
      range_.holds = now_.date_strong && http_date::parse(line) == now_.modified;
    }
  }

  // For GET and HEAD.
  Outcome outcome() const {
    if (match_.said) {
      if (!match_.holds) return Outcome::failed;
    } else if (const auto date = unmodified_since_.date(); date && now_.modified > *date) {
      return Outcome::failed;
    }
    if (none_match_.said) return none_match_.holds ? Outcome::not_modified : Outcome::proceed;
    const auto date = modified_since_.date();
    return date && now_.modified <= *date ? Outcome::not_modified : Outcome::proceed;
  }

  // Whether a Range field counts.
  bool ranges_apply() const { return !range_.said || range_.holds; }

 private:
  struct Listed {
    bool said = false;
    bool holds = false;
  };
  struct Dated {
    void add(std::string_view line) {
      value = lines++ == 0 ? http_date::parse(line) : std::nullopt;
    }
    std::optional<int64_t> date() const { return value; }
    int lines = 0;
    std::optional<int64_t> value;
  };

  Validators now_;
  Listed match_, none_match_, range_;
  Dated modified_since_, unmodified_since_;
};
