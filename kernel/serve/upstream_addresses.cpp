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
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

void UpstreamAddresses::prepare(const conf::Model& model,
                                std::span<const std::shared_ptr<Upstream>> upstreams,
                                std::function<void()> settled) {
  discard();
  settled_ = std::move(settled);
  for (const auto& entry : entries_) {
    followed_.insert(entry->upstream.get());
    for (const Named& named : entry->endpoints) {
      if (named.answered) known_[{named.host, named.port}] = &named;
    }
  }
  for (size_t i = 0; i < upstreams.size(); ++i) add(model.upstreams[i], upstreams[i]);
  followed_.clear();
  known_.clear();
}

void UpstreamAddresses::add(const conf::Upstream& written,
                            const std::shared_ptr<Upstream>& upstream) {
  auto& entry = *next_.emplace_back(std::make_unique<Entry>());
  entry.upstream = upstream;
  entry.endpoints.resize(written.endpoints.size());
  for (size_t i = 0; i < entry.endpoints.size(); ++i) {
    const conf::Endpoint& endpoint = written.endpoints[i];
    Named& named = entry.endpoints[i];
    named.weight = endpoint.weight;
    named.server_name = written.server_name(endpoint);
    if (const auto address = Address::from(endpoint.address)) {
      named.addresses = {*address};
      continue;
    }
    named.host = endpoint.address.host;
    named.port = endpoint.address.port;
    // What a name is known to mean is better than to know nothing while it is asked for again.
    const auto former = known_.find({named.host, named.port});
    if (former != known_.end()) {
      named.addresses = former->second->addresses;
      named.answered = true;
    } else {
      named.awaited = true;
      ++pending_;
    }
  }
  if (!followed_.contains(upstream.get())) publish(entry);
  for (Named& named : entry.endpoints) {
    if (!named.host.empty()) look_up(entry, named);
  }
}

void UpstreamAddresses::look_up(Entry& entry, Named& named) {
  named.lookup = std::make_unique<Lookup>(
      resolver_, named.host, named.port,
      [this, &entry, &named](const Answer& answer) { learn(entry, named, answer); });
}

void UpstreamAddresses::learn(Entry& entry, Named& named, const Answer& answer) {
  if (!answer.reason.empty()) {
    WEIR_LOG(WEIR_WARN, "upstream ", entry.upstream->options().name, ": ", named.host,
             " does not resolve: ", answer.reason,
             answer.addresses.empty() && named.addresses.empty() ? "; the endpoint is down"
                                                                 : "; the last addresses are kept");
  }
  const bool lost = answer.addresses.empty() && !answer.reason.empty();
  if (!lost && answer.addresses != named.addresses) {
    named.addresses = answer.addresses;
    if (entry.published) publish(entry);
  }
  named.answered = true;
  if (std::exchange(named.awaited, false) && --pending_ == 0) settled_();
}

void UpstreamAddresses::publish(Entry& entry) {
  std::vector<Endpoint> endpoints;
  for (const Named& named : entry.endpoints) {
    for (const Address& address : named.addresses) {
      endpoints.push_back({address, address.to_string(), named.weight, named.server_name});
    }
  }
  entry.published = true;
  entry.upstream->set_endpoints(std::move(endpoints));
}

void UpstreamAddresses::commit() {
  for (const auto& entry : next_) {
    if (!entry->published) publish(*entry);
    for (Named& named : entry->endpoints) named.awaited = false;
  }
  entries_ = std::move(next_);
  next_.clear();
  pending_ = 0;
}

void UpstreamAddresses::discard() {
  next_.clear();
  pending_ = 0;
}

void UpstreamAddresses::sweep() {
  for (const auto& entry : entries_) entry->upstream->sweep();
}

}  // namespace weir
