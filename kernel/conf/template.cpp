// SPDX-License-Identifier: Apache-2.0
#include "conf/template.hpp"

#include <weir/module.h>

#include "base/result.hpp"
#include "conf/report.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::conf {

namespace {

struct Attribute {
  std::string_view name;
  uint32_t id;
};
#define WEIR_ATTRIBUTE_ROW(id, text) Attribute{text, WEIR_A_##id},
constexpr std::array attributes{WEIR_ATTRIBUTE_NAMES(WEIR_ATTRIBUTE_ROW)};
#undef WEIR_ATTRIBUTE_ROW

// Names that end in something of the author's choice.
struct Family {
  std::string_view prefix;
  Piece::Kind kind;
};
constexpr std::array<Family, 6> families{{{"request.header.", Piece::Kind::request_field},
                                          {"response.header.", Piece::Kind::response_field},
                                          {"query.", Piece::Kind::query},
                                          {"cookie.", Piece::Kind::cookie},
                                          {"path.", Piece::Kind::parameter},
                                          {"attr.", Piece::Kind::attribute}}};

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::vector<std::string> known_names() {
  std::vector<std::string> out;
  out.reserve(attributes.size());
  for (const Attribute& attribute : attributes) out.emplace_back(attribute.name);
  for (const Family& family : families) out.push_back(std::string{family.prefix} + "NAME");
  return out;
}

// Reads one template from the front to the end; stops at the first flaw.
class Compiler {
 public:
  Compiler(std::string_view text, const Intern& intern) : text_(text), intern_(intern) {}

  Result<weir_template, TemplateFlaw> run() {
    while (at_ < text_.size()) {
      if (auto flaw = step()) return *flaw;
    }
    end_literal();
    out_.written = text_;
    return std::move(out_);
  }

 private:
  std::optional<TemplateFlaw> step() {
    const char c = text_[at_];
    const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      literal_ += c;
      at_ += 2;
    } else if (c == '{') {
      return placeholder();
    } else if (c == '}') {
      return TemplateFlaw{at_, 1, "'}' closes nothing", "write '}}' for the character itself"};
    } else {
      literal_ += c;
      ++at_;
    }
    return {};
  }

  std::optional<TemplateFlaw> placeholder() {
    const size_t close = text_.find('}', at_);
    const size_t inner = text_.find('{', at_ + 1);
    if (close == std::string_view::npos || inner < close) {
      return TemplateFlaw{at_, 1, "'{' is not closed",
                          "write '{{' for the character itself, or a name such as "
                          "{client.address}"};
    }
    end_literal();
    const std::string_view body = text_.substr(at_ + 1, close - at_ - 1);
    const size_t bar = body.find('|');
    const std::string_view name = body.substr(0, bar);
    Piece piece;
    if (!resolve(name, piece)) return unknown(name);
    if (bar != std::string_view::npos) piece.fallback = body.substr(bar + 1);
    out_.pieces.push_back(std::move(piece));
    at_ = close + 1;
    return {};
  }

  bool resolve(std::string_view name, Piece& piece) {
    if (const uint32_t id = attribute_id(name); id != 0) {
      piece.kind = Piece::Kind::attribute;
      piece.id = id;
      return true;
    }
    for (const Family& family : families) {
      if (!name.starts_with(family.prefix)) continue;
      piece.kind = family.kind;
      piece.text = name.substr(family.prefix.size());
      return complete(piece);
    }
    return false;
  }

  bool complete(Piece& piece) {
    if (!is_token(piece.text)) return false;
    const bool field =
        piece.kind == Piece::Kind::request_field || piece.kind == Piece::Kind::response_field;
    if (field) piece.text = lower(piece.text);
    if (field || piece.kind == Piece::Kind::attribute) piece.id = intern_(piece.text);
    return true;
  }

  TemplateFlaw unknown(std::string_view name) const {
    if (name.empty()) {
      return {at_, 2, "a placeholder without a name", "write '{{' and '}}' for braces themselves"};
    }
    return {at_ + 1, name.size(), "unknown name '" + readable(name) + "' in a template",
            suggestion(name, known_names())};
  }

  void end_literal() {
    if (literal_.empty()) return;
    Piece piece;
    piece.text = std::exchange(literal_, {});
    out_.pieces.push_back(std::move(piece));
  }

  std::string_view text_;
  const Intern& intern_;
  size_t at_ = 0;
  std::string literal_;
  weir_template out_;
};

}  // namespace

Result<weir_template, TemplateFlaw> compile_template(std::string_view text, const Intern& intern) {
  return Compiler{text, intern}.run();
}

uint32_t attribute_id(std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const Attribute& each) { return each.name == name; });
  return found == attributes.end() ? 0 : found->id;
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

}  // namespace weir::conf

bool weir_template::literal() const {
  return pieces.empty() ||
         (pieces.size() == 1 && pieces.front().kind == weir::conf::Piece::Kind::literal);
}

std::string_view weir_template::text() const {
  return literal() && !pieces.empty() ? std::string_view{pieces.front().text} : std::string_view{};
}
