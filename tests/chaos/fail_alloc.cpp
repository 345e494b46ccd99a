// SPDX-License-Identifier: Apache-2.0
//
// operator new of a weir that fails one allocation in N, for the tests of want of memory. The file
// that WEIR_FAIL_ALLOC_FILE names holds three numbers of 64 bits: N (0: none fails), how many
// allocations there were, and how many of them failed. Allocations of modules are not looked at.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

struct Page {
  std::atomic<uint64_t> one_in;
  std::atomic<uint64_t> count;
  std::atomic<uint64_t> failed;
};

Page own_page;

Page* map_page() {
  const char* const path = std::getenv("WEIR_FAIL_ALLOC_FILE");
  const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return &own_page;
  void* const at = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return at == MAP_FAILED ? &own_page : static_cast<Page*>(at);
}

// The same allocations fail in each run that makes the same ones: their numbers decide.
bool fails() {
  static Page* const page = map_page();
  const uint64_t one_in = page->one_in.load(std::memory_order_relaxed);
  if (one_in == 0) return false;
  uint64_t mix = page->count.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15ULL;
  mix ^= mix >> 29;
  mix *= 0xbf58476d1ce4e5b9ULL;
  if ((mix >> 32) % one_in != 0) return false;
  page->failed.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace

// What the standard asks of operator new, but for the failures.
void* operator new(size_t size) {
  for (;;) {
    if (!fails()) {
      if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    }
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
