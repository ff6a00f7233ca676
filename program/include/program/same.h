#pragma once

#include "program/types.h"

namespace chatmcp::program {

/// Whether two keys are the same, word by word: the machine has no function for it that is cheaper.
inline bool same(const Key& a, const Key& b) {
    const auto* x = reinterpret_cast<const uint64_t*>(&a);
    const auto* y = reinterpret_cast<const uint64_t*>(&b);
    return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3];
}
inline bool same(const Digest& a, const Digest& b) {
    return same(reinterpret_cast<const Key&>(a), reinterpret_cast<const Key&>(b));
}

}  // namespace chatmcp::program
