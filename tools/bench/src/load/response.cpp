// SPDX-License-Identifier: Apache-2.0
#include "response.hpp"

#include <algorithm>
#include <cstdlib>

#include <strings.h>

namespace bench {

namespace {

bool starts(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && strncasecmp(text.data(), with.data(), with.size()) == 0;
}

}  // namespace

size_t Response::feed(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && !over()) {
    const std::string_view rest = bytes.substr(used);
    switch (phase_) {
      case Phase::head:
        used += feed_head(rest);
        break;
      case Phase::counted:
        used += feed_counted(rest, Phase::over);
        break;
      case Phase::chunk:
        used += feed_counted(rest, Phase::chunk_end);
        break;
      case Phase::until_close:
        return bytes.size();
      default:
        used += feed_line(rest);
    }
  }
  return used;
}

bool Response::ended_by_close() {
  if (phase_ != Phase::until_close) return false;
  phase_ = Phase::over;
  closes_ = true;
  return true;
}

size_t Response::feed_head(std::string_view bytes) {
  const size_t before = head_.size();
  head_.append(bytes);
  const size_t end = head_.find("\r\n\r\n", before > 3 ? before - 3 : 0);
  if (end == std::string::npos) return bytes.size();
  head_.resize(end + 4);
  const size_t used = head_.size() - before;
  read_head();
  return used;
}

void Response::read_head() {
  status_ = std::atoi(head_.c_str() + 9);
  if (status_ == 100) {
    head_.clear();
    return;
  }
  phase_ = status_ == 101 ? Phase::over : Phase::until_close;
  if (phase_ == Phase::over) return;
  for (size_t at = head_.find('\n') + 1; at < head_.size(); at = head_.find('\n', at) + 1) {
    const std::string_view line = std::string_view(head_).substr(at);
    if (starts(line, "content-length:")) {
      left_ = std::strtoull(line.data() + 15, nullptr, 10);
      phase_ = left_ > 0 ? Phase::counted : Phase::over;
    } else if (starts(line, "transfer-encoding: chunked")) {
      phase_ = Phase::chunk_line;
    } else if (starts(line, "connection: close")) {
      closes_ = true;
    }
  }
}

size_t Response::feed_counted(std::string_view bytes, Phase then) {
  const auto part = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  left_ -= part;
  if (left_ == 0) phase_ = then;
  return part;
}

size_t Response::feed_line(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  if (end == std::string_view::npos) return bytes.size();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  read_line();
  line_.clear();
  return end + 1;
}

void Response::read_line() {
  if (phase_ == Phase::chunk_line) {
    left_ = std::strtoull(line_.c_str(), nullptr, 16);
    phase_ = left_ > 0 ? Phase::chunk : Phase::trailer;
  } else if (phase_ == Phase::chunk_end) {
    phase_ = Phase::chunk_line;
  } else if (line_.empty()) {
    phase_ = Phase::over;
  }
}

}  // namespace bench
