// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE tls_stream
#include <weir/link.hpp>

#include "openssl.hpp"
#include "stream.hpp"
#include "test_pki.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <openssl/ssl.h>

using weir::Io;

namespace {

// One direction of a link, between two ends in one process.
struct Pipe {
  std::string bytes;
  size_t room = SIZE_MAX;   // what it takes until it is read from
  size_t piece = SIZE_MAX;  // what one receive gives at most
  bool ended = false;
  size_t sends = 0, receives = 0;
};

struct End {
  Pipe* in;
  Pipe* out;
};

uint32_t recv_below(const weir_link* link, char* into, size_t room, size_t* n) {
  Pipe& pipe = *static_cast<End*>(link->state)->in;
  ++pipe.receives;
  *n = pipe.bytes.copy(into, std::min(room, pipe.piece));
  pipe.bytes.erase(0, *n);
  if (*n > 0) return WEIR_IO_OK;
  return pipe.ended ? WEIR_IO_END : WEIR_IO_AGAIN;
}

uint32_t send_below(const weir_link* link, const weir_str* pieces, size_t count, uint32_t,
                    size_t* n) {
  Pipe& pipe = *static_cast<End*>(link->state)->out;
  ++pipe.sends;
  for (size_t at = 0; at < count; ++at) {
    const size_t part = std::min(pieces[at].n, pipe.room - std::min(pipe.room, pipe.bytes.size()));
    pipe.bytes.append(pieces[at].p, part);
    *n += part;
    if (part < pieces[at].n) break;
  }
  return *n > 0 ? WEIR_IO_OK : WEIR_IO_AGAIN;
}

weir_ref woken = 0;

const weir_links fake = [] {
  weir_links links{};
  links.size = sizeof links;
  links.recv = recv_below;
  links.send = send_below;
  links.wake = [](weir_ref ref) -> weir_rc {
    woken += ref;
    return WEIR_OK;
  };
  return links;
}();

SslContextPtr server_context() {
  static const TestCertificate certificate{"DNS:a.test"};
  SslContextPtr context{SSL_CTX_new(TLS_server_method())};
  SSL_CTX_use_certificate(context.get(), certificate.x509.get());
  SSL_CTX_use_PrivateKey(context.get(), certificate.key.get());
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

struct Pair {
  explicit Pair(int version = TLS1_3_VERSION) {
    weir::links = &fake;
    const SslContextPtr server_side = server_context();
    const SslContextPtr client_side{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_max_proto_version(client_side.get(), version);
    SslPtr accepting{SSL_new(server_side.get())};
    SSL_set_accept_state(accepting.get());
    SslPtr connecting{SSL_new(client_side.get())};
    SSL_set_connect_state(connecting.get());
    server = std::make_unique<Stream>(std::move(accepting));
    client = std::make_unique<Stream>(std::move(connecting));
    server_link.state = &server_end;
    client_link.state = &client_end;
  }

  weir::Link at_server() const { return weir::Link{server_link}; }
  weir::Link at_client() const { return weir::Link{client_link}; }

  void shake_hands() {
    Io of_client = Io::again;
    Io of_server = Io::again;
    for (int turn = 0; turn < 10000 && (of_client != Io::ok || of_server != Io::ok); ++turn) {
      if (of_client != Io::ok) of_client = client->handshake(at_client(), *buffers);
      if (of_server != Io::ok) of_server = server->handshake(at_server(), *buffers);
    }
    BOOST_REQUIRE(of_client == Io::ok);
    BOOST_REQUIRE(of_server == Io::ok);
  }

  // All that the server has for us just now.
  std::string received(size_t room = 100000) {
    std::string all;
    std::string part(room, '\0');
    while (true) {
      const auto moved = client->recv(at_client(), *buffers, {part.data(), room});
      if (moved.io != Io::ok) return all;
      all.append(part, 0, moved.n);
    }
  }

  weir::Moved send(std::string_view bytes) {
    const weir_str piece = weir::raw(bytes);
    return server->send(at_server(), *buffers, {{&piece, 1}, false});
  }

  Pipe up, down;
  End server_end{&up, &down};
  End client_end{&down, &up};
  weir_link server_link{}, client_link{};
  std::unique_ptr<Stream> server, client;
  std::unique_ptr<LoopBuffers> buffers = std::make_unique<LoopBuffers>();
};

std::string noise(size_t n, uint64_t seed) {
  std::mt19937_64 random{seed};
  std::string bytes(n, '\0');
  for (auto& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Sends `bytes` in pieces of random sizes through a link that takes and gives little at a time.
void pass_in_pieces(Pair& pair, const std::string& bytes, uint64_t seed) {
  std::mt19937_64 random{seed};
  size_t sent = 0;
  std::string got;
  while (got.size() < bytes.size()) {
    std::vector<weir_str> pieces;
    for (size_t at = sent; at < bytes.size() && pieces.size() < random() % 20;) {
      const size_t most = random() % 2 == 0 ? 100 : 40000;
      const size_t n = std::min<size_t>(bytes.size() - at, random() % most);
      pieces.push_back({bytes.data() + at, n});
      at += n;
    }
    pair.down.room = random() % 100000;
    const auto moved = pair.server->send(pair.at_server(), *pair.buffers, {pieces, false});
    BOOST_REQUIRE(moved.io != Io::broken);
    sent += moved.n;
    pair.down.piece = 1 + random() % 70000;
    got += pair.received(1 + random() % 70000);
  }
  BOOST_TEST((got == bytes));
  BOOST_TEST(pair.server->pending() == 0U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(shake_hands_also_byte_by_byte) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair pair{version};
    pair.up.piece = pair.down.piece = 1;
    pair.shake_hands();
    BOOST_TEST(SSL_version(pair.client->ssl()) == version);
  }
}

BOOST_AUTO_TEST_CASE(shake_hands_over_a_link_that_takes_little) {
  Pair pair;
  pair.up.room = pair.down.room = 100;
  pair.shake_hands();
}

BOOST_AUTO_TEST_CASE(pass_every_byte_however_they_are_cut) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Pair pair{seed % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION};
    pair.shake_hands();
    pass_in_pieces(pair, noise(300000, seed), seed);
  }
}

BOOST_AUTO_TEST_CASE(gather_records_into_one_send_and_read_them_in_one_receive) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  pair.down.sends = pair.down.receives = 0;
  const auto bytes = noise(64 * 1024, 1);
  BOOST_TEST(pair.send(bytes).n == bytes.size());
  BOOST_TEST(pair.down.sends == 1U);
  std::string into(bytes.size(), '\0');
  const auto first = pair.client->recv(pair.at_client(), *pair.buffers, {into.data(), into.size()});
  BOOST_TEST(first.n + 16384 >= bytes.size());
  BOOST_TEST(pair.down.receives <= 2U);
}

BOOST_AUTO_TEST_CASE(bring_small_pieces_together_in_one_record) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  const std::vector<weir_str> pieces{{"head", 4}, {"", 0}, {"body", 4}};
  const size_t before = pair.down.bytes.size();
  BOOST_TEST(pair.server->send(pair.at_server(), *pair.buffers, {pieces, false}).n == 8U);
  BOOST_TEST(pair.down.bytes.size() - before == 8U + 22U);
  BOOST_TEST(pair.received() == "headbody");
}

BOOST_AUTO_TEST_CASE(give_what_is_decrypted_before_they_say_again) {
  Pair pair;
  pair.shake_hands();
  const auto bytes = noise(50000, 2);
  pair.send(bytes);
  BOOST_TEST((pair.received(7) == bytes));
}

BOOST_AUTO_TEST_CASE(do_not_ask_the_link_twice_for_one_short_message) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  pair.send("hello");
  pair.down.receives = 0;
  char into[100];
  const auto moved = pair.client->recv(pair.at_client(), *pair.buffers, {into, sizeof into});
  BOOST_TEST(moved.n == 5U);
  BOOST_TEST(pair.down.receives == 1U);
}

BOOST_AUTO_TEST_CASE(keep_what_the_link_does_not_take_and_count_it) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  pair.down.room = 1000;
  const auto bytes = noise(200000, 3);
  const auto first = pair.send(bytes);
  BOOST_TEST((first.io == Io::ok));
  BOOST_TEST(first.n < bytes.size());
  BOOST_TEST(pair.server->pending() > 0U);
  BOOST_TEST(pair.server->pending() < 70000U);
  BOOST_TEST((pair.send(std::string_view{bytes}.substr(first.n)).io == Io::again));
  std::string got;
  while (pair.server->pending() > 0) {
    got += pair.received();
    pair.server->send(pair.at_server(), *pair.buffers, {});
  }
  got += pair.received();
  BOOST_TEST((got == bytes.substr(0, first.n)));
}

BOOST_AUTO_TEST_CASE(tell_an_end_from_a_cut) {
  for (const bool due_form : {true, false}) {
    Pair pair;
    pair.shake_hands();
    pair.send("last");
    if (due_form) BOOST_TEST((pair.server->end(pair.at_server(), *pair.buffers) == Io::ok));
    pair.down.ended = true;
    pair.client_link.ref = 7;
    woken = 0;
    char into[10];
    const auto last = pair.client->recv(pair.at_client(), *pair.buffers, {into, sizeof into});
    BOOST_TEST(last.n == 4U);
    BOOST_TEST(woken == (due_form ? 7U : 0U));  // a cut is the socket's to tell
    const auto end = pair.client->recv(pair.at_client(), *pair.buffers, {into, sizeof into});
    BOOST_TEST((end.io == (due_form ? Io::end : Io::broken)));
  }
}

BOOST_AUTO_TEST_CASE(still_send_after_the_other_end_has_ended) {
  Pair pair;
  pair.shake_hands();
  pair.client->end(pair.at_client(), *pair.buffers);
  char into[10];
  const auto end = pair.server->recv(pair.at_server(), *pair.buffers, {into, sizeof into});
  BOOST_TEST((end.io == Io::end));
  pair.send("answer");
  BOOST_TEST(pair.received() == "answer");
}

BOOST_AUTO_TEST_CASE(break_at_a_changed_byte) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  pair.send("hello");
  pair.down.bytes.back() ^= 1;
  char into[10];
  const auto moved = pair.client->recv(pair.at_client(), *pair.buffers, {into, sizeof into});
  BOOST_TEST((moved.io == Io::broken));
  BOOST_TEST(moved.n == 0U);
}

BOOST_AUTO_TEST_CASE(refuse_what_is_no_handshake) {
  Pair pair;
  pair.up.bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  BOOST_TEST((pair.server->handshake(pair.at_server(), *pair.buffers) == Io::broken));
  BOOST_TEST(!pair.server->link_ended());
  BOOST_TEST(handshake_reason(pair.server->ssl()) == "plain HTTP, where TLS is spoken");
  Pair other;
  other.up.bytes = noise(1000, 4);
  BOOST_TEST((other.server->handshake(other.at_server(), *other.buffers) == Io::broken));
}

BOOST_AUTO_TEST_CASE(read_without_end_what_holds_no_bytes) {
  Pair pair;
  pair.shake_hands();
  // Requests for other keys, that nothing need be answered to: a kilobyte of them each time.
  Io io = Io::again;
  size_t calls = 0;
  while (io == Io::again && calls < 1000) {
    for (int i = 0; i < 40; ++i) {
      BOOST_REQUIRE(SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
      BOOST_REQUIRE(pair.client->handshake(pair.at_client(), *pair.buffers) == Io::ok);
    }
    std::string room(100000, '\0');
    io = pair.server->recv(pair.at_server(), *pair.buffers, {room.data(), room.size()}).io;
    ++calls;
  }
  BOOST_TEST((io == Io::broken));
  BOOST_TEST(calls < 100U);
}

BOOST_AUTO_TEST_CASE(hold_no_memory_for_a_peer_that_asks_and_never_reads) {
  Pair pair;
  pair.shake_hands();
  pair.received();
  pair.down.room = 0;
  for (int turn = 0; turn < 20000; ++turn) {
    SSL_key_update(pair.client->ssl(), SSL_KEY_UPDATE_REQUESTED);
    const weir_str piece{"x", 1};
    pair.client->send(pair.at_client(), *pair.buffers, {{&piece, 1}, false});
    char into[100];
    const auto moved = pair.server->recv(pair.at_server(), *pair.buffers, {into, sizeof into});
    pair.send("y");
    if (moved.io == Io::broken) break;
  }
  BOOST_TEST(pair.server->pending() <= 300000U);
}

BOOST_AUTO_TEST_SUITE_END()
