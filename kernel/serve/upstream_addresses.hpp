// SPDX-License-Identifier: Apache-2.0
//
// Keeps upstreams' endpoints in step with what their names resolve to.
//
// Every address of a name is an endpoint with the name's weight. A name that does not resolve is an
// endpoint that is down: it is told once and asked again; nothing waits for it.
//
// Thread: control.
#pragma once

#include "conf/model.hpp"
#include "net/resolver.hpp"
#include "upstream/upstream.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace weir {

class UpstreamAddresses {
 public:
  // `settled` is called once, when every name has had its first answer, good or bad; not when there
  // is no name at all.
  // Gives each upstream the endpoints that need no look-up at once, and starts the look-ups.
  // Expects: all arguments outlive this.
  UpstreamAddresses(const conf::Model& model,
                    const std::vector<std::unique_ptr<Upstream>>& upstreams, Resolver& resolver,
                    std::function<void()> settled);

  // Names that have no first answer yet.
  size_t pending() const { return pending_; }

  void sweep();  // now and then

 private:
  struct Named {
    std::unique_ptr<Lookup> lookup;  // nullptr: an address, not a name
    std::vector<Address> addresses;
    const conf::Endpoint* written = nullptr;
    bool answered = false;
  };
  struct Entry {
    Upstream* upstream = nullptr;
    std::vector<Named> endpoints;
  };
  void learn(Entry& entry, Named& named, const Answer& answer);
  static void publish(const Entry& entry);

  std::vector<std::unique_ptr<Entry>> entries_;
  std::function<void()> settled_;
  size_t pending_ = 0;
};

}  // namespace weir
