// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include "base/log_channels.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <Poco/Message.h>
#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

using weir::FromPeer;
using weir::Log;
using weir::LogFormat;
using weir::LogLine;

namespace {

struct Captured final : Poco::Channel {
  void log(const Poco::Message& message) override { lines.push_back(message.getText()); }
  std::vector<std::string> lines;
};

// Gives the process's log back as it was found.
struct Capture {
  Capture() { Log::instance().set_channel(Poco::AutoPtr<Poco::Channel>(channel, true)); }
  ~Capture() {
    Log::instance().set_channel(weir::stderr_channel());
    Log::instance().set_level(WEIR_NOTICE);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  Poco::AutoPtr<Captured> channel{new Captured};
  std::vector<std::string>& lines = channel->lines;
};

struct TemporaryFile {
  TemporaryFile() { ::close(::mkstemp(path.data())); }
  ~TemporaryFile() { std::filesystem::remove(path); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string content() const {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::string path = "/tmp/weir-log-XXXXXX";
};

template <class... Parts>
std::string line(const Parts&... parts) {
  LogLine made;
  (made.add(parts), ...);
  return std::string(made.text());
}

// Each digit becomes a d.
std::string shape(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return letter >= '0' && letter <= '9'; }, 'd');
  return text;
}

std::string drained(int descriptor) {
  std::string all;
  std::array<char, 65536> buffer{};
  for (ssize_t n = 0; (n = ::read(descriptor, buffer.data(), buffer.size())) > 0;) {
    all.append(buffer.data(), static_cast<size_t>(n));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_line_is_made_of_text_and_numbers) {
  const std::string name = "api";
  BOOST_TEST(line("upstream ", name, ": ", 3, " of ", size_t{12}, " up, ", -1, ' ', 0.5) ==
             "upstream api: 3 of 12 up, -1 0.5");
}

BOOST_AUTO_TEST_CASE(no_value_can_forge_a_line) {
  BOOST_TEST(line("a\nb\r\x1b[31m\x7f", std::string_view("\0", 1)) ==
             "a\\x0Ab\\x0D\\x1B[31m\\x7F\\x00");
  BOOST_TEST(line("f\xC3\xBCr \\") == "f\xC3\xBCr \\");
  BOOST_TEST(line(FromPeer{"f\xC3\xBCr \\x0A \"\n"}) == "f\\xC3\\xBCr \\x5Cx0A \"\\x0A");
}

BOOST_AUTO_TEST_CASE(a_line_is_cut_at_its_bound) {
  for (size_t before = 1990; before < 2010; ++before) {
    const auto made = line(std::string(before, 'x'), "\n\n", "end");
    BOOST_TEST(made.size() <= 2000u);
    BOOST_TEST(made.ends_with(before + 11 > 2000 ? "..." : "end"));
  }
  BOOST_TEST(line(FromPeer{std::string(100000, '\n')}).size() <= 2000u);
}

BOOST_AUTO_TEST_CASE(a_silent_level_evaluates_nothing) {
  const Capture capture;
  int evaluated = 0;
  const auto costly = [&] { return ++evaluated; };
  WEIR_LOG(WEIR_INFO, "n ", costly());
  BOOST_TEST(evaluated == 0);
  WEIR_LOG(WEIR_NOTICE, "n ", costly());
  Log::instance().set_level(WEIR_TRACE);
  WEIR_LOG(WEIR_TRACE, "n ", costly());
  BOOST_TEST(*Log::instance().level() == unsigned{WEIR_TRACE});
  Log::instance().set_level(WEIR_ERR);
  WEIR_LOG(WEIR_WARN, "n ", costly());
  WEIR_LOG(WEIR_ERR, "n ", costly());
  BOOST_TEST(capture.lines == (std::vector<std::string>{"n 1", "n 2", "n 3"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(threads_may_log_at_once) {
  const Capture capture;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([thread] {
        for (int i = 0; i < 500; ++i) WEIR_LOG(WEIR_ERR, thread, " ", i);
      });
    }
  }
  BOOST_TEST(capture.lines.size() == 2000u);
}

BOOST_AUTO_TEST_CASE(a_file_gets_time_level_and_message) {
  const TemporaryFile file;
  const Capture capture;
  Log::instance().set_channel(*weir::file_channel(file.path));
  WEIR_LOG(WEIR_WARN, "cannot reach ", FromPeer{"x\n"});
  WEIR_LOG(WEIR_NOTICE, "hello");
  const std::string time = "dddd-dd-ddTdd:dd:dd.dddZ";
  BOOST_TEST(shape(file.content()) ==
             time + " warn   cannot reach x\\xdA\n" + time + " notice hello\n");
}

BOOST_AUTO_TEST_CASE(a_line_can_be_json) {
  const TemporaryFile file;
  const Capture capture;
  Log::instance().set_channel(*weir::file_channel(file.path, LogFormat::json));
  WEIR_LOG(WEIR_ERR, "say \"", FromPeer{"\n"}, "\"");
  BOOST_TEST(shape(file.content()) == R"re({"time":"dddd-dd-ddTdd:dd:dd.dddZ","level":"error",)re"
                                      R"re("message":"say \"\\xdA\""})re"
                                      "\n");
}

BOOST_AUTO_TEST_CASE(a_moved_file_is_opened_anew) {
  const TemporaryFile file;
  const TemporaryFile moved;
  const Capture capture;
  Log::instance().set_channel(*weir::file_channel(file.path));
  WEIR_LOG(WEIR_ERR, "one");
  std::filesystem::rename(file.path, moved.path);
  WEIR_LOG(WEIR_ERR, "two");
  Log::instance().reopen();
  WEIR_LOG(WEIR_ERR, "three");
  BOOST_TEST(moved.content().find("two") != std::string::npos);
  BOOST_TEST(moved.content().find("three") == std::string::npos);
  BOOST_TEST(file.content().find("three") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_anew_stays) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("weir-log-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  const Capture capture;
  Log::instance().set_channel(*weir::file_channel(folder / "log"));
  std::filesystem::rename(folder, folder.string() + "-moved");
  Log::instance().reopen();
  std::ostringstream text;
  text << std::ifstream(folder.string() + "-moved/log").rdbuf();
  BOOST_TEST(text.str().find("error  the log stays in its old file: ") != std::string::npos);
  std::filesystem::remove_all(folder.string() + "-moved");
  BOOST_TEST(weir::file_channel("/nonexistent/log").error().text ==
             "cannot open the log /nonexistent/log: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_keep_up_loses_lines_and_hears_how_many) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const auto path = "/proc/self/fd/" + std::to_string(ends[1]);
  const Capture capture;
  Log::instance().set_channel(*weir::file_channel(path));
  const std::string filling(1900, 'x');
  for (int i = 0; i < 100; ++i) WEIR_LOG(WEIR_ERR, filling);  // a pipe holds 64 KiB
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const auto first = drained(ends[0]);
  const auto kept = std::count(first.begin(), first.end(), '\n');
  BOOST_TEST(kept > 10);
  BOOST_TEST(kept < 100);
  WEIR_LOG(WEIR_ERR, "again");
  const auto second = drained(ends[0]);
  BOOST_TEST(second.find("warn   " + std::to_string(100 - kept) + " lines were lost here") !=
             std::string::npos);
  BOOST_TEST(second.ends_with("error  again\n"));
  ::close(ends[0]);
  ::close(ends[1]);
}

BOOST_AUTO_TEST_SUITE_END()
