// SPDX-License-Identifier: Apache-2.0
//
// The codings a client accepts (Accept-Encoding, RFC 9110, 12.5.3), asked for by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

enum class Coding : uint32_t { br, zstd, gzip };

class AcceptedCodings {
 public:
  void add(std::string_view line) {
    for (;;) {
      const size_t comma = line.find(',');
      add_element(line.substr(0, comma));
      if (comma == line.npos) return;
      line.remove_prefix(comma + 1);
    }
  }

  // Thousandths; 0 when it is not wanted, or less wanted than no coding at all.
  int quality(Coding coding) const {
    const auto own = named_[static_cast<size_t>(coding)];
    const int value = own ? *own : any_.value_or(0);
    return identity_ && *identity_ > value ? 0 : value;
  }

 private:
  static bool blank(char c) { return c == ' ' || c == '\t'; }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
  }

  static bool same(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c) != lower[i]) return false;
    }
    return true;
  }

  // "1", "0.5", "0.125": thousandths.
  static std::optional<int> parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
    if (text.size() > 1 && text[1] != '.') return {};
    int value = (text[0] - '0') * 1000;
    int unit = 100;
    for (const char c : text.substr(text.size() > 1 ? 2 : 1)) {
      if (c < '0' || c > '9') return {};
      value += (c - '0') * unit;
      unit /= 10;
    }
    if (value > 1000) return {};
    return value;
  }

  // An element that cannot be read is left out.
  void add_element(std::string_view element) {
    const size_t semicolon = element.find(';');
    const auto name = trimmed(element.substr(0, semicolon));
    std::optional<int> weight = 1000;
    if (semicolon != element.npos) {
      const auto parameter = trimmed(element.substr(semicolon + 1));
      const bool is_weight = parameter.starts_with("q=") || parameter.starts_with("Q=");
      weight = is_weight ? parse_weight(parameter.substr(2)) : std::nullopt;
    }
    if (weight) set(name, *weight);
  }

  void set(std::string_view name, int weight) {
    if (name == "*") any_ = weight;
    if (same(name, "identity")) identity_ = weight;
    if (same(name, "br")) named_[static_cast<size_t>(Coding::br)] = weight;
    if (same(name, "zstd")) named_[static_cast<size_t>(Coding::zstd)] = weight;
    if (same(name, "gzip") || same(name, "x-gzip")) {
      named_[static_cast<size_t>(Coding::gzip)] = weight;
    }
  }

  std::array<std::optional<int>, 3> named_;
  std::optional<int> any_;
  std::optional<int> identity_;
};
