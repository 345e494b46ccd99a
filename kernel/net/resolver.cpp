// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include "base/clock.hpp"
#include "conf/units.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <netdb.h>
#include <sys/socket.h>

namespace weir {

namespace {

std::string reason_of(int error) {
  switch (error) {
    case EAI_NONAME:
    case EAI_NODATA:
      return "no such name";
    case EAI_AGAIN:
      return "no name server answered";
    case EAI_FAIL:
      return "the name server failed";
    case EAI_SYSTEM:
      return std::generic_category().message(errno);
    default:
      return ::gai_strerror(error);
  }
}

}  // namespace

Answer Resolver::resolve(const std::string& name, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  Answer answer;
  if (const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &list); error != 0) {
    answer.reason = name + ": " + reason_of(error);
    return answer;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    Address address(entry->ai_addr, entry->ai_addrlen);
    address.set_port(port);
    const auto known = std::ranges::find(answer.addresses, address);
    if (known == answer.addresses.end()) answer.addresses.push_back(address);
  }
  return answer;
}

void Resolver::ask(Lookup& lookup) {
  if (lookup.question_ != 0) return;
  const auto answer = std::make_shared<Answer>();
  const auto question = ++questions_;
  const bool accepted = tasks_.submit(
      [answer, name = lookup.name_, port = lookup.port_] { *answer = resolve(name, port); }, loop_,
      [open = std::weak_ptr(open_), answer, question] {
        if (const auto held = open.lock()) answered(*held, question, std::move(*answer));
      });
  if (accepted) {
    lookup.question_ = question;
    open_->emplace(question, &lookup);
  } else {
    loop_.arm(lookup, Lookup::retry_interval);
  }
}

void Resolver::answered(Open& open, uint64_t question, Answer answer) {
  const auto found = open.find(question);
  if (found == open.end()) return;
  Lookup& lookup = *found->second;
  open.erase(found);
  lookup.question_ = 0;
  lookup.take(std::move(answer));
}

Lookup::Lookup(Resolver& resolver, std::string name, uint16_t port,
               std::function<void(const Answer&)> told, Clock::duration interval)
    : resolver_(resolver),
      name_(std::move(name)),
      port_(port),
      told_(std::move(told)),
      interval_(interval) {
  resolver_.loop_.arm(*this, Clock::duration::zero());
}

Lookup::~Lookup() {
  if (question_ != 0) resolver_.open_->erase(question_);
}

void Lookup::ask_again() {
  cancel();
  resolver_.ask(*this);
}

void Lookup::expired() noexcept {
  auto address = conf::parse_ip(name_);
  if (!address) {
    resolver_.ask(*this);
    return;
  }
  address->port = port_;
  answered_ = true;
  answer_ = {{Address(*address)}, ""};
  told_(answer_);
}

void Lookup::take(Answer answer) {
  const bool failed = !answer.reason.empty();
  if (failed) answer.addresses = answer_.addresses;
  resolver_.loop_.arm(*this, failed ? std::min(interval_, retry_interval) : interval_);
  // Name servers rotate their answers; another order is no news.
  const bool same = answer.addresses.size() == answer_.addresses.size() &&
                    std::is_permutation(answer.addresses.begin(), answer.addresses.end(),
                                        answer_.addresses.begin());
  if (answered_ && same && answer.reason == answer_.reason) return;
  answered_ = true;
  answer_ = std::move(answer);
  told_(answer_);
}

}  // namespace weir
