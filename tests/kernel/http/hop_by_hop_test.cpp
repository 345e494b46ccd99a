// SPDX-License-Identifier: Apache-2.0
#include "http/hop_by_hop.hpp"

#include "http/names.hpp"
#include "http/transcript.hpp"

#include <array>
#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {
namespace {

struct Fixture : Memory {
  void add(std::string_view name, std::string_view value) {
    fields.add(names().find(name), name, value);
  }
  std::string text() const {
    std::string all;
    for (const weir_field& row : fields.rows()) {
      all += std::string{as_view(row.name)} + "=" + std::string{as_view(row.value)} + " ";
    }
    return all;
  }
  std::string strip() {
    const auto why = strip_hop_by_hop(fields);
    return why ? "[" + std::string{why->reason} + "]" : text();
  }

  Fields fields{arena};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hop_by_hop, Fixture)

BOOST_AUTO_TEST_CASE(fields_of_one_connection_and_all_that_it_names_go) {
  add("Host", "a");
  add("Connection", "X-Secret, keep-alive");
  add("X-Secret", "1");
  add("connection", "x-more,,");
  add("x-MORE", "2");
  for (const auto* const name :
       {"Keep-Alive", "Proxy-Connection", "Trailer", "Upgrade", "HTTP2-Settings",
        "Proxy-Authorization", "Proxy-Authenticate", "Transfer-Encoding"}) {
    add(name, "x");
  }
  add("X-Kept", "3");
  BOOST_TEST(strip() == "Host=a X-Kept=3 ");
}

BOOST_AUTO_TEST_CASE(a_head_without_them_stays) {
  add("Host", "a");
  add("Accept", "b");
  BOOST_TEST(strip() == "Host=a Accept=b ");
}

BOOST_AUTO_TEST_CASE(nominating_a_protected_field_is_refused_and_changes_nothing) {
  for (const auto* const name :
       {"Host", "content-length", "Transfer-Encoding", "Authorization", "Cookie", "X-Forwarded-For",
        "x-forwarded-anything", "X-Real-IP", "Forwarded", "Via"}) {
    Fields one{arena};
    one.add(WEIR_H_CONNECTION, "Connection", name);
    const auto why = strip_hop_by_hop(one);
    BOOST_TEST_REQUIRE(why.has_value(), name);
    BOOST_TEST(why->status == 400);
    BOOST_TEST(why->reason == std::string{"connection_protected"});
    BOOST_TEST(one.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(identity_fields_of_modules_are_protected_too) {
  const std::array<uint32_t, 1> identity{WEIR_INTERNED + 7};
  fields.add(WEIR_INTERNED + 7, "X-User", "me");
  fields.add(WEIR_H_CONNECTION, "Connection", "x-user");
  BOOST_TEST(strip_hop_by_hop(fields, identity).value().reason ==
             std::string{"connection_protected"});
  BOOST_TEST(!strip_hop_by_hop(fields));
}

BOOST_AUTO_TEST_CASE(te_stays_only_as_trailers) {
  add("TE", "gzip, Trailers");
  add("te", "deflate");
  BOOST_TEST(strip() == "TE=trailers ");
  fields.set(WEIR_H_TE, "TE", "gzip");
  BOOST_TEST(strip().empty());
}

BOOST_AUTO_TEST_CASE(te_that_connection_names_stays_as_well) {
  add("TE", "trailers");
  add("Connection", "TE");
  BOOST_TEST(strip() == "TE=trailers ");
}

BOOST_AUTO_TEST_CASE(connection_options_are_read_from_all_lines) {
  add("Connection", "Close");
  add("Connection", ", Upgrade ,KEEP-ALIVE");
  const auto options = connection_options(fields).value();
  BOOST_TEST(options.close);
  BOOST_TEST(options.keep_alive);
  BOOST_TEST(options.upgrade);
}

BOOST_AUTO_TEST_CASE(a_malformed_connection_is_refused) {
  for (const std::string value : {"a b", "close;x", "\"close\"", "(x)"}) {
    Fields one{arena};
    one.add(WEIR_H_CONNECTION, "Connection", value);
    BOOST_TEST(connection_options(one).error().reason == std::string{"connection_malformed"},
               value);
  }
  std::string many = "a";
  for (int i = 0; i < 31; ++i) many += ",a";
  add("Connection", many);
  BOOST_TEST(connection_options(fields).has_value());
  add("Connection", "b");
  BOOST_TEST(!connection_options(fields).has_value());
}

BOOST_AUTO_TEST_CASE(odd_names_are_dropped_unless_allowed) {
  add("X_Forwarded_For", "1");
  add("X-User", "2");
  add("X.User", "3");
  add("Accept", "4");
  const uint32_t id = WEIR_INTERNED + 1;
  fields.add(id, "My_Own", "5");
  Fields copy{arena};
  copy.copy_rows(fields);
  BOOST_TEST(drop_odd_names(fields, std::array{id}) == 2u);
  BOOST_TEST(text() == "X-User=2 Accept=4 My_Own=5 ");
  BOOST_TEST(drop_odd_names(copy) == 3u);
}

BOOST_AUTO_TEST_CASE(via_counts_this_proxy_only) {
  add("Via", "1.1 weir-1, 1.0  WEIR-1 (a comment), 2 other");
  add("Via", "HTTP/1.1 weir-1:80, 1.1 weir-12");
  add("via", "weir-1");
  BOOST_TEST(via_count(fields, "weir-1") == 2u);
  BOOST_TEST(via_count(fields, "weir-12") == 1u);
  BOOST_TEST(via_count(fields, "nobody") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
