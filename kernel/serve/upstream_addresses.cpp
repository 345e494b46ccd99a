// SPDX-License-Identifier: Apache-2.0
#include "serve/upstream_addresses.hpp"

#include <weir/module.h>

#include "base/log.hpp"
#include "conf/model.hpp"
#include "net/address.hpp"
#include "net/resolver.hpp"
#include "upstream/endpoint_set.hpp"
#include "upstream/upstream.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

UpstreamAddresses::UpstreamAddresses(const conf::Model& model,
                                     const std::vector<std::unique_ptr<Upstream>>& upstreams,
                                     Resolver& resolver, std::function<void()> settled)
    : settled_(std::move(settled)) {
  for (size_t i = 0; i < upstreams.size(); ++i) {
    auto& entry = *entries_.emplace_back(std::make_unique<Entry>());
    entry.upstream = upstreams[i].get();
    entry.endpoints.resize(model.upstreams[i].endpoints.size());
    for (size_t j = 0; j < entry.endpoints.size(); ++j) {
      Named& named = entry.endpoints[j];
      named.written = &model.upstreams[i].endpoints[j];
      if (const auto address = Address::from(named.written->address)) {
        named.addresses = {*address};
      }
    }
    publish(entry);
    for (Named& named : entry.endpoints) {
      if (!named.addresses.empty()) continue;
      ++pending_;
      named.lookup = std::make_unique<Lookup>(
          resolver, named.written->address.host, named.written->address.port,
          [this, &entry, &named](const Answer& answer) { learn(entry, named, answer); });
    }
  }
}

void UpstreamAddresses::learn(Entry& entry, Named& named, const Answer& answer) {
  if (!answer.reason.empty()) {
    WEIR_LOG(WEIR_WARN, "upstream ", entry.upstream->options().name, ": ",
             named.written->address.host, " does not resolve: ", answer.reason,
             answer.addresses.empty() ? "; the endpoint is down" : "; the last addresses are kept");
  }
  if (answer.addresses != named.addresses) {
    named.addresses = answer.addresses;
    publish(entry);
  }
  if (!std::exchange(named.answered, true) && --pending_ == 0) settled_();
}

void UpstreamAddresses::publish(const Entry& entry) {
  std::vector<Endpoint> endpoints;
  for (const Named& named : entry.endpoints) {
    for (const Address& address : named.addresses) {
      endpoints.push_back({address, address.to_string(), named.written->weight});
    }
  }
  entry.upstream->set_endpoints(std::move(endpoints));
}

void UpstreamAddresses::sweep() {
  for (const auto& entry : entries_) entry->upstream->sweep();
}

}  // namespace weir
