// SPDX-License-Identifier: Apache-2.0
//
// A handler whose tasks wait for a file, and that writes down what happens in which order: tasks,
// the ends of its state and of its instance, and a post from the former.
#include <weir/module.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace {

struct Note {
  explicit Note(weir::Text tag, weir::Text trace) : tag_(tag), path_(trace) {}
  void operator()(const char* words) const {
    const int descriptor = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    const std::string line = tag_ + " " + words + "\n";
    if (descriptor < 0 || ::write(descriptor, line.data(), line.size()) < 0) std::abort();
    ::close(descriptor);
  }

 private:
  std::string tag_, path_;
};

// Says it once, wherever it was moved to.
class AtEnd {
 public:
  AtEnd(Note note, const char* words) : note_(new Note(std::move(note))), words_(words) {}
  AtEnd(AtEnd&&) = default;
  AtEnd& operator=(AtEnd&&) = delete;
  ~AtEnd() {
    if (note_ != nullptr) (*note_)(words_);
  }

 private:
  std::unique_ptr<Note> note_;
  const char* words_;
};

struct Tasks {
  static constexpr auto name = "tasks";
  static constexpr auto doc = "Writes down when its tasks and its instances end.";
  static constexpr auto kind = weir::Kind::handler;

  struct Conf {
    weir::Text tag, trace, gate;
    weir::Bool of_exchange, eager, fails;
  };
  static constexpr weir_key keys[] = {
      WEIR_KEY(Conf, tag, "\"\"", "Begins each line.", 0),
      WEIR_KEY(Conf, trace, "\"\"", "Where the lines go.", 0),
      WEIR_KEY(Conf, gate, "\"\"", "The file that tasks wait for.", 0),
      WEIR_KEY(Conf, of_exchange, "false", "Tasks belong to the exchange.", 0),
      WEIR_KEY(Conf, eager, "false", "The first task begins with the loop.", 0),
      WEIR_KEY(Conf, fails, "false", "It does not start on a loop.", 0),
  };

  struct Job {
    Note note;
    std::string gate;
    AtEnd end;
    void work() const {
      note("work begins");
      while (::access(gate.c_str(), F_OK) != 0) ::usleep(1000);
      note("work ends");
    }
    void done() const { note("done"); }
  };

  struct Instance {
    Instance(weir::Setup&, const Conf& conf) : note(conf.tag, conf.trace) {}
    ~Instance() { note("destroyed"); }
    Note note;
  };

  struct State {
    State(weir::Worker worker, const Conf& conf)
        : note(conf.tag, conf.trace), gate(conf.gate), ref(worker.ref()) {
      if (conf.fails) throw std::runtime_error("as told");
      if (conf.eager) begin(ref);
    }
    ~State() {
      note("stopped");
      if (weir::task(ref, Job{note, gate, AtEnd(note, "late task dropped")})) note("late task");
      weir::post(ref, [end = AtEnd(note, "post dropped")] {});
    }
    void begin(weir_ref owner) const {
      if (!weir::task(owner, Job{note, gate, AtEnd(note, "task dropped")})) note("no task");
    }
    Note note;
    std::string gate;
    weir_ref ref;
  };

  weir::Verdict request(weir::Exchange exchange, const Conf& conf, State& state) {
    state.begin(conf.of_exchange ? exchange.later().ref() : state.ref);
    return exchange.respond(200, std::string(conf.tag));
  }
};

}  // namespace

WEIR_MODULE("tasks", "1.0", "Apache-2.0", Tasks)
