/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts calls to the general heap. Preloaded into weir; the count lies in a file that is mapped
 * shared, so that the test reads it from outside while weir runs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static _Atomic uint64_t early;
static _Atomic uint64_t* _Atomic count = &early;

static void one_more(void) { atomic_fetch_add_explicit(count, 1, memory_order_relaxed); }

__attribute__((constructor)) static void map(void) {
  const char* path = getenv("MALLOC_COUNT_FILE");
  if (path == NULL) return;
  int file = open(path, O_RDWR | O_CLOEXEC);
  void* page = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) count = page;
}

void* malloc(size_t size) {
  one_more();
  return __libc_malloc(size);
}

void* calloc(size_t n, size_t size) {
  one_more();
  return __libc_calloc(n, size);
}

void* realloc(void* old, size_t size) {
  one_more();
  return __libc_realloc(old, size);
}

void* aligned_alloc(size_t align, size_t size) {
  one_more();
  return __libc_memalign(align, size);
}

int posix_memalign(void** to, size_t align, size_t size) {
  one_more();
  *to = __libc_memalign(align, size);
  return *to == NULL ? 12 : 0;
}
