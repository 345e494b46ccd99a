// SPDX-License-Identifier: Apache-2.0
//
// Puts the values of one exchange into a line, in each of the shapes a line may have.
//
// `Values` tells what an exchange holds, so this is tested without a host:
//   std::string_view text(id), uint64_t number(id), std::string_view field(Side, id, name),
//   std::string_view query(), void cookies(take), where take is called with each Cookie line
#pragma once

#include "line.hpp"
#include "log_format.hpp"
#include "redaction.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

enum class Side : uint8_t { request, response };

// Ids whose values hold a query.
struct QueryBearers {
  uint32_t query, target, referer, location;
};

struct NamedFormat {
  std::string name;
  LogFormat format;

  // Alone in its field it stays a number in JSON.
  bool number() const {
    return format.size() == 1 && format[0].kind == Piece::Kind::number && format[0].instead.empty();
  }
};

template <class Values>
class Entry {
 public:
  Entry(const Values& values, const Redaction& redaction, const QueryBearers& bearers, Line& line)
      : values_(values), redaction_(redaction), bearers_(bearers), line_(line) {}

  void write_json(const std::vector<NamedFormat>& fields) {
    line_.add("{");
    bool first = true;
    for (const auto& field : fields) {
      if (!present(field.format)) continue;
      const char* quote = field.number() ? "" : "\"";
      if (!line_.has_room(field.name.size() + least_field)) break;
      if (!first) line_.add(",");
      line_.add("\"");
      line_.add(field.name);
      line_.add("\":");
      line_.add(quote);
      write(field.format, Escaping::json, Escaping::json);
      line_.close(quote);
      first = false;
    }
    line_.close(line_.cut() ? ",\"cut\":true}\n" : "}\n");
  }

  void write_logfmt(const std::vector<NamedFormat>& fields) {
    for (const auto& field : fields) {
      if (!present(field.format)) continue;
      if (!line_.has_room(field.name.size() + least_field)) break;
      if (line_.size() > 0) line_.add(" ");
      line_.add(field.name);
      line_.add("=");
      const size_t value = line_.size();
      write(field.format, Escaping::json, Escaping::json);
      if (plain(line_.view().substr(value))) continue;
      // Only now it is known that it wants quotes.
      line_.shorten(value);
      line_.add("\"");
      write(field.format, Escaping::json, Escaping::json);
      line_.close("\"");
    }
    line_.close(line_.cut() ? " cut=true\n" : "\n");
  }

  void write_text(const LogFormat& format) {
    write(format, Escaping::none, Escaping::log);
    line_.close("\n");
  }

 private:
  // What a name needs around it and a number at most.
  static constexpr size_t least_field = 40;

  void write(const LogFormat& format, Escaping literals, Escaping values) {
    for (const auto& piece : format) {
      line_.begin_value();
      if (piece.kind == Piece::Kind::literal) {
        line_.add_value(piece.text, literals);
      } else if (!has_value(piece)) {
        line_.add_value(piece.instead, literals);
      } else {
        give(piece, [&](std::string_view part) { line_.add_value(part, values); });
      }
    }
  }

  // A field stands for what its names yield; if they all yield nothing it is left out.
  bool present(const LogFormat& format) const {
    bool names = false;
    for (const auto& piece : format) {
      if (piece.kind == Piece::Kind::literal) continue;
      names = true;
      if (has_value(piece) || !piece.instead.empty()) return true;
    }
    return !names && !format.empty();
  }

  bool has_value(const Piece& piece) const {
    if (piece.kind == Piece::Kind::number) {
      return !piece.zero_is_none || values_.number(piece.id) != 0;
    }
    return !value(piece).empty();
  }

  std::string_view value(const Piece& piece) const {
    switch (piece.kind) {
      case Piece::Kind::text:
        return values_.text(piece.id);
      case Piece::Kind::request_field:
        return values_.field(Side::request, piece.id);
      case Piece::Kind::response_field:
        return values_.field(Side::response, piece.id);
      case Piece::Kind::query:
        return pair_value(values_.query(), piece.text, '&');
      case Piece::Kind::cookie:
        return cookie(piece.text);
      case Piece::Kind::literal:
      case Piece::Kind::number:
        break;
    }
    return {};
  }

  template <class Emit>
  void give(const Piece& piece, const Emit& emit) const {
    if (piece.kind == Piece::Kind::number) return give_number(piece, emit);
    const auto text = value(piece);
    const bool field =
        piece.kind == Piece::Kind::request_field || piece.kind == Piece::Kind::response_field;
    const bool attribute = piece.kind == Piece::Kind::text;
    if (redaction_.hides(piece.text)) return emit(Redaction::mark);
    if (attribute && piece.id == bearers_.query) return redaction_.query(text, emit);
    if ((attribute && piece.id == bearers_.target) ||
        (field && (piece.id == bearers_.referer || piece.id == bearers_.location))) {
      return redaction_.url(text, emit);
    }
    emit(text);
  }

  template <class Emit>
  void give_number(const Piece& piece, const Emit& emit) const {
    const auto number = static_cast<unsigned long long>(values_.number(piece.id));
    std::array<char, 32> room;
    const auto print = [&](const char* format, auto... parts) {
      const int size = std::snprintf(room.data(), room.size(), format, parts...);
      emit(std::string_view{room.data(), static_cast<size_t>(size)});
    };
    switch (piece.unit) {
      case Piece::Unit::none:
        return print("%llu", number);
      case Piece::Unit::microseconds:
        return print("%llu", number / 1000);
      case Piece::Unit::milliseconds:
        return print("%llu.%03llu", number / 1'000'000, number / 1000 % 1000);
      case Piece::Unit::thousandths:
        return print("%llu.%03llu", number / 1'000'000'000, number / 1'000'000 % 1000);
      case Piece::Unit::seconds:
        return print("%llu.%06llu", number / 1'000'000'000, number / 1000 % 1'000'000);
    }
  }

  // Of "a=1&b=2" or "a=1; b=2": the first of that name.
  static std::string_view pair_value(std::string_view pairs, std::string_view name, char between) {
    while (!pairs.empty()) {
      while (pairs.starts_with(' ')) pairs.remove_prefix(1);
      const size_t end = std::min(pairs.find(between), pairs.size());
      const auto pair = pairs.substr(0, end);
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
      pairs.remove_prefix(std::min(end + 1, pairs.size()));
    }
    return {};
  }

  std::string_view cookie(std::string_view name) const {
    std::string_view found;
    values_.cookies([&](std::string_view line) {
      if (found.empty()) found = pair_value(line, name, ';');
    });
    return found;
  }

  static bool plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
    });
  }

  const Values& values_;
  const Redaction& redaction_;
  const QueryBearers& bearers_;
  Line& line_;
};
