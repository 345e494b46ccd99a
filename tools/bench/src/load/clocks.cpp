// SPDX-License-Identifier: Apache-2.0
#include "clocks.hpp"

#include <ctime>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace bench {

namespace {

constexpr uint64_t second = 1'000'000'000;

uint64_t read_clock(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * second + static_cast<uint64_t>(time.tv_nsec);
}

// User and kernel time of all threads, ended ones included, with the softirq work done meanwhile.
uint64_t process_time(pid_t process) {
  clockid_t clock{};
  return clock_getcpuclockid(process, &clock) == 0 ? read_clock(clock) : 0;
}

// The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks.
uint64_t machine_time() {
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  uint64_t ticks = 0;
  for (int column = 0; column < 8; ++column) {
    uint64_t value = 0;
    file >> value;
    const bool idle = column == 3 || column == 4;
    if (!idle) ticks += value;
  }
  return ticks * (second / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

CpuTime CpuTime::operator-(const CpuTime& before) const {
  return {proxy - before.proxy, load - before.load, machine - before.machine};
}

Clocks::Clocks(const std::string& proxy, pid_t origin) : origin_(origin) {
  std::istringstream words(proxy);
  for (std::string word; std::getline(words, word, ',');) proxy_.push_back(std::stoi(word));
}

CpuTime Clocks::now() const {
  CpuTime time;
  for (const pid_t process : proxy_) time.proxy += process_time(process);
  time.load = read_clock(CLOCK_PROCESS_CPUTIME_ID) + (origin_ > 0 ? process_time(origin_) : 0);
  time.machine = machine_time();
  return time;
}

}  // namespace bench
