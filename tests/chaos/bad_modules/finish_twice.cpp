// SPDX-License-Identifier: Apache-2.0
//
// Ends what has been ended: a body, an answer, a wait.
#include "bad.hpp"

namespace {

// The handler's body: finished twice, and put to after that.
uint32_t head(const weir_call*) { return WEIR_NEXT; }

uint32_t run(const weir_call*, weir_body*, weir_body* out) {
  bad::bytes->put(out, bad::str("once\n"));
  bad::bytes->finish(out);
  bad::bytes->finish(out);
  bad::bytes->put(out, bad::str("twice\n"));
  return WEIR_NEXT;
}

// The filter's wait: ended twice at once, and once more when it is long over.
struct Context {
  weir_ref first;
};

void resume_twice(void* arg, weir_rc) {
  const auto ref = reinterpret_cast<weir_ref>(arg);
  bad::http->resume(ref, WEIR_NEXT);
  bad::http->resume(ref, WEIR_FAIL);
}

uint32_t request(const weir_call* call) {
  static_cast<Context*>(call->ctx)->first = call->ref;
  const weir_ref timer =
      bad::loop->timer(call->ref, 0, resume_twice, reinterpret_cast<void*>(call->ref));
  return timer == 0 ? WEIR_FAIL : WEIR_WAIT;
}

uint32_t response(const weir_call* call) {
  bad::http->resume(static_cast<Context*>(call->ctx)->first, WEIR_FAIL);
  return WEIR_NEXT;
}

constexpr weir_http_filter filter_ops{sizeof filter_ops, sizeof(Context), request, nullptr,
                                      response,          nullptr,         nullptr, nullptr};
constexpr weir_handler handler_ops{sizeof handler_ops, 0, head, run, nullptr, nullptr};
constexpr weir_component filter = bad::filter("finish_twice", filter_ops);
constexpr weir_component handler =
    bad::component("weir.handler/1", "finish_twice_handler", &handler_ops);

}  // namespace

BAD_MODULE("finish_twice", "weir.http-filter/1,weir.handler/1", &filter, &handler)
