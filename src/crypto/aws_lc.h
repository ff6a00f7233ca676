#pragma once

#include <openssl/err.h>

#include "base/bytes.h"

namespace chatmcp::crypto {

/// The first byte for a C interface, never null: AWS-LC gives a null key or salt a meaning of its
/// own ("use the last one"), and an empty view may have a null pointer.
[[nodiscard]] inline const std::uint8_t* pointer_of(ByteView view) {
    static constexpr std::uint8_t kNothing = 0;
    return view.empty() ? &kNothing : view.data();
}

/// AWS-LC notes each failure in a queue of the thread; TLS, in the same thread, would take ours for
/// its own.
inline void forget_errors() {
    ERR_clear_error();
}

}  // namespace chatmcp::crypto
