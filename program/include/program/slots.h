#pragma once

#include "program/types.h"

namespace chatmcp::program {

/// One account of an instruction. What `A` is depends on who looks: the program has the account
/// itself, a client its address.
template <class A, bool signer, bool writable, bool may_repeat = false>
struct Slot {
    static constexpr bool kSigner = signer;
    static constexpr bool kWritable = writable;
    /// Whether it may be an account that is given before.
    static constexpr bool kMayRepeat = may_repeat;
    A value;
};

template <class A>
using Readonly = Slot<A, false, false>;
template <class A>
using Writable = Slot<A, false, true>;
template <class A>
using Signer = Slot<A, true, false>;
template <class A>
using WritableSigner = Slot<A, true, true>;
/// May be the same as an account before it.
template <class A>
using SignerMayRepeat = Slot<A, true, false, true>;
template <class A>
using WritableMayRepeat = Slot<A, false, true, true>;

/// How many accounts a struct of them has.
template <template <class> class Accounts>
inline constexpr uint64_t kAccountsCount = sizeof(Accounts<uint64_t>) / sizeof(uint64_t);

/// Calls `visit` with each of the `count` accounts in turn.
template <uint64_t count, class Accounts, class Visit>
constexpr void for_each_slot(Accounts& accounts, Visit&& visit) {
    static_assert(count >= 1 && count <= 9, "instructions have 1 to 9 accounts");
    if constexpr (count == 1) {
        auto& [a] = accounts;
        (visit(a));
    } else if constexpr (count == 2) {
        auto& [a, b] = accounts;
        (visit(a), visit(b));
    } else if constexpr (count == 3) {
        auto& [a, b, c] = accounts;
        (visit(a), visit(b), visit(c));
    } else if constexpr (count == 4) {
        auto& [a, b, c, d] = accounts;
        (visit(a), visit(b), visit(c), visit(d));
    } else if constexpr (count == 5) {
        auto& [a, b, c, d, e] = accounts;
        (visit(a), visit(b), visit(c), visit(d), visit(e));
    } else if constexpr (count == 6) {
        auto& [a, b, c, d, e, f] = accounts;
        (visit(a), visit(b), visit(c), visit(d), visit(e), visit(f));
    } else if constexpr (count == 7) {
        auto& [a, b, c, d, e, f, g] = accounts;
        (visit(a), visit(b), visit(c), visit(d), visit(e), visit(f), visit(g));
    } else if constexpr (count == 8) {
        auto& [a, b, c, d, e, f, g, h] = accounts;
        (visit(a), visit(b), visit(c), visit(d), visit(e), visit(f), visit(g), visit(h));
    } else if constexpr (count == 9) {
        auto& [a, b, c, d, e, f, g, h, i] = accounts;
        (visit(a), visit(b), visit(c), visit(d), visit(e), visit(f), visit(g), visit(h), visit(i));
    }
}

}  // namespace chatmcp::program
