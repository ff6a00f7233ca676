#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "chain/address.h"
#include "program/accounts.h"

namespace chatmcp::chain {

/// A proposal with what it would do.
struct ProposalAccount {
    static constexpr program::AccountKind kKind = program::Proposal::kKind;
    program::Proposal head{};
    Bytes payload;  // Of the action's type; checked to have its size.
};

/// Any account of the ChatMCP program.
using ProgramAccount = std::variant<program::Config,
                                    program::Verifiers,
                                    program::Stake,
                                    program::Stamp,
                                    program::Measurement,
                                    program::Enclave,
                                    program::LogHead,
                                    program::Receipts,
                                    program::Grant,
                                    ProposalAccount,
                                    program::Vote>;

/// Decode an account of `program`. `owner` is the program that the account belongs to.
///
/// Trust:  as much as the one who said what the account holds.
/// Errors: wrong_key (CHN-81) an account of another program; not_found (CHN-82) of no kind that
///         there is; malformed (CHN-83) another size than its kind; unsupported_version (CHN-84);
///         malformed (CHN-85) a value that does not exist, or a reserved byte that is not zero.
[[nodiscard]] Result<ProgramAccount> decode_program_account(const Address& program,
                                                            const Address& owner,
                                                            ByteView data);

/// The same where the kind is known.
///
/// Errors: those of decode_program_account; wrong_key (CHN-86) an account of another kind.
template <class State>
[[nodiscard]] Result<State> decode_program_account_as(const Address& program,
                                                      const Address& owner,
                                                      ByteView data) {
    CHATMCP_TRY(ProgramAccount account, decode_program_account(program, owner, data));
    State* const state = std::get_if<State>(&account);
    if (state == nullptr) {
        return fail(Errc::wrong_key, "CHN-86");
    }
    return std::move(*state);
}

/// Bytes of an action's payload; zero for an action that does not exist.
[[nodiscard]] std::size_t payload_bytes(program::Action action);

}  // namespace chatmcp::chain
