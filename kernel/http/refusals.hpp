// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a message is refused: status, a word for logs and counters, and a sentence.
//
// One table. The word is looked up while compiling, so a reason that is not in the table does not
// build, and the reference page, the counters and the tests walk the same rows.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

namespace weir {

struct Refusal {
  uint16_t status;
  const char* reason;  // of the table below; lasts for ever
};

struct RefusalRow {
  uint16_t status;  // when a client sent it; what an upstream sends wrong is 502
  const char* reason;
  const char* meaning;
};

inline constexpr RefusalRow refusals[] = {
    // Line ends and bytes that no head holds.
    {400, "bare_lf", "a line ends with LF alone"},
    {400, "bare_cr", "a CR stands without its LF"},
    {400, "nul", "a NUL byte in the head"},
    {400, "empty_line", "an empty line before the message"},
    {400, "head_cut", "the head ends before its empty line"},
    // Sizes.
    {414, "line_long", "the request line is too long"},
    {431, "field_long", "a field line is too long"},
    {431, "head_long", "the head is too long"},
    {431, "fields_many", "too many fields, each cookie counted as one"},
    {431, "head_memory", "the head needs more memory than an exchange may have"},
    // Request line.
    {400, "request_line", "not method, target and version with one space between them"},
    {400, "target_byte", "the target holds a byte that must be escaped"},
    {400, "fragment", "the target holds a fragment"},
    {400, "target_form", "the target is neither a path nor a http or https address"},
    {400, "version", "the version is misspelt or missing"},
    {505, "version_unsupported", "neither HTTP/1.0 nor HTTP/1.1"},
    {405, "connect", "CONNECT, and no tunnel is offered"},
    // Field lines.
    {400, "obs_fold", "a field continues on the next line"},
    {400, "leading_blank", "the first field line begins with a blank"},
    {400, "name_missing", "a field line without a name or without a colon"},
    {400, "name_byte", "a field name holds a byte that is not allowed there"},
    {400, "value_byte", "a field value holds a control byte"},
    {400, "field_repeated", "a field that has one value stands there twice"},
    // Host.
    {400, "host_missing", "there is no Host field"},
    {400, "host_repeated", "more than one Host"},
    {400, "host_invalid", "Host is not a host name or address with or without a port"},
    {400, "host_differs", "the target names another host than Host"},
    // Framing.
    {400, "length_invalid", "Content-Length is not a number of at most 19 digits"},
    {400, "length_repeated", "more than one Content-Length"},
    {400, "length_and_te", "both Content-Length and Transfer-Encoding"},
    {501, "te_unknown", "a transfer coding other than chunked"},
    {400, "te_malformed", "Transfer-Encoding is not one plain word"},
    {400, "te_repeated", "chunked more than once"},
    {400, "te_http10", "Transfer-Encoding in an HTTP/1.0 message"},
    {417, "expect", "an expectation other than 100-continue"},
    {400, "connection_malformed", "Connection is not a short list of names"},
    {400, "connection_protected", "Connection names a field that must not be dropped"},
    // Path.
    {400, "path_escape", "a percent sign without two hexadecimal digits"},
    {400, "path_nul", "an escaped NUL in the path"},
    {400, "path_slash", "an escaped slash in the path"},
    {400, "path_backslash", "a backslash in the path"},
    {400, "path_above_root", "dot segments lead above the root"},
    {400, "path_dots", "a dot segment that another program may read as one and weir does not"},
    // Chunked bodies.
    {400, "chunk_size", "a chunk size that is not 1 to 15 hexadecimal digits"},
    {400, "chunk_line", "a chunk size line that breaks the grammar"},
    {400, "chunk_line_long", "a chunk size line is too long"},
    {400, "chunk_extensions", "too many bytes of chunk extensions in one body"},
    {400, "chunk_end", "chunk data that is not followed by CRLF"},
    {400, "trailer", "a trailer line that breaks the grammar"},
    {400, "trailers_long", "the trailers are too long"},
    {400, "trailers_many", "too many trailers"},
    // Responses.
    {502, "status_line", "not a version, a status from 100 to 599 and a reason"},
};

// The row of that reason as a refusal; a reason that is not there does not compile.
consteval Refusal refusal(std::string_view reason) {
  const RefusalRow* row = std::begin(refusals);
  while (row->reason != reason) ++row;
  return {row->status, row->reason};
}

// The same words when it was an upstream that sent it.
constexpr Refusal from_upstream(Refusal refusal) { return {502, refusal.reason}; }

}  // namespace weir
