// SPDX-License-Identifier: Apache-2.0
#include "http/h1_reader.hpp"

#include <weir/module.h>

#include "base/arena.hpp"
#include "http/fields.hpp"
#include "http/grammar.hpp"
#include "http/head.hpp"
#include "http/limits.hpp"
#include "http/message_rules.hpp"
#include "http/names.hpp"
#include "http/refusals.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {
namespace {

using Refused = std::optional<Refusal>;

// The lines of one head, from the first to the empty one.
class HeadLines {
 public:
  HeadLines(std::string_view head, const HeadLimits& limits, Side side)
      : head_(head), limits_(limits), side_(side) {}

  // The first line without its CRLF, which must be there.
  Refused first_line(std::string_view& out);

  // All field lines, and the end of the head behind them.
  Refused fields(const Names& names, Fields& out);

 private:
  char at(size_t place) const { return place < head_.size() ? head_[place] : '\0'; }
  bool line_ends_at(size_t place) const { return at(place) == '\r' && at(place + 1) == '\n'; }
  Refused field(const Names& names, Fields& out);
  Refused add(uint32_t id, std::string_view name, std::string_view value, Fields& out);
  Refusal bad_name() const;
  Refusal bad_value(size_t place) const;

  std::string_view head_;
  const HeadLimits& limits_;
  Side side_;
  size_t at_ = 0;
  size_t counted_ = 0;  // fields, with each part of a Cookie as one
};

Refused HeadLines::first_line(std::string_view& out) {
  if (head_.size() > limits_.total) return refusal("head_long");
  const size_t end = scan::find<scan::LineBreak>(head_);
  if (end > limits_.line) return refusal("line_long");
  if (end == 0 && line_ends_at(0)) return refusal("empty_line");
  if (!line_ends_at(end)) return bad_value(end);
  out = head_.substr(0, end);
  at_ = end + 2;
  return std::nullopt;
}

Refused HeadLines::fields(const Names& names, Fields& out) {
  while (!line_ends_at(at_)) {
    if (const auto why = field(names, out)) return why;
  }
  if (at_ + 2 != head_.size()) return refusal("head_cut");
  return std::nullopt;
}

// Why there is no name with a colon behind it where the line starts.
Refusal HeadLines::bad_name() const {
  if (is_blank(at(at_))) return counted_ == 0 ? refusal("leading_blank") : refusal("obs_fold");
  const size_t end = scan::find_by_byte<scan::TokenEnd>(head_, at_);
  if (end == at_ && at(end) == ':') return refusal("name_missing");
  if (scan::LineBreak::stops(static_cast<unsigned char>(at(end)))) {
    return line_ends_at(end) ? refusal("name_missing") : bad_value(end);
  }
  return refusal("name_byte");
}

// What is wrong with a byte that ends a value and is not a CRLF.
Refusal HeadLines::bad_value(size_t place) const {
  if (place >= head_.size()) return refusal("head_cut");
  switch (head_[place]) {
    case '\r':
      return refusal("bare_cr");
    case '\n':
      return refusal("bare_lf");
    case '\0':
      return refusal("nul");
    default:
      return refusal("value_byte");
  }
}

Refused HeadLines::field(const Names& names, Fields& out) {
  size_t colon = scan::find<scan::PlainNameEnd>(head_, at_);
  if (at(colon) != ':') colon = scan::find_by_byte<scan::TokenEnd>(head_, at_);
  if (at(colon) != ':' || colon == at_) return bad_name();
  const std::string_view name = head_.substr(at_, colon - at_);

  const size_t end = scan::find<scan::ValueEnd>(head_, colon + 1);
  if (end - at_ > limits_.field) return refusal("field_long");
  if (!line_ends_at(end)) return bad_value(end);
  const std::string_view raw = head_.substr(colon + 1, end - colon - 1);
  at_ = end + 2;

  const uint32_t id = names.find(name);
  // Legal around a value, but a known way to hide a coding from one of two readers.
  if (id == WEIR_H_TRANSFER_ENCODING && raw.find('\t') != raw.npos) return refusal("te_malformed");
  return add(id, name, trim(raw), out);
}

Refusal repeated(uint32_t id) {
  switch (id) {
    case WEIR_H_HOST:
      return refusal("host_repeated");
    case WEIR_H_CONTENT_LENGTH:
      return refusal("length_repeated");
    case WEIR_H_TRANSFER_ENCODING:
      return refusal("te_repeated");
    default:
      return refusal("field_repeated");
  }
}

Refused HeadLines::add(uint32_t id, std::string_view name, std::string_view value, Fields& out) {
  if (id != WEIR_H_OTHER && out.has(id) && is_single(id, side_)) return repeated(id);
  ++counted_;
  if (id == WEIR_H_COOKIE) {
    counted_ += static_cast<size_t>(std::count(value.begin(), value.end(), ';'));
  }
  if (counted_ > limits_.fields) return refusal("fields_many");
  if (!out.add(id, name, value)) return refusal("head_memory");
  return std::nullopt;
}

bool looks_like_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

Refused read_version(std::string_view text, Version& out) {
  if (!looks_like_version(text)) return refusal("version");
  if (text[5] != '1' || text[7] > '1') return refusal("version_unsupported");
  out = text[7] == '1' ? Version::http11 : Version::http10;
  return std::nullopt;
}

Refused read_request_line(std::string_view line, RequestHead& out) {
  const size_t method_end = scan::find_by_byte<scan::TokenEnd>(line);
  if (method_end == 0 || method_end == line.size() || line[method_end] != ' ') {
    return refusal("request_line");
  }
  const size_t start = method_end + 1;
  const size_t end = scan::find<scan::TargetEnd>(line, start);
  if (end == line.size()) return refusal("version");  // as in HTTP/0.9
  if (line[end] == '#') return refusal("fragment");
  if (line[end] == '\\') return refusal("path_backslash");
  if (line[end] != ' ') return refusal("target_byte");
  if (end == start || line.substr(end + 1).starts_with(' ')) return refusal("request_line");
  out.method = line.substr(0, method_end);
  out.target = line.substr(start, end - start);
  return read_version(line.substr(end + 1), out.version);
}

Refused read_status_line(std::string_view line, ResponseHead& out) {
  // Some origins leave out the blank before an empty reason; nothing hangs on it.
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
    return refusal("status_line");
  }
  if (const auto why = read_version(line.substr(0, 8), out.version)) return why;
  const auto status = parse_length(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) return refusal("status_line");
  out.status = static_cast<uint16_t>(*status);
  out.reason = line.substr(std::min<size_t>(13, line.size()));
  return is_field_value(out.reason) ? std::nullopt : Refused{refusal("status_line")};
}

Refused read_response_lines(std::string_view head, const ResponseOptions& options,
                            const Names& names, ResponseHead& out) {
  HeadLines lines{head, options.limits, Side::response};
  std::string_view line;
  if (const auto why = lines.first_line(line)) return why;
  if (const auto why = read_status_line(line, out)) return why;
  if (const auto why = lines.fields(names, out.fields)) return why;
  return settle_response(out, options.request_method);
}

}  // namespace

Refused read_request(std::string_view head, const RequestOptions& options, Arena& arena,
                     const Names& names, RequestHead& out) {
  out = RequestHead{};
  out.fields = Fields{arena};
  HeadLines lines{head, options.limits, Side::request};
  std::string_view line;
  if (const auto why = lines.first_line(line)) return why;
  if (const auto why = read_request_line(line, out)) return why;
  if (const auto why = lines.fields(names, out.fields)) return why;
  return settle_request(out, options, arena);
}

Refused read_response(std::string_view head, const ResponseOptions& options, Arena& arena,
                      const Names& names, ResponseHead& out) {
  out = ResponseHead{};
  out.fields = Fields{arena};
  const auto why = read_response_lines(head, options, names, out);
  if (!why) return std::nullopt;
  return from_upstream(*why);
}

}  // namespace weir
