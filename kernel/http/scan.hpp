// SPDX-License-Identifier: Apache-2.0
//
// The first byte of a kind, sixteen bytes at a time.
//
// Parsing a head is mostly finding the next byte that may not pass. Each kind of such bytes is a
// small struct with two spellings of one set: for a byte, which is the definition, and for a
// vector, which a test holds equal to it. SSE2 is part of every x86-64; other machines use the
// definition.
//
// Promise: no byte outside the view is read.
//
// Thread: any.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace weir::scan {

#ifdef __SSE2__
using Vector = __m128i;
inline Vector all(char c) { return _mm_set1_epi8(c); }
inline Vector equal(Vector x, char c) { return _mm_cmpeq_epi8(x, all(c)); }
inline Vector at_most(Vector x, char c) { return _mm_cmpeq_epi8(_mm_min_epu8(x, all(c)), x); }
inline Vector at_least(Vector x, char c) { return _mm_cmpeq_epi8(_mm_max_epu8(x, all(c)), x); }
inline Vector either(Vector a, Vector b) { return _mm_or_si128(a, b); }
inline Vector both(Vector a, Vector b) { return _mm_and_si128(a, b); }
inline Vector first_not_second(Vector a, Vector b) { return _mm_andnot_si128(b, a); }
inline Vector between(Vector x, char low, char high) {
  return both(at_least(x, low), at_most(x, high));
}
#endif

// What may end a line of a head, and NUL, which no head holds.
struct LineBreak {
  static constexpr bool stops(unsigned char c) { return c == '\r' || c == '\n' || c == '\0'; }
#ifdef __SSE2__
  static Vector stops(Vector x) {
    return either(either(equal(x, '\r'), equal(x, '\n')), equal(x, '\0'));
  }
#endif
};

// Everything but visible bytes, blanks and bytes above 0x7F (RFC 9110, 5.5).
struct ValueEnd {
  static constexpr bool stops(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; }
#ifdef __SSE2__
  static Vector stops(Vector x) {
    return either(first_not_second(at_most(x, 0x1F), equal(x, '\t')), equal(x, 0x7F));
  }
#endif
};

// Everything but visible ASCII without the bytes RFC 3986 has no place for, and without "#", which
// starts a fragment and has no place in a request.
struct TargetEnd {
  static constexpr bool stops(unsigned char c) {
    constexpr std::string_view barred = "\"#<>\\^`{|}";
    return c <= 0x20 || c >= 0x7F || barred.find(static_cast<char>(c)) != barred.npos;
  }
#ifdef __SSE2__
  static Vector stops(Vector x) {
    const Vector low = first_not_second(at_most(x, '#'), equal(x, '!'));
    const Vector high = first_not_second(at_least(x, '{'), equal(x, '~'));
    const Vector pairs = both(x, all(~2));  // "<" with ">", "\" with "^": they differ in one bit
    const Vector middle = either(equal(pairs, '<'), equal(pairs, '\\'));
    return either(either(low, high), either(middle, equal(x, '`')));
  }
#endif
};

// Everything but letters, digits and "-": where a field name of the ordinary kind ends.
struct PlainNameEnd {
  static constexpr bool stops(unsigned char c) {
    const auto letter = static_cast<unsigned char>((c | 0x20) - 'a');
    return letter > 'z' - 'a' && static_cast<unsigned char>(c - '0') > 9 && c != '-';
  }
#ifdef __SSE2__
  static Vector stops(Vector x) {
    const Vector letter = between(either(x, all(0x20)), 'a', 'z');
    const Vector name = either(either(letter, between(x, '0', '9')), equal(x, '-'));
    return _mm_cmpeq_epi8(name, _mm_setzero_si128());
  }
#endif
};

// Everything but a token (RFC 9110, 5.6.2). Rare in practice, so it has no vector spelling.
struct TokenEnd {
  static constexpr bool stops(unsigned char c) {
    constexpr std::string_view others = "!#$%&'*+.^_`|~";
    return PlainNameEnd::stops(c) && others.find(static_cast<char>(c)) == others.npos;
  }
};

// No byte at all.
struct Never {
  static constexpr bool stops(unsigned char) { return false; }
#ifdef __SSE2__
  static Vector stops(Vector) { return _mm_setzero_si128(); }
#endif
};

template <class Stop>
size_t find_by_byte(std::string_view text, size_t from = 0) {
  while (from < text.size() && !Stop::stops(static_cast<unsigned char>(text[from]))) ++from;
  return from;
}

#ifdef __SSE2__
template <class Stop>
uint32_t stops_in_block(const char* at) {
  const Vector block = _mm_loadu_si128(reinterpret_cast<const Vector*>(at));
  return static_cast<uint32_t>(_mm_movemask_epi8(Stop::stops(block)));
}
#endif

#ifdef __SSE2__
template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The two ends of a text of sizeof(Word) to 2 * sizeof(Word) bytes, which overlap, in a vector that
// holds bytes of the text alone.
template <class Word>
Vector ends_of(std::string_view text) {
  constexpr int other_half = 64 - 8 * int{sizeof(Word)};
  const auto front = uint64_t{load<Word>(text.data())};
  const auto back = uint64_t{load<Word>(text.data() + text.size() - sizeof(Word))};
  return _mm_set_epi64x(static_cast<int64_t>(back << other_half | back),
                        static_cast<int64_t>(front << other_half | front));
}

template <class Stop>
bool none_in(Vector block) {
  return _mm_movemask_epi8(Stop::stops(block)) == 0;
}

template <class Stop, class Word>
bool copy_ends(std::string_view text, char* to) {
  const Word front = load<Word>(text.data());
  const Word back = load<Word>(text.data() + text.size() - sizeof(Word));
  std::memcpy(to, &front, sizeof front);
  std::memcpy(to + text.size() - sizeof(Word), &back, sizeof back);
  return none_in<Stop>(ends_of<Word>(text));
}

template <class Stop>
Vector copy_block(const char* from, char* to) {
  const Vector block = _mm_loadu_si128(reinterpret_cast<const Vector*>(from));
  _mm_storeu_si128(reinterpret_cast<Vector*>(to), block);
  return Stop::stops(block);
}
#endif

// Copies `text`; false when a byte of it stops, and then what is written is of no use.
template <class Stop>
bool copy(std::string_view text, char* to) {
#ifdef __SSE2__
  const size_t size = text.size();
  if (size >= 16) {
    Vector hits = copy_block<Stop>(text.data() + size - 16, to + size - 16);
    for (size_t at = 0; at + 16 < size; at += 16) {
      hits = either(hits, copy_block<Stop>(text.data() + at, to + at));
    }
    return _mm_movemask_epi8(hits) == 0;
  }
  if (size >= 8) return copy_ends<Stop, uint64_t>(text, to);
  if (size >= 4) return copy_ends<Stop, uint32_t>(text, to);
#endif
  std::copy(text.begin(), text.end(), to);
  return find_by_byte<Stop>(text) == text.size();
}

// Place of the first byte at or after `from` that stops; text.size() when there is none.
template <class Stop>
size_t find(std::string_view text, size_t from = 0) {
#ifdef __SSE2__
  if (text.size() >= 16) {
    const size_t last = text.size() - 16;
    for (; from <= last; from += 16) {
      const uint32_t hits = stops_in_block<Stop>(text.data() + from);
      if (hits != 0) return from + static_cast<size_t>(std::countr_zero(hits));
    }
    if (from < text.size()) {  // the rest, as the end of a block that begins in what is done
      const uint32_t hits = stops_in_block<Stop>(text.data() + last) >> (from - last);
      if (hits != 0) return from + static_cast<size_t>(std::countr_zero(hits));
    }
    return text.size();
  }
#endif
  return find_by_byte<Stop>(text, from);
}

// Whether all bytes pass.
template <class Stop>
bool none(std::string_view text) {
#ifdef __SSE2__
  if (text.size() < 16) {
    if (text.size() >= 8) return none_in<Stop>(ends_of<uint64_t>(text));
    if (text.size() >= 4) return none_in<Stop>(ends_of<uint32_t>(text));
  }
#endif
  return find<Stop>(text) == text.size();
}

}  // namespace weir::scan
