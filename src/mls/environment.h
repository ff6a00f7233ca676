#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/result.h"
#include "crypto/random.h"
#include "mls/types.h"

namespace chatmcp::mls {

class GroupView;
struct Change;

/// The application's part of *validity*: a pure function of the group before and of what is
/// proposed. Every honest member must come to the same answer, so no clock, setting, network or
/// policy may be read here. Refused: the commit is invalid for everyone.
class Rules {
  public:
    virtual ~Rules() = default;
    /// A leaf that enters (`current` null) or replaces `current`. Checks the credential's
    /// signatures and how it binds signature_key and group id.
    [[nodiscard]] virtual Result<void> check_leaf(const LeafView& next,
                                                  const LeafView* current,
                                                  const GroupView& group) const = 0;
    /// A whole commit, after RFC 9420's own rules and check_leaf passed: roles, components that may
    /// not change, who may do what. `before` is the group that the commit changes.
    ///
    /// While a group is created or joined there is no such commit: `change` then says that all its
    /// members were added by the committer (the creator, the signer of the Welcome's GroupInfo) and
    /// that all its components are new, and `before` (here and in check_leaf) has the group's id,
    /// epoch and components and an empty member list.
    [[nodiscard]] virtual Result<void> check_commit(const Change& change,
                                                    const GroupView& before) const = 0;

  protected:
    Rules() = default;
    Rules(const Rules&) = default;
    Rules& operator=(const Rules&) = default;
};

/// *Trust*: time, accepted domains, log heads, evidence, policy. Refused while inviting or creating
/// (stage fails); a leaf that comes in by somebody else's commit or stands in a tree that we join
/// is *reported* in Change::distrusted and never makes a commit invalid.
class Trust {
  public:
    virtual ~Trust() = default;
    [[nodiscard]] virtual Result<void> check(const LeafView& next,
                                             const LeafView* current,
                                             const GroupView& group,
                                             const Arrival& arrival) const = 0;

  protected:
    Trust() = default;
    Trust(const Trust&) = default;
    Trust& operator=(const Trust&) = default;
};

/// Lends threads to the library, which has none of its own.
class Parallel {
  public:
    virtual ~Parallel() = default;
    /// Calls work(0) to work(count - 1), each once, in any order and on any threads, and returns
    /// when all have returned. What is called this way reads shared state and writes to its own.
    virtual void run(std::size_t count, const std::function<void(std::size_t)>& work) const = 0;

  protected:
    Parallel() = default;
    Parallel(const Parallel&) = default;
    Parallel& operator=(const Parallel&) = default;
};

/// check(0) to check(count - 1), each Result<void>, on lent threads if there are any. Returns the
/// first failure by number, whichever thread came to one first.
template <class Check>
[[nodiscard]] Result<void> check_all(const Parallel* parallel,
                                     std::size_t count,
                                     const Check& check) {
    if (parallel == nullptr) {
        for (std::size_t i = 0; i < count; ++i) {
            CHATMCP_TRY_VOID(check(i));
        }
        return {};
    }
    std::vector<Result<void>> results(count);
    parallel->run(count, [&](std::size_t i) { results[i] = check(i); });
    for (const Result<void>& result : results) {
        CHATMCP_TRY_VOID(result);
    }
    return {};
}

/// What a group needs from outside, supplied once and shared by all groups of a client. All
/// referenced objects outlive every Group.
struct Environment {
    const Rules& rules;
    const Trust& trust;
    crypto::Random& random;
    Limits limits;
    /// Own sending keys are derived when an epoch begins and live in the Group object alone, never
    /// in the transaction: a group that was loaded can read, commit by PublicMessage and export,
    /// and encrypts nothing (MLS-91) until a commit that this very object staged is confirmed
    /// (DESIGN 8, boot rule: two enclaves that start from one state derive the same keys for every
    /// epoch that somebody else makes, and for the one that they had staged, but not for one of a
    /// fresh path).
    bool own_keys_in_memory_only = false;
    /// Whether groups, key packages and followers of experimental suites (types.h) are made and
    /// joined. Their formats may change.
    bool experimental_suites = false;
    /// For signatures of many leaves and secrets for many members; null: one after the other.
    const Parallel* parallel = nullptr;
};

}  // namespace chatmcp::mls
