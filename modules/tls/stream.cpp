// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <weir/link.hpp>
#include <weir/module.h>
#include <weir/types.hpp>

#include "openssl.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/types.h>

using weir::Io;
using weir::Moved;

namespace {

// A peer that makes us answer and never reads: what TLS itself has to say is little.
constexpr size_t most_kept = 4 * LoopBuffers::sent;

// Takes the pieces to send one record's worth at a time.
class Cutter {
 public:
  explicit Cutter(std::span<const weir_str> pieces) : pieces_(pieces) { skip_empty(); }

  bool done() const { return pieces_.empty(); }

  // The next bytes, at most a record's; small pieces are brought together in `plain`.
  std::string_view next(std::array<char, LoopBuffers::record>& plain) const {
    const auto first = rest_of_first();
    if (first.size() >= plain.size() || pieces_.size() == 1) return first.substr(0, plain.size());
    size_t n = first.copy(plain.data(), plain.size());
    for (size_t at = 1; at < pieces_.size() && n < plain.size(); ++at) {
      n += weir::view(pieces_[at]).copy(plain.data() + n, plain.size() - n);
    }
    return {plain.data(), n};
  }

  void drop(size_t n) {
    while (n > 0) {
      const size_t part = std::min(n, rest_of_first().size());
      from_ += part;
      n -= part;
      skip_empty();
    }
  }

 private:
  std::string_view rest_of_first() const { return weir::view(pieces_.front()).substr(from_); }
  void skip_empty() {
    while (!pieces_.empty() && from_ == pieces_.front().n) {
      pieces_ = pieces_.subspan(1);
      from_ = 0;
    }
  }

  std::span<const weir_str> pieces_;
  size_t from_ = 0;  // of the first piece
};

}  // namespace

// ---- The BIO ----------------------------------------------------------------------------------

struct StreamBio {
  static Stream& of(BIO* bio) { return *static_cast<Stream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    const int n = of(bio).read_below(into, static_cast<size_t>(room));
    if (n < 0) BIO_set_retry_read(bio);
    return n;
  }

  static int write(BIO* bio, const char* bytes, int n) {
    BIO_clear_retry_flags(bio);
    return of(bio).write_below({bytes, static_cast<size_t>(n)});
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).link_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;  // the end of a call sends
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const fresh =
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir link");
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

// Negative: nothing just now. 0: no more will come.
int Stream::read_below(char* into, size_t room) {
  if (left_) {
    const size_t n = std::min(room, left_to_ - left_from_);
    std::memcpy(into, left_.get() + left_from_, n);
    left_from_ += n;
    if (left_from_ == left_to_) left_.reset();
    return static_cast<int>(n);
  }
  if (in_from_ == in_to_ && !fill()) return link_ended_ || broken_ ? 0 : -1;
  const size_t n = std::min(room, in_to_ - in_from_);
  std::memcpy(into, buffers_->in.data() + in_from_, n);
  in_from_ += n;
  return static_cast<int>(n);
}

bool Stream::fill() {
  // A short receive left nothing there that would be worth a call, once there is something to give.
  if (link_ended_ || broken_ || (short_ && decrypted_)) return false;
  // Requests for other keys, empty records: a record is far shorter, so nobody honest says so much
  // and nothing, and reading it all would keep the loop.
  if (barren_ >= LoopBuffers::received && SSL_is_init_finished(ssl_.get()) == 1) {
    broken_ = true;
    return false;
  }
  const auto moved = link_->recv({buffers_->in.data(), buffers_->in.size()});
  in_from_ = 0;
  in_to_ = moved.io == Io::ok ? moved.n : 0;
  barren_ += in_to_;
  short_ = in_to_ < buffers_->in.size();
  if (moved.io == Io::end) link_ended_ = true;
  if (moved.io == Io::broken) link_ended_ = broken_ = true;
  return in_to_ > 0;
}

// Takes all, or fails for good.
int Stream::write_below(std::string_view bytes) {
  const int n = static_cast<int>(bytes.size());
  if (pending() == 0 && bytes.size() > buffers_->out.size() - out_) flush(true);
  if (broken_) return -1;
  if (pending() > 0 || bytes.size() > buffers_->out.size()) {
    keep(bytes);
    return broken_ ? -1 : n;
  }
  std::memcpy(buffers_->out.data() + out_, bytes.data(), bytes.size());
  out_ += bytes.size();
  return n;
}

void Stream::keep(std::string_view bytes) {
  if (pending() + bytes.size() > most_kept) {
    broken_ = true;
    return;
  }
  kept_.insert(kept_.end(), bytes.begin(), bytes.end());
}

bool Stream::flush_kept(bool more) {
  if (pending() == 0 || broken_) return !broken_;
  const auto moved = link_->send({kept_.data() + kept_from_, pending()}, more);
  if (moved.io == Io::ok) kept_from_ += moved.n;
  if (moved.io == Io::broken || moved.io == Io::end) broken_ = true;
  if (pending() == 0) {
    kept_ = {};  // gives the memory back
    kept_from_ = 0;
  }
  return !broken_;
}

bool Stream::flush(bool more) {
  if (out_ == 0 || broken_) return !broken_;
  const std::string_view gathered{buffers_->out.data(), out_};
  out_ = 0;
  const auto moved = link_->send(gathered, more);
  if (moved.io == Io::broken || moved.io == Io::end) {
    broken_ = true;
    return false;
  }
  const size_t taken = moved.io == Io::ok ? moved.n : 0;
  if (taken < gathered.size()) keep(gathered.substr(taken));
  return !broken_;
}

// ---- A call -----------------------------------------------------------------------------------

// Lends link and buffers to the stream, and at its end keeps what they hold of it.
class Stream::Turn {
 public:
  Turn(Stream& stream, const weir::Link& link, LoopBuffers& buffers) : stream_(stream) {
    stream.link_ = &link;
    stream.buffers_ = &buffers;
    stream.short_ = stream.decrypted_ = false;
    if (ERR_peek_error() != 0) ERR_clear_error();  // to look costs a tenth of clearing
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  ~Turn() {
    const size_t rest = stream_.in_to_ - stream_.in_from_;
    if (rest > 0) {
      const char* const from = stream_.buffers_->in.data() + stream_.in_from_;
      stream_.left_.reset(new (std::nothrow) char[rest]);
      stream_.broken_ = stream_.broken_ || !stream_.left_;
      if (stream_.left_) std::memcpy(stream_.left_.get(), from, rest);
      stream_.left_from_ = 0;
      stream_.left_to_ = rest;
    }
    stream_.in_from_ = stream_.in_to_ = 0;
    stream_.link_ = nullptr;
    stream_.buffers_ = nullptr;
  }

 private:
  Stream& stream_;
};

Stream::Stream(SslPtr ssl) : ssl_(std::move(ssl)) {
  BIO* const bio = BIO_new(StreamBio::method());
  if (bio == nullptr) throw std::bad_alloc{};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

Stream::~Stream() {
  // Without this OpenSSL holds the session for broken, and no ticket of it opens anything.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

Io Stream::handshake(weir::Link link, LoopBuffers& buffers) {
  const Turn turn{*this, link, buffers};
  if (!flush_kept(false)) return Io::broken;
  const int result = SSL_do_handshake(ssl_.get());
  const int error = SSL_get_error(ssl_.get(), result);
  flush(false);  // also the alert that says what was wrong
  if (result == 1) {
    barren_ = 0;
    return broken_ ? Io::broken : Io::ok;
  }
  const bool waits = error == SSL_ERROR_WANT_READ && !broken_;
  if (!waits) broken_ = true;
  return waits ? Io::again : Io::broken;
}

Moved Stream::recv(weir::Link link, LoopBuffers& buffers, weir::Room into) {
  const Turn turn{*this, link, buffers};
  if (broken_ && left_ == nullptr) return {Io::broken, 0};
  size_t total = 0;
  int error = SSL_ERROR_NONE;
  while (total < into.size()) {
    size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &n);
    if (result != 1) {
      error = SSL_get_error(ssl_.get(), result);
      break;
    }
    total += n;
    decrypted_ = true;
    barren_ = 0;
  }
  flush_kept(false);
  flush(false);  // what TLS itself has to say: an alert, an answer to a change of keys
  if (total > 0 || into.empty()) {
    // The socket will not tell of an end that has been read together with the last bytes.
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) weir::wake(link.ref());
    return {Io::ok, total};
  }
  if (error == SSL_ERROR_ZERO_RETURN) return {Io::end, 0};
  if (error == SSL_ERROR_WANT_READ && !broken_) return {Io::again, 0};
  broken_ = true;
  return {Io::broken, 0};
}

Moved Stream::send(weir::Link link, LoopBuffers& buffers, weir::Pieces pieces) {
  const Turn turn{*this, link, buffers};
  if (!flush_kept(!pieces.list.empty() || pieces.more)) return {Io::broken, 0};
  size_t taken = 0;
  Cutter cutter{pieces.list};
  while (!cutter.done() && pending() == 0) {
    const auto record = cutter.next(buffers.plain);
    size_t n = 0;
    if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &n) != 1) {
      broken_ = true;
      break;
    }
    taken += n;
    cutter.drop(n);
    const bool full = buffers.out.size() - out_ < LoopBuffers::record + LoopBuffers::record_cost;
    if (full && !flush(!cutter.done() || pieces.more)) break;
  }
  if (!flush(pieces.more) || broken_) return {Io::broken, taken};
  return {pending() > 0 && taken == 0 ? Io::again : Io::ok, taken};
}

Io Stream::end(weir::Link link, LoopBuffers& buffers) {
  const Turn turn{*this, link, buffers};
  if (!flush_kept(false)) return Io::broken;
  const bool due = (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0;
  if (due && SSL_is_init_finished(ssl_.get()) == 1 && SSL_shutdown(ssl_.get()) < 0) {
    broken_ = true;
  }
  ERR_clear_error();
  if (!flush(false) || broken_) return Io::broken;
  return pending() > 0 ? Io::again : Io::ok;
}
