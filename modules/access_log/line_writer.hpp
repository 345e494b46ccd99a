// SPDX-License-Identifier: Apache-2.0
//
// The way of the lines from one loop to their sink. Lines are gathered in memory and written by a
// pool thread each second, or when a block is half full, so a slow disk never holds a loop. What
// cannot be kept or written is counted, and told in weir's own log now and then.
//
// Thread: its loop.
#pragma once

#include <weir/module.hpp>

#include "line_buffer.hpp"
#include "sink.hpp"

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

// A block of lines on its way through a pool thread. It is written at the latest when it is
// destroyed: a line that was taken is not lost when its loop ends first.
struct Batch {
  Batch(std::shared_ptr<Sink> to, std::string lines, bool anew)
      : sink(std::move(to)), text(std::move(lines)), reopen(anew) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() { write(); }

  void write() {
    if (std::exchange(written, true)) return;
    if (reopen) open_error = sink->open();
    result = sink->write(text);
  }

  std::shared_ptr<Sink> sink;
  std::string text;
  bool reopen;
  bool written = false;
  int open_error = 0;
  Sink::Result result;
};

class LineWriter {
 public:
  LineWriter(weir::Worker worker, const SinkPlan& plan, size_t room, weir::Metric dropped)
      : worker_(worker), dropped_(dropped), sink_(std::make_shared<Sink>(plan)), buffer_(room) {
    const int error = sink_->open();
    if (error == 0) return;
    const auto text = "cannot open " + plan.path + ": " + reason(error);
    // A logger that is not up yet is tried again with each block.
    if (plan.kind != SinkPlan::Kind::syslog) throw std::runtime_error(text);
    worker_.log(weir::Level::warn, text);
  }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter() {
    const Sink::Result result = sink_->write(buffer_.take());
    if (result.lost > 0) lose(result.lost, result.error);
    told_.reset();  // nobody tells later
    tell();
  }

  void add(std::string_view line) {
    if (!buffer_.add(line)) lose(1, ENOBUFS);
    if (buffer_.filled()) submit();
  }

  void flush() {
    if (!buffer_.empty()) submit();
    tell();
  }
  void reopen() {
    reopen_ = true;
    submit();
  }

 private:
  struct Job {
    void work() const { batch->write(); }
    void done() const { writer->finish(*batch); }
    LineWriter* writer;  // outlives done, since its loop's instance owns the task
    std::shared_ptr<Batch> batch;
  };

  static std::string reason(int error) { return std::generic_category().message(error); }

  void submit() {
    if (busy_) return;
    const auto batch = std::make_shared<Batch>(sink_, buffer_.take(), reopen_);
    busy_ = weir::task(worker_.ref(), Job{this, batch});
    if (busy_) {
      reopen_ = false;
      return;
    }
    // The pool is full: the next flush tries again.
    batch->written = true;
    buffer_.put_back(std::move(batch->text));
  }

  void finish(Batch& batch) {
    busy_ = false;
    buffer_.give_back(std::move(batch.text));
    if (batch.open_error != 0) {
      worker_.log(weir::Level::error, "cannot open the log anew: " + reason(batch.open_error));
    }
    if (batch.result.lost > 0) lose(batch.result.lost, batch.result.error);
    if (reopen_ || buffer_.filled()) submit();
  }

  void lose(size_t lines, int why) {
    worker_.count(dropped_, lines);
    lost_ += lines;
    why_ = why;
  }

  // Once in half a minute, so that trouble with one log does not fill another.
  void tell() {
    const auto now = weir::now();
    if (lost_ == 0 || (told_ && now - *told_ < std::chrono::seconds{30})) return;
    told_ = now;
    const auto text =
        why_ == ENOBUFS ? "they came faster than they could be written" : reason(why_);
    worker_.log(weir::Level::warn,
                std::to_string(std::exchange(lost_, 0)) + " lines were dropped: " + text);
  }

  weir::Worker worker_;
  weir::Metric dropped_;
  std::shared_ptr<Sink> sink_;
  LineBuffer buffer_;
  bool busy_ = false;    // a batch is under way
  bool reopen_ = false;  // the next batch opens the file anew
  size_t lost_ = 0;      // lines that nobody was told of
  int why_ = 0;
  std::optional<std::chrono::nanoseconds> told_;
};
