// SPDX-License-Identifier: Apache-2.0
//
// A filter that writes down when its instance starts and stops on a loop, and posts when an
// exchange ends and when it stops itself.
#include <weir/module.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace {

const weir_loop* loop;

struct Conf {
  weir_str tag, trace;
  uint32_t fails;
};

struct State {
  const Conf* conf;
  weir_ref ref;
  uint64_t posts;
};

struct Post {
  const Conf* conf;
  State* state;
};

void note(const Conf& conf, const std::string& words) {
  const std::string path(conf.trace.p, conf.trace.n);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const std::string line = std::string(conf.tag.p, conf.tag.n) + " " + words + "\n";
  if (descriptor < 0 || ::write(descriptor, line.data(), line.size()) < 0) std::abort();
  ::close(descriptor);
}

void posted(void* arg, weir_rc why) {
  Post* const post = static_cast<Post*>(arg);
  if (why == WEIR_OK) ++post->state->posts;
  note(*post->conf, "post " + std::to_string(why));
  delete post;
}

void post(State& state) {
  Post* const post = new Post{state.conf, &state};
  if (loop->post(state.ref, posted, post) != WEIR_OK) delete post;
}

void end(const weir_call* call) { post(*static_cast<State*>(call->state)); }

uint32_t request(const weir_call*) { return WEIR_NEXT; }

weir_rc configure(const weir_setup* setup, void** instance) {
  *instance = const_cast<void*>(setup->conf);
  return WEIR_OK;
}

weir_rc worker_start(void* instance, const weir_worker* worker, void** state) {
  const Conf& conf = *static_cast<const Conf*>(instance);
  note(conf, conf.fails != 0 ? "fails" : "start");
  if (conf.fails != 0) return WEIR_ERROR;
  *state = new State{&conf, worker->ref, 0};
  return WEIR_OK;
}

void worker_stop(void* instance, void* state) {
  note(*static_cast<const Conf*>(instance), "stop");
  post(*static_cast<State*>(state));
  delete static_cast<State*>(state);
}

weir_rc load(const weir_host* host) {
  loop = static_cast<const weir_loop*>(host->get("weir.loop/1"));
  return loop != nullptr ? WEIR_OK : WEIR_ERROR;
}

const weir_key keys[] = {
    {"tag", "Told by a test.", "", WEIR_TEXT, 0, offsetof(Conf, tag), nullptr, nullptr, 0, 0},
    {"trace", "Told by a test.", "", WEIR_TEXT, 0, offsetof(Conf, trace), nullptr, nullptr, 0, 0},
    {"fails", "Told by a test.", "false", WEIR_BOOL, 0, offsetof(Conf, fails), nullptr, nullptr, 0,
     0}};
const weir_schema schema = WEIR_SCHEMA(keys, Conf);
const weir_http_filter filter{
    sizeof(weir_http_filter), 0, request, nullptr, nullptr, nullptr, end, nullptr};
const weir_component component{sizeof(weir_component),
                               0,
                               "weir.http-filter/1",
                               "ends",
                               "Writes down its ends.",
                               &schema,
                               &filter,
                               nullptr,
                               configure,
                               nullptr,
                               nullptr,
                               worker_start,
                               worker_stop,
                               nullptr,
                               nullptr};
const weir_component* const components[] = {&component, nullptr};
const weir_module module{sizeof(weir_module), WEIR_ABI_MINOR,          0,          "ends",  "1.0",
                         "Apache-2.0",        "Writes down its ends.", components, nullptr, load};

}  // namespace

WEIR_NOTE("ends", "1.0", "0", "weir.http-filter/1");

WEIR_EXPORT const weir_module* WEIR_ENTRY(void) { return &module; }
