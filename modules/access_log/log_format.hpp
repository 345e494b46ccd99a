// SPDX-License-Identifier: Apache-2.0
//
// What a line consists of: text and names in braces, compiled once. The language is that of weir's
// templates, "{name}", "{name|instead}", "{{" and "}}"; it is read here and not by the kernel since
// a log must know each part by itself: a number stays a number in JSON, a secret is left out, and a
// name that has no value leaves no field behind.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct Piece {
  enum class Kind : uint8_t { literal, text, number, request_field, response_field, query, cookie };
  enum class Unit : uint8_t { none, thousandths, seconds, milliseconds, microseconds };

  Kind kind = Kind::literal;
  Unit unit = Unit::none;
  bool zero_is_none = false;  // of a number
  uint32_t id = 0;
  std::string text;     // a literal, or the name as written after its family
  std::string instead;  // when there is no value
};
using LogFormat = std::vector<Piece>;

// A name the kernel knows.
struct KnownName {
  std::string_view text;
  uint32_t id;
};

// Why a format cannot be used; the message is for the person who wrote it.
struct FormatError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class FormatCompiler {
 public:
  using Intern = std::function<uint32_t(std::string_view)>;

  FormatCompiler(std::span<const KnownName> names, Intern intern)
      : names_(names), intern_(std::move(intern)) {}

  LogFormat compile(std::string_view text) const {
    LogFormat format;
    while (!text.empty()) {
      const size_t brace = text.find_first_of("{}");
      add_literal(format, text.substr(0, brace));
      if (brace == text.npos) break;
      text.remove_prefix(brace);
      if (text.size() > 1 && text[1] == text[0]) {
        add_literal(format, text.substr(0, 1));
        text.remove_prefix(2);
        continue;
      }
      const size_t close = text.find('}');
      if (text.front() == '}' || close == text.npos) {
        throw FormatError("a brace has no partner; write {{ or }} for the character itself");
      }
      format.push_back(placeholder(text.substr(1, close - 1)));
      text.remove_prefix(close + 1);
    }
    return format;
  }

 private:
  struct Family {
    std::string_view prefix;
    Piece::Kind kind;
  };
  static constexpr std::array<Family, 5> families{{
      {"request.header.", Piece::Kind::request_field},
      {"response.header.", Piece::Kind::response_field},
      {"query.", Piece::Kind::query},
      {"cookie.", Piece::Kind::cookie},
      {"attr.", Piece::Kind::text},
  }};
  struct Number {
    std::string_view name;
    bool zero_is_none;
    bool is_time;
  };
  static constexpr std::array<Number, 8> numbers{{
      {"request.bytes", false, false},
      {"response.status", false, false},
      {"response.bytes", false, false},
      {"upstream.status", true, false},
      {"upstream.time", true, true},
      {"upstream.attempts", true, false},
      {"duration", false, true},
      {"time.unix", false, false},
  }};

  static void add_literal(LogFormat& format, std::string_view text) {
    if (text.empty()) return;
    if (format.empty() || format.back().kind != Piece::Kind::literal) format.emplace_back();
    format.back().text += text;
  }

  Piece placeholder(std::string_view body) const {
    const size_t bar = body.find('|');
    const auto name = body.substr(0, bar);
    Piece piece;
    if (!number(name, piece) && !known(name, piece) && !family(name, piece)) {
      throw FormatError("unknown name '" + std::string{name} + "'");
    }
    if (bar != body.npos) piece.instead = body.substr(bar + 1);
    return piece;
  }

  uint32_t id_of(std::string_view name) const {
    for (const auto& each : names_) {
      if (each.text == name) return each.id;
    }
    return 0;
  }

  bool known(std::string_view name, Piece& piece) const {
    piece.kind = Piece::Kind::text;
    piece.id = id_of(name);
    piece.text = name;
    return piece.id != 0;
  }

  // "duration", which is in seconds with three decimals as in templates, and "duration.ms".
  bool number(std::string_view name, Piece& piece) const {
    for (const auto& each : numbers) {
      if (!name.starts_with(each.name)) continue;
      const auto unit = name.substr(each.name.size());
      if (!unit.empty() && (!each.is_time || !unit_of(unit, piece))) continue;
      if (unit.empty() && each.is_time) piece.unit = Piece::Unit::thousandths;
      piece.kind = Piece::Kind::number;
      piece.id = id_of(each.name);
      piece.zero_is_none = each.zero_is_none;
      return true;
    }
    return false;
  }

  static bool unit_of(std::string_view suffix, Piece& piece) {
    if (suffix == ".s") piece.unit = Piece::Unit::seconds;
    if (suffix == ".ms") piece.unit = Piece::Unit::milliseconds;
    if (suffix == ".us") piece.unit = Piece::Unit::microseconds;
    return piece.unit != Piece::Unit::none;
  }

  bool family(std::string_view name, Piece& piece) const {
    for (const auto& each : families) {
      if (!name.starts_with(each.prefix) || name.size() == each.prefix.size()) continue;
      piece.kind = each.kind;
      piece.text = name.substr(each.prefix.size());
      const bool named = each.kind == Piece::Kind::query || each.kind == Piece::Kind::cookie;
      if (named) return true;
      if (each.kind != Piece::Kind::text) lower(piece.text);
      piece.id = intern_(piece.text);
      return true;
    }
    return false;
  }

  static void lower(std::string& text) {
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
    }
  }

  std::span<const KnownName> names_;
  Intern intern_;
};
