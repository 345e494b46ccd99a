// SPDX-License-Identifier: Apache-2.0
//
// Where lines go: a file, one of the standard streams, or syslog.
//
// Nothing here waits longer than a second for a reader that does not read, and a disk that is full
// costs the lines at hand and nothing else. Lines are handed over whole: what several loops write
// to one file or pipe does not mix within a line.
//
// Thread: any; a lock makes it one at a time. Meant for pool threads, since a disk may be slow.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

struct SinkPlan {
  enum class Kind { out, error, file, syslog };
  Kind kind = Kind::out;
  std::string path;  // of the file or of the syslog socket
  int priority = 0;  // syslog: facility and severity
  std::string tag;   // syslog: name of the program
};

class Sink {
 public:
  struct Result {
    size_t lost = 0;  // lines
    int error = 0;    // errno of the last failure
  };

  explicit Sink(SinkPlan plan) : plan_(std::move(plan)) {}
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  ~Sink();

  // 0, or errno. Also opens a file anew, after logrotate; if that fails the old one stays.
  int open();
  // Lines that end in '\n'.
  Result write(std::string_view lines);

 private:
  int open_locked();
  int open_new() const;
  int connect_syslog() const;
  Result write_stream(std::string_view lines);
  Result write_syslog(std::string_view lines);
  int write_all(std::string_view& text) const;
  int send_line(std::string_view line);

  SinkPlan plan_;
  std::mutex lock_;
  int descriptor_ = -1;
  bool regular_ = false;  // a file, which takes all at once
  bool torn_ = false;     // the last line was written in part
};
