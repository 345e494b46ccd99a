// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE static_ranges
#include "byte_ranges.hpp"
#include "multipart.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string shown(std::string_view value, uint64_t size = 1000) {
  const auto read = read_ranges(value, size);
  if (read.kind == ByteRanges::Kind::whole) return "whole";
  if (read.kind == ByteRanges::Kind::unsatisfiable) return "unsatisfiable";
  std::string out;
  for (size_t i = 0; i < read.count; ++i) {
    if (i > 0) out += ' ';
    out += std::to_string(read.ranges[i].first) + "-" + std::to_string(read.ranges[i].last);
  }
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ranges)

BOOST_AUTO_TEST_CASE(one_range_is_cut_to_the_file) {
  BOOST_TEST(shown("bytes=0-0") == "0-0");
  BOOST_TEST(shown("bytes=0-") == "0-999");
  BOOST_TEST(shown("bytes=500-5000") == "500-999");
  BOOST_TEST(shown("bytes=999-") == "999-999");
  BOOST_TEST(shown("bytes=-1") == "999-999");
  BOOST_TEST(shown("bytes=-5000") == "0-999");
  BOOST_TEST(shown("BYTES=1-2") == "1-2");
}

BOOST_AUTO_TEST_CASE(what_lies_beyond_the_file_cannot_be_satisfied) {
  for (const auto* value : {"bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=5000-,2000-3000"})
    BOOST_TEST(shown(value) == "unsatisfiable", value);
  BOOST_TEST(shown("bytes=0-", 0) == "unsatisfiable");
  BOOST_TEST(shown("bytes=-1", 0) == "unsatisfiable");
}

BOOST_AUTO_TEST_CASE(several_ranges_ascend_and_do_not_overlap) {
  BOOST_TEST(shown("bytes=0-9, 20-29 ,-10") == "0-9 20-29 990-999");
  BOOST_TEST(shown("bytes=0-0,1-1") == "0-0 1-1");
  BOOST_TEST(shown("bytes=0-9,5000-") == "0-9");
  BOOST_TEST(shown("bytes=0-9,9-10") == "whole");
  BOOST_TEST(shown("bytes=20-29,0-9") == "whole");
  BOOST_TEST(shown("bytes=0-,0-") == "whole");
  BOOST_TEST(shown("bytes=0-,-1") == "whole");
}

BOOST_AUTO_TEST_CASE(more_than_8_ranges_are_the_whole_file) {
  std::string value = "bytes=0-0";
  for (int i = 1; i < 8; ++i) value += "," + std::to_string(i * 10) + "-" + std::to_string(i * 10);
  BOOST_TEST(shown(value) == "0-0 10-10 20-20 30-30 40-40 50-50 60-60 70-70");
  BOOST_TEST(shown(value + ",90-90") == "whole");
  BOOST_TEST(shown(value + ",5000-") == "whole");
}

BOOST_AUTO_TEST_CASE(what_is_no_range_is_not_there) {
  for (const auto* value : {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1",
                            "bytes=1-x", "bytes=2-1", "bytes=1--2", "bytes=+1-2", "bytes =0-1",
                            "bytes=0 -1", "items=0-1", "bytes=0-1;2-3", "bytes=0x1-2", "none"}) {
    BOOST_TEST(shown(value) == "whole", value);
  }
}

BOOST_AUTO_TEST_CASE(numbers_too_large_do_not_wrap_around) {
  BOOST_TEST(shown("bytes=0-18446744073709551615") == "0-999");
  BOOST_TEST(shown("bytes=0-18446744073709551616") == "0-999");
  BOOST_TEST(shown("bytes=18446744073709551616-") == "unsatisfiable");
  BOOST_TEST(shown("bytes=-99999999999999999999999999") == "0-999");
  BOOST_TEST(shown("bytes=1-,-18446744073709551615") == "whole");
}

BOOST_AUTO_TEST_CASE(content_range_is_written_as_the_standard_has_it) {
  BOOST_TEST(ShortText::content_range({0, 9}, 100).view() == "bytes 0-9/100");
  BOOST_TEST(ShortText::no_range(100).view() == "bytes */100");
  constexpr uint64_t most = ~uint64_t{0};
  BOOST_TEST(ShortText::content_range({most, most}, most).view() ==
             "bytes 18446744073709551615-18446744073709551615/18446744073709551615");
  BOOST_TEST(Boundary{0xabc}.view() == "weir-0000000000000abc");
}

BOOST_AUTO_TEST_SUITE_END()
