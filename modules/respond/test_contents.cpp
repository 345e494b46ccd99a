// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE contents
#include "contents.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>
#include <unistd.h>

namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("weir-" + std::to_string(getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(std::string_view name, std::string_view text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_is_read_byte_by_byte_as_it_is) {
  const Folder folder;
  const std::string_view text{"a\0b\r\n\xff", 6};
  std::string read;
  BOOST_TEST(read_contents(folder.file("a", text), read) == nullptr);
  BOOST_TEST(read == text);
  BOOST_TEST(read_contents(folder.file("empty", ""), read) == nullptr);
  BOOST_TEST(read.empty());
}

BOOST_AUTO_TEST_CASE(a_file_of_a_mebibyte_is_the_largest) {
  const Folder folder;
  std::string read;
  BOOST_TEST(read_contents(folder.file("a", std::string(most_contents, 'x')), read) == nullptr);
  BOOST_TEST(read.size() == most_contents);
  BOOST_TEST(read_contents(folder.file("b", std::string(most_contents + 1, 'x')), read) ==
             std::string_view{"larger than 1 MiB"});
}

BOOST_AUTO_TEST_CASE(what_is_no_plain_file_is_refused) {
  const Folder folder;
  std::string read;
  BOOST_TEST(read_contents(folder.path() + "/none", read) == std::string_view{"no such file"});
  BOOST_TEST(read_contents(folder.path(), read) == std::string_view{"no such file"});
  BOOST_TEST(read_contents("/dev/zero", read) == std::string_view{"no such file"});
}
