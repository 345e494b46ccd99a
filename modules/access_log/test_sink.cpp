// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE access_log_sink
#include "sink.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

struct Folder {
  Folder() {
    std::signal(SIGPIPE, SIG_IGN);
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-log-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }

  SinkPlan file(const char* name = "access.log") const {
    return {SinkPlan::Kind::file, (path / name).string(), 0, {}};
  }
  std::string content(const char* name = "access.log") const {
    std::ostringstream out;
    out << std::ifstream{path / name}.rdbuf();
    return out.str();
  }
  std::filesystem::path path;
};

// A logger's end of a socket.
struct Logger {
  explicit Logger(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    BOOST_REQUIRE(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Logger() { close(descriptor); }
  std::string receive() const {
    std::array<char, 9000> room;
    const ssize_t size = recv(descriptor, room.data(), room.size(), 0);
    return size < 0 ? "nothing" : std::string{room.data(), static_cast<size_t>(size)};
  }
  int descriptor;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sink)

BOOST_FIXTURE_TEST_CASE(lines_are_added_to_a_file_that_others_cannot_read, Folder) {
  std::ofstream{path / "access.log"} << "old\n";
  std::filesystem::permissions(path / "access.log", std::filesystem::perms::owner_all);
  Sink sink{file()};
  BOOST_TEST(sink.open() == 0);
  BOOST_TEST(sink.write("a\nb\n").lost == 0U);
  BOOST_TEST(content() == "old\na\nb\n");
  Sink fresh{file("fresh.log")};
  BOOST_TEST(fresh.open() == 0);
  struct stat status {};
  stat((path / "fresh.log").c_str(), &status);
  BOOST_TEST((status.st_mode & 07) == 0U);
}

BOOST_FIXTURE_TEST_CASE(after_logrotate_a_new_file_is_used, Folder) {
  Sink sink{file()};
  sink.open();
  sink.write("a\n");
  std::filesystem::rename(path / "access.log", path / "access.log.1");
  sink.write("b\n");
  BOOST_TEST(sink.open() == 0);
  sink.write("c\n");
  BOOST_TEST(content("access.log.1") == "a\nb\n");
  BOOST_TEST(content() == "c\n");
}

BOOST_FIXTURE_TEST_CASE(if_it_cannot_be_opened_anew_the_old_one_stays, Folder) {
  std::filesystem::create_directory(path / "logs");
  Sink sink{file("logs/access.log")};
  sink.open();
  std::filesystem::rename(path / "logs", path / "moved");
  BOOST_TEST(sink.open() == ENOENT);
  BOOST_TEST(sink.write("a\n").lost == 0U);
  BOOST_TEST(content("moved/access.log") == "a\n");
}

BOOST_FIXTURE_TEST_CASE(a_full_disk_costs_only_the_lines_at_hand, Folder) {
  Sink sink{{SinkPlan::Kind::file, "/dev/full", 0, {}}};
  BOOST_TEST(sink.open() == 0);
  const auto result = sink.write("a\nb\nc\n");
  BOOST_TEST(result.lost == 3U);
  BOOST_TEST(result.error == ENOSPC);
}

BOOST_FIXTURE_TEST_CASE(a_fifo_gets_whole_lines_and_a_gone_reader_is_noticed, Folder) {
  const auto fifo = path / "access.log";
  BOOST_REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  Sink sink{file()};
  BOOST_TEST(sink.open() == ENXIO);  // nobody reads: it must not block
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  BOOST_TEST(sink.open() == 0);
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "line of a log\n";
  BOOST_TEST(sink.write(lines).lost == 0U);
  std::string received(lines.size(), ' ');
  BOOST_TEST(read(reader, received.data(), received.size()) == static_cast<ssize_t>(lines.size()));
  BOOST_TEST((received == lines));
  close(reader);
  const auto result = sink.write("a\n");
  BOOST_TEST(result.lost == 1U);
  BOOST_TEST(result.error == EPIPE);
}

BOOST_FIXTURE_TEST_CASE(a_reader_that_does_not_read_costs_a_second_and_a_torn_line_is_ended,
                        Folder) {
  const auto fifo = path / "access.log";
  BOOST_REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  fcntl(reader, F_SETPIPE_SZ, 8192);
  Sink sink{file()};
  sink.open();
  const std::string longest(6000, 'x');
  const auto result = sink.write(longest + "\n" + longest + "\n");
  BOOST_TEST(result.lost == 1U);
  BOOST_TEST(result.error == EAGAIN);
  std::string received(20000, ' ');
  const ssize_t before = read(reader, received.data(), received.size());
  BOOST_TEST(sink.write("next\n").lost == 0U);
  const ssize_t after = read(reader, received.data() + before, 100);
  received.resize(static_cast<size_t>(before + after));
  BOOST_TEST(received.ends_with("x\nnext\n"));
  close(reader);
}

BOOST_FIXTURE_TEST_CASE(syslog_gets_a_datagram_for_each_line, Folder) {
  const Logger logger{path / "log"};
  Sink sink{{SinkPlan::Kind::syslog, (path / "log").string(), 190, "weir"}};
  BOOST_TEST(sink.write("a b\nc\n").lost == 0U);
  const auto first = logger.receive();
  BOOST_TEST(first.starts_with("<190>"));
  BOOST_TEST(first.ends_with(" weir[" + std::to_string(getpid()) + "]: a b"));
  BOOST_TEST(first.size() == 5 + 15 + 1 + 5 + std::to_string(getpid()).size() + 3 + 3);
  BOOST_TEST(logger.receive().ends_with("]: c"));
  BOOST_TEST(logger.receive() == "nothing");
}

BOOST_FIXTURE_TEST_CASE(syslog_is_found_again_after_its_restart, Folder) {
  const auto socket_path = path / "log";
  Sink sink{{SinkPlan::Kind::syslog, socket_path.string(), 190, "weir"}};
  BOOST_TEST(sink.write("too early\n").error == ENOENT);
  auto logger = std::make_unique<Logger>(socket_path);
  BOOST_TEST(sink.write("a\n").lost == 0U);
  logger.reset();
  std::filesystem::remove(socket_path);
  BOOST_TEST(sink.write("b\nc\n").lost == 2U);
  const Logger again{socket_path};
  BOOST_TEST(sink.write("d\n").lost == 0U);
  BOOST_TEST(again.receive().ends_with("]: d"));
}

BOOST_AUTO_TEST_SUITE_END()
