// SPDX-License-Identifier: Apache-2.0
//
// The process that outlives the others: it owns the listening sockets, starts the worker processes,
// watches them, and starts them again when they die.
//
// It has one thread, speaks with no client and loads no module; workers are its forks. A worker
// asks it for sockets, so a client that connects while there is no worker waits for the next one
// and is never refused. When a worker ends before the first time that all of them serve, nothing
// works as wanted, and the supervisor ends with that worker's exit status. From then on each death
// is answered by a new worker.
//
// SIGTERM and SIGINT drain all workers, a second one cuts; SIGHUP has all reload, SIGUSR1 opens log
// files anew, SIGUSR2 runs the executable's file again and hands over to it.
//
// Thread: main.
#pragma once

#include "conf/model.hpp"
#include "crash/quarantine.hpp"
#include "event/loop.hpp"
#include "event/signals.hpp"
#include "event/timers.hpp"
#include "net/address.hpp"
#include "supervise/channel.hpp"
#include "supervise/descriptor.hpp"
#include "supervise/manager.hpp"
#include "supervise/pid_file.hpp"
#include "supervise/rounds.hpp"
#include "supervise/sockets.hpp"
#include "supervise/superior.hpp"
#include "supervise/upgrade.hpp"
#include "supervise/worker_process.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weir {

// What the supervised processes are there for.
class Work {
 public:
  virtual ~Work() = default;

  // As the file that was read last has it; valid until it is read again.
  virtual const conf::Server& settings() const = 0;
  // Reads the file as it is now: equal texts for files that say the same, an empty one when it is
  // wrong. What was seen last becomes what workers start with by take; false: it is wrong. By
  // take_back it is again what it was before.
  virtual std::string look() = 0;
  virtual bool take() = 0;
  virtual void take_back() = 0;
  // Whether the file has a listener there, as taken or as it is now.
  virtual bool listens_on(const Address& address) = 0;
  // The log, from now on, is where the settings have it. It is standard error until then.
  virtual bool open_log() = 0;
  // In a worker process: serves, and gives the exit status. Modules of these names are not called.
  virtual int serve(Superior& superior, const std::set<std::string>& quarantined) = 0;
};

class Supervisor final : private WorkerProcess::Owner, private Timer, private Ticker {
 public:
  // Expects: `work` outlives this; there is one thread.
  explicit Supervisor(Work& work);
  ~Supervisor() override;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until all has ended. The exit status; in a worker process, which ends in here, that of `serve`.
  int run();

 private:
  void caught(int signal);
  void reap();
  void ended(pid_t pid, int status);
  void worker_ended(WorkerProcess& worker, int status);
  void start_again(WorkerProcess& worker, pid_t pid, int status);

  void start(WorkerProcess& worker) override;
  [[noreturn]] void become_worker(Channel::Ends ends);
  void heard(WorkerProcess& worker, Message message) override;
  void serves(WorkerProcess& worker);
  void close_unheld();
  void renew_next();
  bool take_charge();
  void followed(bool good);
  void tell_asker(uint64_t life, uint64_t number, const std::vector<Outcome>& outcomes);
  Superior::Told teller(const WorkerProcess& worker, const Message& question);

  void asked_of_socket(WorkerProcess& worker, const Message& message);
  void reload(Superior::Told told);
  void prepare_reload(int tries);
  void reload_prepared(const std::string& before, int tries, const std::vector<Outcome>& outcomes);
  void try_out(bool good);
  void end_trial();
  void commit_reload();
  void reloaded(const std::vector<Outcome>& outcomes);
  Clock::duration reload_patience() const;
  void upgrade(Superior::Told told);
  void successor_ended(const std::string& failure, const Superior::Told& told);
  void drain(bool for_good);
  void expired() noexcept override;  // the drain has lasted too long
  void tick() noexcept override;     // the service manager hears that this process is alive
  void read_crash_records(pid_t pid, int signal);
  void enter_sandbox() const;
  void open_log();
  void fail(int status);
  void end_if_alone();
  bool all_serve() const;

  Work& work_;
  const Program program_ = Program::own();
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Signals> signals_;
  Sockets sockets_;
  std::unique_ptr<Predecessor> predecessor_;
  std::unique_ptr<Successor> successor_;
  std::vector<std::unique_ptr<WorkerProcess>> workers_;
  Rounds rounds_{*loop_, workers_};
  std::vector<Superior::Told> reload_asked_;  // for the next reload
  std::vector<Superior::Told> reloading_;     // by the one under way
  Descriptor crash_records_, crash_writer_;   // a pipe: what crashed, in which module
  Quarantine quarantine_;
  PidFile pid_file_;
  Manager manager_;
  uint64_t last_life_ = 0;
  uint64_t outdated_life_ = 0;  // this and all before call a module that is in quarantine
  bool served_ = false;         // all workers have, once
  bool on_trial_ = false;       // the file that workers start with: none has served by it yet
  bool following_ = false;      // another supervisor is in charge still
  bool followed_ = false;       // one that was before has not gone yet
  bool in_charge_ = false;      // the pid file says so
  bool ending_ = false;
  bool for_good_ = false;  // and nobody goes on with the sockets
  int status_ = 0;
};

}  // namespace weir
