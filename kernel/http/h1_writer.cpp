// SPDX-License-Identifier: Apache-2.0
#include "http/h1_writer.hpp"

#include <weir/module.h>

#include "base/contract.hpp"
#include "http/fields.hpp"
#include "http/grammar.hpp"
#include "http/head.hpp"
#include "http/names.hpp"
#include "http/path.hpp"
#include "http/scan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <string_view>
#include <system_error>

namespace weir {
namespace {

struct Reason {
  uint16_t status;
  std::string_view text;
};

constexpr Reason reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

// Written from arguments, or not at all: a row cannot say where a message ends.
bool is_framing_field(uint32_t id) {
  return id == WEIR_H_CONTENT_LENGTH || id == WEIR_H_TRANSFER_ENCODING || id == WEIR_H_CONNECTION ||
         id == WEIR_H_KEEP_ALIVE || id == WEIR_H_PROXY_CONNECTION || id == WEIR_H_UPGRADE;
}

bool has_framing(uint16_t status) { return status >= 200 && status != 204; }

bool is_path(std::string_view path) {
  return path == "*" || (path.starts_with('/') && is_target_text(path));
}

// The two digits of a number below 100.
void two(char* at, int number) {
  at[0] = static_cast<char>('0' + number / 10);
  at[1] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string_view usual_reason(uint16_t status) {
  const auto* const found = std::lower_bound(
      std::begin(reasons), std::end(reasons), status,
      [](const Reason& reason, uint16_t wanted) { return reason.status < wanted; });
  return found != std::end(reasons) && found->status == status ? found->text : std::string_view{};
}

bool Writer::plain(std::string_view text) {
  char* const at = take(text.size());
  return at != nullptr && scan::copy<scan::Never>(text, at);
}

bool Writer::number(uint64_t value, unsigned base) {
  char* const end = buffer_.data() + buffer_.size();
  const auto [at, error] =
      std::to_chars(buffer_.data() + size_, end, value, static_cast<int>(base));
  if (error != std::errc{}) return false;
  size_ = static_cast<size_t>(at - buffer_.data());
  return true;
}

bool Writer::value(std::string_view text) {
  char* const at = take(text.size());
  return at != nullptr && scan::copy<scan::ValueEnd>(text, at);
}

bool Writer::row(const weir_field& field) {
  const std::string_view name = as_view(field.name);
  const std::string_view text = as_view(field.value);
  const bool known = field.id > 0 && field.id < WEIR_H_COUNT;
  char* at = take(name.size() + text.size() + 4);
  if (at == nullptr || (!known && !is_token(name))) return false;
  scan::copy<scan::Never>(name, at);
  at += name.size();
  *at++ = ':';
  *at++ = ' ';
  if (!scan::copy<scan::ValueEnd>(text, at)) return false;
  at += text.size();
  *at++ = '\r';
  *at = '\n';
  return true;
}

bool Writer::rows(const Fields& fields, bool trailers) {
  return std::all_of(fields.rows().begin(), fields.rows().end(), [&](const weir_field& field) {
    const bool passed_over = is_framing_field(field.id) || (trailers && field.id == WEIR_H_TRAILER);
    return passed_over || row(field);
  });
}

bool Writer::framing_line(Framing framing) {
  if (framing.kind == Framing::Kind::chunked) return literal("Transfer-Encoding: chunked\r\n");
  if (framing.kind != Framing::Kind::length) return true;
  return literal("Content-Length: ") && number(framing.length, 10) && literal("\r\n");
}

// RFC 9110, 10.1.4: who sends TE names it in Connection.
bool Writer::connection_lines(Persistence persistence, bool names_te) {
  switch (persistence) {
    case Persistence::implied:
      return !names_te || literal("Connection: TE\r\n");
    case Persistence::keep_alive:
      return plain(names_te ? "Connection: keep-alive, TE\r\n" : "Connection: keep-alive\r\n");
    case Persistence::close:
      return plain(names_te ? "Connection: close, TE\r\n" : "Connection: close\r\n");
    case Persistence::websocket:
      break;
  }
  return plain(names_te ? "Connection: Upgrade, TE\r\n" : "Connection: Upgrade\r\n") &&
         literal("Upgrade: websocket\r\n");
}

bool Writer::rest(const Fields& fields, Framing framing, Persistence persistence) {
  return rows(fields, false) && framing_line(framing) &&
         connection_lines(persistence, fields.has(WEIR_H_TE)) && literal("\r\n");
}

bool Writer::settle(bool good, size_t before) {
  if (!good) size_ = before;
  return good;
}

bool Writer::write_request(const RequestLine& line, const Fields& fields, Framing framing,
                           Persistence persistence) {
  expects(framing.kind != Framing::Kind::until_close, "a request's body has an end");
  const size_t before = size_;
  const bool has_query = line.query.data() != nullptr;
  const bool good = is_token(line.method) && is_path(line.path) && is_target_text(line.query) &&
                    plain(line.method) && literal(" ") && plain(line.path) &&
                    plain(has_query ? "?" : "") && plain(line.query) && literal(" HTTP/1.1\r\n") &&
                    rest(fields, framing, persistence);
  return settle(good, before);
}

bool Writer::write_response(const StatusLine& line, const Fields& fields, Framing framing,
                            Persistence persistence) {
  expects(line.status >= 100 && line.status <= 599, "a status that a response may have");
  expects(framing.kind != Framing::Kind::until_close || persistence == Persistence::close,
          "a body that lasts until the close is followed by one");
  const size_t before = size_;
  const bool usual = line.reason.data() == nullptr;
  const bool good = literal("HTTP/1.1 ") && number(line.status, 10) && literal(" ") &&
                    value(usual ? usual_reason(line.status) : line.reason) && literal("\r\n") &&
                    rest(fields, has_framing(line.status) ? framing : Framing{}, persistence);
  return settle(good, before);
}

bool Writer::write_chunk_head(uint64_t size) {
  expects(size > 0, "an empty chunk would end the body");
  const size_t before = size_;
  return settle(number(size, 16) && literal("\r\n"), before);
}

bool Writer::write_last_chunk(const Fields* trailers) {
  const size_t before = size_;
  const bool good =
      literal("0\r\n") && (trailers == nullptr || rows(*trailers, true)) && literal("\r\n");
  return settle(good, before);
}

std::array<char, 29> http_date(std::time_t now) {
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 29> text{};
  constexpr std::string_view shape = "DDD, dd MMM yyyy hh:mm:ss GMT";
  std::copy(shape.begin(), shape.end(), text.begin());
  std::copy_n(days.data() + ptrdiff_t{3} * parts.tm_wday, 3, text.data());
  std::copy_n(months.data() + ptrdiff_t{3} * parts.tm_mon, 3, text.data() + 8);
  two(text.data() + 5, parts.tm_mday);
  two(text.data() + 12, (parts.tm_year + 1900) / 100);
  two(text.data() + 14, (parts.tm_year + 1900) % 100);
  two(text.data() + 17, parts.tm_hour);
  two(text.data() + 20, parts.tm_min);
  two(text.data() + 23, parts.tm_sec);
  return text;
}

std::string_view HttpDate::at(std::time_t now) {
  if (now != now_ || text_[0] == '\0') {
    text_ = http_date(now);
    now_ = now;
  }
  return {text_.data(), text_.size()};
}

}  // namespace weir
