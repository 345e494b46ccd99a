// SPDX-License-Identifier: Apache-2.0
#include "conf/values.hpp"

#include <weir/module.h>

#include "conf/file.hpp"
#include "conf/place.hpp"
#include "conf/report.hpp"
#include "conf/scan.hpp"
#include "conf/schema.hpp"
#include "conf/template.hpp"
#include "conf/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <ios>
#include <new>  // IWYU pragma: keep (placement)
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

constexpr size_t longest_secret = 1u << 20;

struct TypeFacts {
  uint32_t type;
  size_t size, align;
  const char* expected;
  const char* example;
};
constexpr std::array<TypeFacts, 15> facts{
    {{WEIR_BOOL, 4, 4, "true or false", "true"},
     {WEIR_INT, 8, 8, "a whole number such as 10", "10"},
     {WEIR_FLOAT, 8, 8, "a number such as 0.5", "0.5"},
     {WEIR_TEXT, sizeof(weir_str), 8, "a text in quotes", "\"text\""},
     {WEIR_DURATION, 8, 8, "a duration such as \"30s\"", "\"30s\""},
     {WEIR_BYTES, 8, 8, "a size such as \"64KiB\"", "\"64KiB\""},
     {WEIR_PERCENT, 8, 8, "a share such as \"20%\"", "\"20%\""},
     {WEIR_RATE, 8, 8, "a rate such as \"50/s\"", "\"50/s\""},
     {WEIR_CHOICE, 4, 4, "a choice", "\"...\""},
     {WEIR_TEMPLATE, sizeof(void*), 8, "a template such as \"{client.address}\"",
      "\"{client.address}\""},
     {WEIR_CIDR, sizeof(weir_cidr), 4, "an address or range such as \"10.0.0.0/8\"",
      "\"10.0.0.0/8\""},
     {WEIR_FILE, sizeof(weir_str), 8, "a path in quotes", "\"/path\""},
     {WEIR_SECRET, sizeof(weir_str), 8, R"({ file = "..." } or { env = "NAME" })",
      "{ file = \"...\" }"},
     {WEIR_TABLE, 0, 8, "a table such as { name = value }", "{ ... }"},
     {any_value, sizeof(void*), 8, "a value", "[\"...\"]"}}};

const TypeFacts* facts_of(uint32_t type) {
  const auto found = std::find_if(facts.begin(), facts.end(),
                                  [&](const TypeFacts& each) { return each.type == type; });
  return found == facts.end() ? nullptr : &*found;
}

template <class T>
bool put(void* out, std::optional<T> value) {
  if (value) ::new (out) T{*value};
  return value.has_value();
}

std::optional<uint32_t> choice_index(const weir_key& key, std::string_view text) {
  for (uint32_t i = 0; key.choices != nullptr && key.choices[i] != nullptr; ++i) {
    if (text == key.choices[i]) return i;
  }
  return {};
}

std::vector<std::string> choices_of(const weir_key& key) {
  std::vector<std::string> out;
  for (size_t i = 0; key.choices != nullptr && key.choices[i] != nullptr; ++i) {
    out.emplace_back(key.choices[i]);
  }
  return out;
}

// Types whose values are texts with a form of their own.
bool parse_typed(const weir_key& key, std::string_view text, void* out) {
  switch (key.type) {
    case WEIR_DURATION:
      return put(out, parse_duration(text));
    case WEIR_BYTES:
      return put(out, parse_size(text));
    case WEIR_PERCENT:
      return put(out, parse_percent(text));
    case WEIR_RATE:
      return put(out, parse_rate(text));
    case WEIR_CHOICE:
      return put(out, choice_index(key, text));
    case WEIR_CIDR:
      return put(out, parse_cidr(text));
    default:
      return false;
  }
}

// The value as min and max count it; nothing for types without order.
std::optional<double> magnitude(const weir_key& key, const void* value) {
  const auto as = [&]<class T>(T number) {
    std::memcpy(&number, value, sizeof number);
    return static_cast<double>(number);
  };
  switch (key.type) {
    case WEIR_INT:
    case WEIR_DURATION:
      return as(int64_t{});
    case WEIR_BYTES:
      return as(uint64_t{});
    case WEIR_FLOAT:
    case WEIR_PERCENT:
    case WEIR_RATE:
      return as(double{});
    default:
      return {};
  }
}

std::string shown_bound(const weir_key& key, double bound) {
  switch (key.type) {
    case WEIR_DURATION:
      return '"' + format_duration(Duration{static_cast<int64_t>(bound)}) + '"';
    case WEIR_BYTES:
      return '"' + format_size(static_cast<uint64_t>(bound)) + '"';
    case WEIR_PERCENT:
      return '"' + format_percent(bound) + '"';
    case WEIR_RATE:
      return '"' + format_rate(bound) + '"';
    case WEIR_INT:
      return std::to_string(static_cast<int64_t>(bound));
    default:
      return std::to_string(bound);
  }
}

// What a number without a unit may have been meant to say.
std::string unit_hint(const weir_key& key, const Node& node) {
  const bool number = node.is(Kind::integer) || node.is(Kind::real);
  const bool flag = node.is(Kind::text) && key.type == WEIR_BOOL;
  if (flag) {
    const std::string& text = node.text();
    if (text == "yes" || text == "on" || text == "true") return "write true";
    if (text == "no" || text == "off" || text == "false") return "write false";
    return {};
  }
  if (key.type == WEIR_CIDR && node.is(Kind::text)) {
    const auto clean = clear_host_bits(node.text());
    return clean ? "write \"" + format_cidr(*clean) + "\"" : "";
  }
  if (!number) return {};
  switch (key.type) {
    case WEIR_DURATION:
      return "write \"" + node.shown() + "s\" for seconds";
    case WEIR_PERCENT:
      return "write \"" + node.shown() + "%\"";
    case WEIR_RATE:
      return "write \"" + node.shown() + "/s\"";
    case WEIR_TEXT:
      return "write \"" + node.shown() + "\"";
    default:
      return {};
  }
}

std::string label(const std::string& path) { return path.empty() ? "" : path + ": "; }

}  // namespace

size_t value_size(const weir_key& key) {
  if (key.type == WEIR_TABLE) return key.sub == nullptr ? 0 : key.sub->conf_size;
  const TypeFacts* found = facts_of(key.type);
  return found == nullptr ? 0 : found->size;
}

size_t value_align(const weir_key& key) {
  const TypeFacts* found = facts_of(key.type);
  return found == nullptr ? 1 : found->align;
}

std::string expected_value(const weir_key& key) {
  if (key.type == WEIR_CHOICE) {
    std::string out;
    for (const std::string& choice : choices_of(key)) {
      out += (out.empty() ? "one of \"" : ", \"") + choice + "\"";
    }
    return out;
  }
  const TypeFacts* found = facts_of(key.type);
  return found == nullptr ? "a value" : found->expected;
}

std::string example_value(const weir_key& key) {
  std::string out = "...";
  if (const TypeFacts* found = facts_of(key.type)) out = found->example;
  if (key.type == WEIR_CHOICE && key.choices != nullptr && key.choices[0] != nullptr) {
    out = quoted_text(key.choices[0]);
  }
  if ((key.flags & WEIR_LIST) != 0) return "[" + out + "]";
  return (key.flags & WEIR_MAP) != 0 ? "{ name = " + out + " }" : out;
}

bool preset_is_toml(const weir_key& key) {
  const std::string_view text{key.preset == nullptr ? "" : key.preset};
  if (text.empty()) return false;
  if ((key.flags & WEIR_MAP) != 0 || key.type == WEIR_TABLE) return true;
  if (text[0] == '"' || text[0] == '\'') return true;
  return (key.flags & WEIR_LIST) != 0 && text[0] == '[';
}

bool Values::read(const weir_key& key, const Node& node, const std::string& path, void* out) {
  switch (key.type) {
    case WEIR_TEXT:
    case WEIR_FILE:
    case WEIR_SECRET:
      return read_text(key, node, path, out);
    case WEIR_TEMPLATE:
      return node.is(Kind::text) ? read_template(node, path, out) : wrong(key, node, path);
    default:
      break;
  }
  if (!read_typed(key, node, out)) return wrong(key, node, path);
  return in_bounds(key, node, path, out);
}

bool Values::read_typed(const weir_key& key, const Node& node, void* out) {
  switch (key.type) {
    case WEIR_BOOL:
      return node.is(Kind::boolean) && put(out, std::optional{uint32_t{node.boolean()}});
    case WEIR_INT:
      return node.is(Kind::integer) && put(out, std::optional{node.integer()});
    case WEIR_FLOAT:
      // inf and nan are numbers to TOML and useless as a setting.
      return (node.is(Kind::real) || node.is(Kind::integer)) && node.real() - node.real() == 0 &&
             put(out, std::optional{node.real()});
    case WEIR_BYTES:
      if (!node.is(Kind::integer)) break;
      return node.integer() >= 0 && put(out, std::optional{static_cast<uint64_t>(node.integer())});
    default:
      break;
  }
  return node.is(Kind::text) && parse_typed(key, node.text(), out);
}

bool Values::wrong(const weir_key& key, const Node& node, const std::string& path) {
  std::string hint = unit_hint(key, node);
  if (key.type == WEIR_CHOICE && node.is(Kind::text)) {
    const std::vector<std::string> known = choices_of(key);
    const std::string_view near = nearest(node.text(), known);
    if (!near.empty()) hint = "did you mean \"" + std::string{near} + "\"?";
  }
  report_.error(node.place(),
                label(path) + "expected " + expected_value(key) + ", found " + node.shown(),
                std::move(hint));
  return false;
}

bool Values::read_text(const weir_key& key, const Node& node, const std::string& path, void* out) {
  if (key.type == WEIR_SECRET && node.is(Kind::text)) {
    report_.error(node.place(), label(path) + "a secret does not belong in this file",
                  R"(write { file = "..." } or { env = "NAME" })");
    return false;
  }
  std::optional<std::string> text;
  if (node.is(Kind::text)) {
    text = node.text();
  } else if (node.is(Kind::table) && node.children().size() == 1 &&
             (node.find("file") != nullptr || node.find("env") != nullptr)) {
    text = resolve(node, path);
    if (!text) return false;
  } else {
    return wrong(key, node, path);
  }
  if (key.type == WEIR_FILE) text = absolute_path(node.source(), *text);
  return put(out, std::optional{storage_.copy(*text)});
}

std::optional<std::string> Values::resolve(const Node& node, const std::string& path) {
  const Node& way = node.children().front();
  if (!way.is(Kind::text) || way.text().empty()) {
    report_.error(way.place(), label(path) + way.key() + ": expected " +
                                   (way.key() == "file" ? "a path" : "a variable's name") +
                                   " in quotes, found " + way.shown());
    return {};
  }
  return way.key() == "file" ? from_file(way, path) : from_environment(way, path);
}

std::optional<std::string> Values::from_file(const Node& node, const std::string& path) {
  const std::string name = absolute_path(node.source(), node.text());
  std::ifstream file{name, std::ios::binary};
  std::string text(longest_secret + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() == 0 && !file.eof()) {
    report_.world(node.place(), label(path) + "'" + readable(name) + "' cannot be read",
                  "does it exist, with the right permissions?");
    return {};
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > longest_secret) {
    report_.error(node.place(), label(path) + "'" + readable(name) + "' is larger than 1 MiB");
    return {};
  }
  // One line end belongs to the editor that wrote the file, not to the value.
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::optional<std::string> Values::from_environment(const Node& node, const std::string& path) {
  const char* value = std::getenv(node.text().c_str());
  if (value != nullptr) return value;
  report_.world(node.place(), label(path) + "the environment has no " + readable(node.text()),
                "set it, or name another");
  return {};
}

bool Values::read_template(const Node& node, const std::string& path, void* out) {
  auto compiled = compile_template(node.text(), intern_);
  if (!compiled) {
    const TemplateFlaw& flaw = compiled.error();
    report_.error(node.inside(flaw.at, flaw.length), label(path) + flaw.message, flaw.hint);
    return false;
  }
  return put(out, std::optional{storage_.keep(std::move(*compiled))});
}

bool Values::in_bounds(const weir_key& key, const Node& node, const std::string& path,
                       const void* value) {
  const std::optional<double> size = magnitude(key, value);
  if (!size || (key.min == 0 && key.max == 0) || (*size >= key.min && *size <= key.max)) {
    return true;
  }
  const bool low = *size < key.min;
  report_.error(node.place(), label(path) + "expected at " + (low ? "least " : "most ") +
                                  shown_bound(key, low ? key.min : key.max) + ", found " +
                                  node.shown());
  return false;
}

bool Values::preset(const weir_key& key, std::string_view text, void* out) {
  const auto number = [&]<class T>(T value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && put(out, std::optional{value});
  };
  switch (key.type) {
    case WEIR_BOOL:
      return (text == "true" || text == "false") &&
             put(out, std::optional{uint32_t{text == "true"}});
    case WEIR_INT:
      return number(int64_t{});
    case WEIR_FLOAT:
      return number(double{});
    case WEIR_TEXT:
    case WEIR_FILE:
      return put(out, std::optional{storage_.copy(text)});
    case WEIR_TEMPLATE: {
      auto compiled = compile_template(text, intern_);
      return compiled && put(out, std::optional{storage_.keep(std::move(*compiled))});
    }
    default:
      return parse_typed(key, text, out);
  }
}

std::string absolute_path(const Source& source, std::string_view path) {
  return path.starts_with('/') || path.empty() ? std::string{path}
                                               : source.folder() + std::string{path};
}

}  // namespace weir::conf
