// SPDX-License-Identifier: Apache-2.0
//
// Keeps upstreams' endpoints in step with what the file says and its names resolve to.
//
// Every address of a name is an endpoint with the name's weight. A name that does not resolve is an
// endpoint that is down: it is told once and asked again; nothing waits for it.
//
// A reload prepares the next upstreams beside those that serve, and takes over by `commit`. Names
// that are known already keep their addresses meanwhile.
//
// Thread: control.
#pragma once

#include "base/clock.hpp"
#include "conf/model.hpp"
#include "net/resolver.hpp"
#include "upstream/upstream.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class UpstreamAddresses {
 public:
  // A first request should not find an endpoint down only because its name was not looked up yet;
  // longer than this nobody waits for that.
  static constexpr Clock::duration longest_lookup = std::chrono::seconds(3);

  explicit UpstreamAddresses(Resolver& resolver) : resolver_(resolver) {}

  // Starts the look-ups of these upstreams' names, those of the model in its order. `settled` is
  // called once, when every name has had its first answer, good or bad; not when there is none to
  // wait for. Upstreams that serve already get no new endpoints before commit.
  void prepare(const conf::Model& model, std::span<const std::shared_ptr<Upstream>> upstreams,
               std::function<void()> settled);

  // Names of the prepared upstreams that have no first answer yet.
  size_t pending() const { return pending_; }

  // The prepared ones are followed from now on, and the former not any more.
  void commit();
  void discard();

  void sweep();  // now and then

 private:
  struct Named {
    std::string host;
    uint16_t port = 0;
    uint32_t weight = 1;
    std::string server_name;
    std::vector<Address> addresses;
    bool answered = false;
    bool awaited = false;            // counted in pending
    std::unique_ptr<Lookup> lookup;  // nullptr: an address, not a name
  };
  struct Entry {
    std::shared_ptr<Upstream> upstream;
    std::vector<Named> endpoints;
    bool published = false;  // has given its upstream endpoints
  };
  using Entries = std::vector<std::unique_ptr<Entry>>;

  void add(const conf::Upstream& written, const std::shared_ptr<Upstream>& upstream);
  void look_up(Entry& entry, Named& named);
  void learn(Entry& entry, Named& named, const Answer& answer);
  static void publish(Entry& entry);

  Resolver& resolver_;
  Entries entries_;
  Entries next_;
  std::set<const Upstream*> followed_;                              // while preparing
  std::map<std::pair<std::string, uint16_t>, const Named*> known_;  // likewise
  std::function<void()> settled_;
  size_t pending_ = 0;
};

}  // namespace weir
