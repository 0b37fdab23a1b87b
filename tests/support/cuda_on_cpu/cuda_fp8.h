#pragma once

#include <cmath>
#include <cstdint>

/// Sign, 4 bits of exponent with bias 7, 3 of mantissa; no infinity, largest value 448.
struct __nv_fp8_e4m3 {
  uint8_t bits;

  __nv_fp8_e4m3() = default;

  /// To nearest, ties to even; what is too large becomes the largest.
  explicit __nv_fp8_e4m3(float x) {
    const int sign = std::signbit(x) ? 0x80 : 0;
    if (std::isnan(x)) {
      bits = static_cast<uint8_t>(sign | 0x7f);
      return;
    }
    const float size = std::fmin(std::fabs(x), 448.0f);
    const int exponent = size < std::ldexp(1.0f, -6) ? -6 : std::ilogb(size);  // below 2^-6 the steps stay 2^-9
    const int steps = static_cast<int>(std::nearbyint(std::ldexp(size, 3 - exponent)));  // 8 of them double it
    bits = static_cast<uint8_t>(sign | ((exponent + 6) * 8 + steps));
  }
};
