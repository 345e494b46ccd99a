// SPDX-License-Identifier: Apache-2.0
//
// Service weir.body/1.
#include "base/body.hpp"

#include <weir/module.h>

#include "crash/mark.hpp"
#include "host/host.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weir {
namespace {

uint64_t length(const weir_body* body) { return body->length(); }
size_t room(const weir_body* body) { return body->room(); }
size_t spans(const weir_body* body, weir_str* out, size_t most) { return body->spans({out, most}); }
void drop(weir_body* body, uint64_t size) { body->drop(size); }

void move(weir_body* to, weir_body* from, uint64_t size) {
  if (!to->finished()) to->move(*from, size);
}

weir_rc after_put(const weir_body& body) { return body.room() == 0 ? WEIR_FULL : WEIR_OK; }

weir_rc put(weir_body* body, weir_str bytes) {
  if (body->finished()) return WEIR_INVALID;
  body->put({bytes.p, bytes.n});
  return after_put(*body);
}

// Memory that a module lent. It may come back while another module is called.
struct Lent {
  weir_fn release;
  void* arg;
  Called called;
};

void give_back(void* arg, weir_rc why) {
  const std::unique_ptr<Lent> lent(static_cast<Lent*>(arg));
  if (lent->release != nullptr) call_module(lent->called, lent->release, lent->arg, why);
}

weir_rc put_owned(weir_body* body, weir_str bytes, weir_fn release, void* arg) {
  if (body->finished()) {
    if (release != nullptr) release(arg, WEIR_GONE);
    return WEIR_INVALID;
  }
  const Called called{mark.callee.load(std::memory_order_relaxed), "release"};
  body->put_owned({bytes.p, bytes.n}, give_back, new Lent{release, arg, called});
  return after_put(*body);
}

weir_rc put_file(weir_body* body, int descriptor, uint64_t at, uint64_t size) {
  if (body->finished()) return WEIR_INVALID;
  if (!body->put_file(descriptor, at, size)) return WEIR_ERROR;
  return after_put(*body);
}

void finish(weir_body* body) { body->finish(); }

}  // namespace

const weir_bytes& body_service() {
  static constexpr weir_bytes table{sizeof(weir_bytes), length,   room,  spans, drop, move, put,
                                    put_owned,          put_file, finish};
  return table;
}

}  // namespace weir
