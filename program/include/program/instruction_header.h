#pragma once

#include "program/accounts.h"
#include "program/slots.h"

namespace chatmcp::program {

/// The first byte of an instruction's data.
enum class InstructionKind : uint8_t {
    initialize = 1,
    create_mint = 2,
    buy = 3,
    stake = 4,
    request_unstake = 5,
    withdraw = 6,
    stamp_lock = 7,
    stamp_accept = 8,
    stamp_reject = 9,
    stamp_reclaim = 10,
    enclave_register = 11,
    enclave_revoke = 12,
    anchor_log = 13,
    anchor_receipts = 14,
    verify_receipt = 15,
    anchor_grant = 16,
    close_grant = 17,
    propose = 18,
    vote = 19,
    cancel_proposal = 20,
    release_vote = 21,
    close_proposal = 22,
    execute_config = 23,
    execute_verifiers = 24,
    execute_add_measurement = 25,
    execute_revoke = 26,
    execute_pay_chat = 27,
    execute_pay_lamports = 28,
    execute_upgrade = 29,
    execute_upgrade_authority = 30,
    pause = 31,
};

/// Every instruction's data begins so.
struct InstructionHeader {
    InstructionKind instruction;
    uint8_t
        bump;  // Last seed of the account that it makes or, for an upgrade, of the program's data.
    uint8_t reserved[6];
};
static_assert(sizeof(InstructionHeader) == 8);

}  // namespace chatmcp::program
