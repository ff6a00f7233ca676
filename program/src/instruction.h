#pragma once

#include "checks.h"
#include "program/instructions.h"

namespace chatmcp::program {

/// What an instruction knows besides its accounts and data.
struct Context {
    const Key& program;
    const uint8_t* tail;  // What follows the data of instructions that have a tail.
    uint64_t tail_bytes;
};

/// The slot and time that the cluster agrees on.
inline Clock clock_now() {
    Clock clock{};
    sol_get_clock_sysvar(&clock);
    return clock;
}

template <class Instruction>
using AccountsOf = typename Instruction::template Accounts<AccountInfo*>;

/// One function for each instruction, in the file of its name or family. Number, sizes, roles and
/// repeated accounts are checked before (entrypoint.cpp); the rest is theirs.
#define CHATMCP_INSTRUCTION(Instruction)                   \
    Error execute(const AccountsOf<Instruction>& accounts, \
                  const Instruction::Data& data,           \
                  const Context& context)

CHATMCP_INSTRUCTION(Initialize);
CHATMCP_INSTRUCTION(CreateMint);
CHATMCP_INSTRUCTION(Buy);
CHATMCP_INSTRUCTION(AddStake);
CHATMCP_INSTRUCTION(RequestUnstake);
CHATMCP_INSTRUCTION(Withdraw);
CHATMCP_INSTRUCTION(StampLock);
CHATMCP_INSTRUCTION(StampAccept);
CHATMCP_INSTRUCTION(StampReject);
CHATMCP_INSTRUCTION(StampReclaim);
CHATMCP_INSTRUCTION(EnclaveRegister);
CHATMCP_INSTRUCTION(EnclaveRevoke);
CHATMCP_INSTRUCTION(AnchorLog);
CHATMCP_INSTRUCTION(AnchorReceipts);
CHATMCP_INSTRUCTION(VerifyReceipt);
CHATMCP_INSTRUCTION(AnchorGrant);
CHATMCP_INSTRUCTION(CloseGrant);
CHATMCP_INSTRUCTION(Propose);
CHATMCP_INSTRUCTION(CastVote);
CHATMCP_INSTRUCTION(CancelProposal);
CHATMCP_INSTRUCTION(ReleaseVote);
CHATMCP_INSTRUCTION(CloseProposal);
CHATMCP_INSTRUCTION(ExecuteConfig);
CHATMCP_INSTRUCTION(ExecuteVerifiers);
CHATMCP_INSTRUCTION(ExecuteAddMeasurement);
CHATMCP_INSTRUCTION(ExecuteRevoke);
CHATMCP_INSTRUCTION(ExecutePayChat);
CHATMCP_INSTRUCTION(ExecutePayLamports);
CHATMCP_INSTRUCTION(ExecuteUpgrade);
CHATMCP_INSTRUCTION(ExecuteUpgradeAuthority);
CHATMCP_INSTRUCTION(Pause);

}  // namespace chatmcp::program
