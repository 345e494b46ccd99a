// SPDX-License-Identifier: Apache-2.0
//
// load --port PORT [option...]: an HTTP/1.1 load generator of one thread; options.hpp has them all.
//
// Prints START when the measured window begins, for what the harness wants to do at that time, and
// one line of JSON after it. In mode idle it prints one line when all connections are held, and
// ends when its standard input does.
#include "client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using bench::Client;
using bench::Clock;
using bench::Run;
using Clients = std::vector<std::unique_ptr<Client>>;
using std::chrono::milliseconds;

void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

void turn(const Run& run, Clock::duration longest) {
  std::array<epoll_event, 256> events{};
  const auto wait = std::chrono::nanoseconds(std::max(longest, Clock::duration::zero()));
  const timespec timeout{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
  const int count =
      epoll_pwait2(run.epoll, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    static_cast<Client*>(event.data.ptr)->on_event(event.events);
  }
}

// Gives what is due to clients that are free, and says how long nothing more will be.
Clock::duration dispatch(Run& run) {
  constexpr Clock::duration longest = milliseconds(10);
  if (!run.pacer.paces()) return longest;
  run.pacer.advance(Clock::now());
  while (!run.free.empty() && run.pacer.waiting() > 0) {
    Client* const client = run.free.back();
    run.free.pop_back();
    client->request(*run.pacer.take());
  }
  return std::min(longest, run.pacer.next() - Clock::now());
}

void turns_until(Run& run, const Clients& clients, Clock::time_point end) {
  while (Clock::now() < end) {
    turn(run, dispatch(run));
    for (const auto& client : clients) {
      if (client->closed()) client->open();
    }
  }
}

void say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

void measure(Run& run, const Clients& clients) {
  const auto begin = Clock::now() + seconds(run.options.warm);
  turns_until(run, clients, begin);
  const bench::Clocks clocks(run.options.proxy, run.options.origin);
  say("START");
  run.tally.begin_window(clocks);
  turns_until(run, clients, begin + seconds(run.options.time));
  run.tally.end_window(clocks);
  run.tally.print(run.pacer.waiting());
}

// Opens 200 at a time, so that no accept queue overflows; gives up after a minute.
void hold(Run& run, const Clients& clients) {
  const auto end = Clock::now() + std::chrono::minutes(1);
  size_t opened = 0;
  while (run.held + run.tally.errors() < clients.size() && Clock::now() < end) {
    const size_t settled = run.held + static_cast<size_t>(run.tally.errors());
    while (opened < clients.size() && opened < settled + 200) clients[opened++]->open();
    turn(run, milliseconds(10));
  }
  std::printf("{\"held\": %zu, \"errors\": %zu, \"first_error\": \"%s\"}\n", run.held,
              static_cast<size_t>(run.tally.errors()), run.tally.first_error().c_str());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  Run run;
  run.options = bench::parse_options(argc, argv);
  run.heads = bench::request_heads(run.options);
  run.body.assign(run.options.post, 'p');
  run.pacer = bench::Pacer(run.options.rate, Clock::now());
  run.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (run.options.tls) run.tls = bench::Tls::client();

  Clients clients;
  for (size_t i = 0; i < run.options.connections; ++i) {
    clients.push_back(std::make_unique<Client>(run));
  }
  if (run.options.mode == bench::Mode::idle) {
    hold(run, clients);
  } else {
    measure(run, clients);
  }
  return 0;
}
