// SPDX-License-Identifier: Apache-2.0
#define BOOST_TEST_MODULE static_path
#include "file_path.hpp"
#include "root_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>

namespace {

std::string path_of(std::string_view request_path, bool hidden = false) {
  FilePath path;
  if (!path.assign(request_path, hidden)) return "none";
  return std::string{path.view()} + (path.folder() ? " folder" : "");
}

// A root with a file, a folder, and links that lead within and out of it.
struct Site {
  Site() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-static-XXXXXX").string();
    top = mkdtemp(pattern.data());
    root = top / "root";
    std::filesystem::create_directories(root / "folder");
    std::ofstream{root / "folder" / "a.txt"} << "inside";
    std::ofstream{top / "secret.txt"} << "outside";
    std::filesystem::create_symlink("folder/a.txt", root / "near");
    std::filesystem::create_symlink("folder", root / "near_folder");
    std::filesystem::create_symlink("../secret.txt", root / "far");
    std::filesystem::create_symlink(top / "secret.txt", root / "absolute");
    std::filesystem::create_symlink("..", root / "up");
    std::filesystem::create_symlink("/proc/self/root", root / "magic");
    mkfifo((root / "pipe").c_str(), 0600);
    descriptor = open_root(root.c_str());
  }
  ~Site() { std::filesystem::remove_all(top); }

  Kind kind(const char* path, Links links = Links::inside) const {
    return open_file(descriptor.get(), path, links).kind;
  }

  std::filesystem::path top, root;
  Descriptor descriptor;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(paths)

BOOST_AUTO_TEST_CASE(a_path_is_decoded_segment_by_segment) {
  BOOST_TEST(path_of("/") == " folder");
  BOOST_TEST(path_of("/a") == "a");
  BOOST_TEST(path_of("/a/") == "a/ folder");
  BOOST_TEST(path_of("/a/b.txt") == "a/b.txt");
  BOOST_TEST(path_of("/gr%C3%BC%C3%9fe%20x") ==
             "gr\xc3\xbc\xc3\x9f"
             "e x");
  BOOST_TEST(path_of("/100%25") == "100%");
}

BOOST_AUTO_TEST_CASE(what_is_no_plain_name_is_refused) {
  for (const auto* text : {"",
                           "a",
                           "../a",
                           "/..",
                           "/../a",
                           "/a/../b",
                           "/a/..",
                           "/./a",
                           "/a/.",
                           "//a",
                           "/a//b",
                           "/a//",
                           "/%2e%2e/a",
                           "/%2E%2E",
                           "/.%2e/a",
                           "/a%2fb",
                           "/a%2F..%2Fb",
                           "/a%00b",
                           "/%00",
                           "/a%",
                           "/a%2",
                           "/a%g0",
                           "/%c0%ae%c0%ae/%zz"}) {
    BOOST_TEST(path_of(text) == "none", text);
  }
  BOOST_TEST(path_of({"/a\0b", 4}) == "none");
}

BOOST_AUTO_TEST_CASE(overlong_utf_8_dots_are_just_bytes) {
  BOOST_TEST(path_of("/%c0%ae%c0%ae/a") == "\xc0\xae\xc0\xae/a");
}

BOOST_AUTO_TEST_CASE(hidden_names_are_refused_unless_wanted) {
  BOOST_TEST(path_of("/.env") == "none");
  BOOST_TEST(path_of("/%2eenv") == "none");
  BOOST_TEST(path_of("/.git/config") == "none");
  BOOST_TEST(path_of("/a/.htpasswd") == "none");
  BOOST_TEST(path_of("/a/.well-known/x") == "none");
  BOOST_TEST(path_of("/.well-known/security.txt") == ".well-known/security.txt");
  BOOST_TEST(path_of("/.well-known/.env") == "none");
  BOOST_TEST(path_of("/.env", true) == ".env");
  BOOST_TEST(path_of("/..", true) == "none");
}

BOOST_AUTO_TEST_CASE(a_path_beyond_the_room_is_refused) {
  BOOST_TEST(path_of("/" + std::string(4095, 'x')) == std::string(4095, 'x'));
  BOOST_TEST(path_of("/" + std::string(4096, 'x')) == "none");
  FilePath path;
  BOOST_TEST(path.assign("/" + std::string(4090, 'x'), false));
  BOOST_TEST(!path.append(".gzip.gz"));
  BOOST_TEST(path.size() == 4090U);
}

BOOST_AUTO_TEST_CASE(a_prefix_ends_at_a_slash) {
  BOOST_TEST(below_prefix("/assets/a", "/assets").value() == "/a");
  BOOST_TEST(below_prefix("/assets/a", "/assets/").value() == "/a");
  BOOST_TEST(below_prefix("/assets/", "/assets").value() == "/");
  BOOST_TEST(below_prefix("/assets", "/assets").value() == "");
  BOOST_TEST(below_prefix("/a", "").value() == "/a");
  BOOST_TEST(below_prefix("/a", "/").value() == "/a");
  BOOST_TEST(!below_prefix("/assets2/a", "/assets").has_value());
  BOOST_TEST(!below_prefix("/a", "/assets").has_value());
}

BOOST_FIXTURE_TEST_CASE(files_and_folders_below_the_root_are_opened, Site) {
  const auto file = open_file(descriptor.get(), "folder/a.txt", Links::never);
  BOOST_TEST((file.kind == Kind::file));
  BOOST_TEST(file.size == 6U);
  BOOST_TEST((kind("folder") == Kind::folder));
  BOOST_TEST((kind("") == Kind::folder));
  BOOST_TEST((kind("nothing") == Kind::missing));
  BOOST_TEST((kind("folder/a.txt/b") == Kind::missing));
}

BOOST_FIXTURE_TEST_CASE(links_are_followed_only_inside_the_root, Site) {
  BOOST_TEST((kind("near") == Kind::file));
  BOOST_TEST((kind("near_folder/a.txt") == Kind::file));
  for (const auto* path : {"far", "absolute", "up/secret.txt", "../secret.txt", "magic/etc/passwd"})
    BOOST_TEST((kind(path) == Kind::missing), path);
}

BOOST_FIXTURE_TEST_CASE(links_can_be_forbidden, Site) {
  for (const auto* path : {"near", "near_folder/a.txt", "far"})
    BOOST_TEST((kind(path, Links::never) == Kind::missing), path);
}

BOOST_FIXTURE_TEST_CASE(a_pipe_neither_blocks_nor_is_served, Site) {
  BOOST_TEST((kind("pipe") == Kind::missing));
}

BOOST_FIXTURE_TEST_CASE(without_openat2_no_link_is_followed, Site) {
  const int root_number = descriptor.get();
  BOOST_TEST(bool{open_by_segments(root_number, "folder/a.txt")});
  BOOST_TEST(bool{open_by_segments(root_number, ".")});
  for (const auto* path : {"near", "near_folder/a.txt", "far", "up/secret.txt", "../secret.txt",
                           "folder/../../secret.txt", "nothing/a"})
    BOOST_TEST(!open_by_segments(root_number, path), path);
  BOOST_TEST(!open_by_segments(root_number, std::string(300, 'x')));
}

BOOST_AUTO_TEST_SUITE_END()
