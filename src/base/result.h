#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/errc.h"

namespace chatmcp {

/// Why something was refused. Never holds user data, so it may be logged.
struct Error {
    Errc code;
    const char* check;  // String literal: the row of docs/CHECKS.md, for example "MLS-07".

    friend bool operator==(const Error& a, const Error& b);
};
static_assert(sizeof(Error) == 16 || sizeof(void*) == 4);
static_assert(std::is_trivially_copyable_v<Error>);

/// A value, or the one reason why there is none. Must be looked at.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
  public:
    using std::expected<T, Error>::expected;
};

/// The failing result: `return fail(Errc::stale_epoch, "MLS-07");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, const char* check) {
    return std::unexpected<Error>(Error{code, check});
}

/// Hand an inner error on, for the few places where CHATMCP_TRY cannot be used.
[[nodiscard]] inline std::unexpected<Error> fail(const Error& error) {
    return std::unexpected<Error>(error);
}

}  // namespace chatmcp

#define CHATMCP_CONCAT_(a, b) a##b
#define CHATMCP_CONCAT(a, b) CHATMCP_CONCAT_(a, b)
#define CHATMCP_TRY_(tmp, decl, ret, ...) \
    auto tmp = (__VA_ARGS__);             \
    if (!tmp.has_value()) {               \
        ret ::chatmcp::fail(tmp.error()); \
    }                                     \
    decl = *std::move(tmp)
#define CHATMCP_TRY_VOID_(tmp, ret, ...)  \
    auto tmp = (__VA_ARGS__);             \
    if (!tmp.has_value()) {               \
        ret ::chatmcp::fail(tmp.error()); \
    }                                     \
    static_cast<void>(0)

/// `CHATMCP_TRY(const auto tree, parse(bytes));` declares `tree`, or returns the error of `parse`.
#define CHATMCP_TRY(decl, ...) \
    CHATMCP_TRY_(CHATMCP_CONCAT(chatmcp_try_, __COUNTER__), decl, return, __VA_ARGS__)
/// The same where there is no value, or it is not needed: `CHATMCP_TRY_VOID(verify(x));`
#define CHATMCP_TRY_VOID(...) \
    CHATMCP_TRY_VOID_(CHATMCP_CONCAT(chatmcp_try_, __COUNTER__), return, __VA_ARGS__)
/// The same two inside a coroutine.
#define CHATMCP_CO_TRY(decl, ...) \
    CHATMCP_TRY_(CHATMCP_CONCAT(chatmcp_try_, __COUNTER__), decl, co_return, __VA_ARGS__)
#define CHATMCP_CO_TRY_VOID(...) \
    CHATMCP_TRY_VOID_(CHATMCP_CONCAT(chatmcp_try_, __COUNTER__), co_return, __VA_ARGS__)
