// SPDX-License-Identifier: Apache-2.0
//
// weir/link.hpp: what the hooks of a transport are given. Part of weir/module.hpp; like
// weir/types.hpp, thin views over the tables of module.h.
#pragma once

#include <weir/types.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#pragma GCC visibility push(hidden)

namespace weir {

inline const weir_links* links = nullptr;  // set wherever a module has a transport

enum class Io : uint32_t { ok, again, end, broken };

struct Moved {
  Io io = Io::again;
  size_t n = 0;
};

using Room = std::span<char>;  // to receive into

struct Pieces {  // to send, from the front
  std::span<const weir_str> list;
  bool more = false;  // further bytes follow at once
};

struct ServedHost {  // of a request: lower case, without port
  std::string_view name;
};

// One transport on one connection, and what is below it.
class Link {
 public:
  explicit Link(const weir_link& link) : link_(&link) {}

  bool accepted() const { return link_->side == WEIR_ACCEPTED; }
  weir_ref ref() const { return link_->ref; }
  int fd() const { return link_->fd; }
  uint64_t* cells() const { return link_->cells; }
  // For those who are called by a library and come back to the kernel from there.
  const weir_link* raw() const { return link_; }

  Moved recv(Room into) const {
    size_t n = 0;
    const uint32_t io = links->recv(link_, into.data(), into.size(), &n);
    return {static_cast<Io>(io), n};
  }
  Moved peek(Room into) const {
    size_t n = 0;
    const uint32_t io = links->peek(link_, into.data(), into.size(), &n);
    return {static_cast<Io>(io), n};
  }
  Moved send(Pieces pieces) const {
    size_t n = 0;
    const uint32_t io =
        links->send(link_, pieces.list.data(), pieces.list.size(), pieces.more ? 1U : 0U, &n);
    return {static_cast<Io>(io), n};
  }
  Moved send(std::string_view text, bool more = false) const {
    const weir_str piece = weir::raw(text);
    return send(Pieces{{&piece, 1}, more});
  }

  weir_address peer() const { return links->peer(link_); }
  weir_address local() const { return links->local(link_); }
  bool set_peer(weir_address address) const { return links->set_peer(link_, address) == WEIR_OK; }
  bool set_local(weir_address address) const { return links->set_local(link_, address) == WEIR_OK; }
  std::string_view server_name() const { return view(links->server_name(link_)); }
  weir_address client() const { return links->client(link_); }
  weir_address client_local() const { return links->client_local(link_); }
  std::span<const weir_str> protocols() const {
    size_t n = 0;
    const weir_str* const first = links->protocols(link_, &n);
    return {first, n};
  }

 private:
  const weir_link* link_;
};

// An AGAIN that waited for no socket may go on. False: the connection has ended.             [W]
inline bool wake(weir_ref link) { return links->wake(link) == WEIR_OK; }

}  // namespace weir

#pragma GCC visibility pop
