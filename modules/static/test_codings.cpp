// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE static_codings
#include "accepted_codings.hpp"
#include "media_types.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string qualities(std::string_view line) {
  AcceptedCodings accepted;
  accepted.add(line);
  return std::to_string(accepted.quality(Coding::br)) + " " +
         std::to_string(accepted.quality(Coding::zstd)) + " " +
         std::to_string(accepted.quality(Coding::gzip));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codings)

BOOST_AUTO_TEST_CASE(codings_are_wanted_as_much_as_they_are_named) {
  BOOST_TEST(qualities("gzip, deflate, br, zstd") == "1000 1000 1000");
  BOOST_TEST(qualities("br;q=0.9, gzip;q=0.123") == "900 0 123");
  BOOST_TEST(qualities("GZIP ; Q=1.000") == "0 0 1000");
  BOOST_TEST(qualities("x-gzip") == "0 0 1000");
  BOOST_TEST(qualities("") == "0 0 0");
  BOOST_TEST(qualities("identity") == "0 0 0");
}

BOOST_AUTO_TEST_CASE(a_star_stands_for_what_is_not_named) {
  BOOST_TEST(qualities("*") == "1000 1000 1000");
  BOOST_TEST(qualities("br;q=0, *;q=0.5") == "0 500 500");
  BOOST_TEST(qualities("gzip, *;q=0") == "0 0 1000");
}

BOOST_AUTO_TEST_CASE(no_coding_at_all_may_be_liked_better) {
  BOOST_TEST(qualities("identity, br;q=0.5, gzip") == "0 0 1000");
  BOOST_TEST(qualities("identity;q=0.5, br;q=0.5") == "500 0 0");
}

BOOST_AUTO_TEST_CASE(elements_that_cannot_be_read_are_left_out) {
  for (const auto* line : {"br;q=2", "br;q=1.001", "br;q=0.1234", "br;q=", "br;q=x", "br;q=1x",
                           "br;level=9", "br gzip", ";q=1", "brotli", "br;q=-1"}) {
    BOOST_TEST(qualities(line) == "0 0 0", line);
  }
}

BOOST_AUTO_TEST_CASE(several_lines_are_one_list) {
  AcceptedCodings accepted;
  accepted.add("gzip;q=0.1");
  accepted.add("br");
  BOOST_TEST(accepted.quality(Coding::gzip) == 100);
  BOOST_TEST(accepted.quality(Coding::br) == 1000);
}

BOOST_AUTO_TEST_CASE(the_table_of_types_is_sorted) {
  const auto less = [](const MediaType& a, const MediaType& b) {
    return a.extension < b.extension;
  };
  BOOST_TEST(std::is_sorted(std::begin(media_types), std::end(media_types), less));
}

BOOST_AUTO_TEST_CASE(types_follow_the_last_extension) {
  const auto type = [](std::string_view path) { return media_type(Extension{path}.view()); };
  BOOST_TEST(type("a/index.html") == "text/html; charset=utf-8");
  BOOST_TEST(type("A.JPG") == "image/jpeg");
  BOOST_TEST(type("jquery.min.js") == "text/javascript; charset=utf-8");
  BOOST_TEST(type("archive.tar.gz") == "application/gzip");
  BOOST_TEST(type("site.webmanifest") == "application/manifest+json");
  for (const auto* path :
       {"README", "a.b/README", "", ".", "x.", "x.unknown", "x.an_extension_longer_than_any"}) {
    BOOST_TEST(type(path) == "", path);
  }
}

BOOST_AUTO_TEST_SUITE_END()
