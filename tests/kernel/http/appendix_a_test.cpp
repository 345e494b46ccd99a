// SPDX-License-Identifier: Apache-2.0
#include "http/appendix_a.hpp"

#include "http/transcript.hpp"

#include <string>

#include <boost/test/unit_test.hpp>

namespace weir::test {

BOOST_AUTO_TEST_SUITE(appendix_a_inputs)

BOOST_AUTO_TEST_CASE(there_are_30_of_framing_and_35_of_the_head) {
  size_t framing = 0;
  for (const auto& input : appendix_a()) framing += input.group == "framing" ? 1 : 0;
  BOOST_TEST(appendix_a().size() == 65u);
  BOOST_TEST(framing == 30u);
}

BOOST_AUTO_TEST_CASE(each_is_refused_with_its_status_whole_and_byte_by_byte) {
  for (const auto& input : appendix_a()) {
    BOOST_TEST_CONTEXT(input.file) {
      const Transcript whole = read_whole(input.bytes);
      BOOST_TEST_REQUIRE(whole.refusal.has_value());
      BOOST_TEST(whole.refusal->status == input.status);
      BOOST_TEST(whole.refusal->reason == input.reason);
      BOOST_TEST(read_by_byte(input.bytes).text == whole.text);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_ordinary_extension_is_accepted_and_dropped) {
  const Transcript out = read_whole(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;a=b\r\nhello\r\n0\r\n\r\n");
  BOOST_TEST(!out.refusal);
  BOOST_TEST(out.text.ends_with("\nhello\nend\n"), out.text);
}

BOOST_AUTO_TEST_CASE(length_and_authorization_trailers_are_dropped) {
  const Transcript out = read_whole(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nContent-Length: 7\r\nAuthorization: me\r\nX-Sum: 1\r\n\r\n");
  BOOST_TEST(!out.refusal);
  BOOST_TEST(out.text.ends_with("\nend\n  0 X-Sum=1\n"), out.text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace weir::test
