// SPDX-License-Identifier: Apache-2.0
#include "serve/overload.hpp"

#include "base/clock.hpp"
#include "chain/relief.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {
namespace {

struct Row {
  std::string_view name;
  double begin;
};

constexpr std::array<Row, steps> rows{{{"normal", 0},
                                       {"caches", 0.70},
                                       {"keep_alive", 0.80},
                                       {"shed", 0.88},
                                       {"pause", 0.93},
                                       {"reset", 0.97}}};

const Row& row_of(Step step) { return rows[static_cast<size_t>(step)]; }

double share(uint64_t used, uint64_t limit) {
  return limit == 0 ? 0 : static_cast<double>(used) / static_cast<double>(limit);
}

// Where a figure stands that stood at `now`, at most at `most`.
Step step_at(double share, Step now, Step most) {
  for (auto i = static_cast<size_t>(most); i > 0; --i) {
    const auto step = static_cast<Step>(i);
    if (share >= rows[i].begin - (step <= now ? Overload::hysteresis : 0)) return step;
  }
  return Step::normal;
}

std::string percent(double share) {
  return std::to_string(static_cast<uint64_t>(share * 100)) + " %";
}

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

std::string_view step_name(Step step) { return row_of(step).name; }

double Overload::begin_of(Step step) { return row_of(step).begin; }

double Pressure::memory_share() const { return share(std::max(accounted, resident), budget); }

std::string Pressure::text() const {
  return "memory " + percent(memory_share()) + " (resident " + mebibytes(resident) +
         ", accounted " + mebibytes(accounted) + " of " + mebibytes(budget) + "), descriptors " +
         percent(share(descriptors, descriptor_limit)) + " (" + std::to_string(descriptors) +
         " of " + std::to_string(descriptor_limit) + "), tasks " +
         percent(share(tasks, task_limit));
}

Step Overload::update(const Pressure& pressure) {
  const std::array shares{pressure.memory_share(),
                          share(pressure.descriptors, pressure.descriptor_limit),
                          share(pressure.tasks, pressure.task_limit)};
  constexpr std::array most{Step::reset, Step::keep_alive, Step::shed};
  const Step before = step_;
  step_ = Step::normal;
  for (size_t i = 0; i < shares.size(); ++i) {
    of_figure_[i] = step_at(shares[i], of_figure_[i], most[i]);
    step_ = std::max(step_, of_figure_[i]);
  }
  for (auto i = static_cast<size_t>(before) + 1; i <= static_cast<size_t>(step_); ++i) {
    ++entered_[i];
  }
  return step_;
}

bool Lag::update(Clock::duration sample) {
  const bool differs = late_ ? sample * 100 < longest * 95 : sample > longest;
  differ_ = differs ? differ_ + 1 : 0;
  if (differ_ < samples) return late_;
  differ_ = 0;
  late_ = !late_;
  if (late_) ++times_;
  return late_;
}

}  // namespace weir
