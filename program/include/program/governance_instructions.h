#pragma once

#include "program/instruction_header.h"

namespace chatmcp::program {

/// Proposes a change. The proposer's stake is held until the proposal is closed. Its payload
/// follows.
struct Propose {
    static constexpr InstructionKind kKind = InstructionKind::propose;
    template <class A>
    struct Accounts {
        WritableSigner<A> proposer;
        Writable<A> config;
        Writable<A> stake;
        Writable<A> proposal;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Digest description;
        Action action;
        uint8_t reserved[7];
        /// Then the action's payload.
        using Tail = uint8_t;
    };
};

/// Votes with the whole stake, if it has not grown since the proposal was made. It is held until
/// the vote is released.
struct CastVote {
    static constexpr InstructionKind kKind = InstructionKind::vote;
    template <class A>
    struct Accounts {
        WritableSigner<A> voter;
        Writable<A> stake;
        Writable<A> proposal;
        Writable<A> vote;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Choice choice;
        uint8_t reserved[7];
    };
};

/// Takes a proposal back that is still open.
struct CancelProposal {
    static constexpr InstructionKind kKind = InstructionKind::cancel_proposal;
    template <class A>
    struct Accounts {
        Signer<A> proposer;
        Writable<A> proposal;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Lets go of the stake of a voter once the proposal has ended, and closes the vote. Anybody may:
/// no proposal has to wait for a voter who is gone.
struct ReleaseVote {
    static constexpr InstructionKind kKind = InstructionKind::release_vote;
    template <class A>
    struct Accounts {
        Writable<A> voter;
        Writable<A> stake;
        Writable<A> proposal;
        Writable<A> vote;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Lets go of the proposer's stake once the proposal has ended; with its last vote released, the
/// account is closed.
struct CloseProposal {
    static constexpr InstructionKind kKind = InstructionKind::close_proposal;
    template <class A>
    struct Accounts {
        WritableSigner<A> proposer;
        Writable<A> stake;
        Writable<A> proposal;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes set_params or set_guardian. Anybody may.
struct ExecuteConfig {
    static constexpr InstructionKind kKind = InstructionKind::execute_config;
    template <class A>
    struct Accounts {
        Writable<A> config;
        Writable<A> proposal;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes set_verifiers. Anybody may.
struct ExecuteVerifiers {
    static constexpr InstructionKind kKind = InstructionKind::execute_verifiers;
    template <class A>
    struct Accounts {
        Writable<A> proposal;
        Writable<A> verifiers;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes add_measurement. Anybody may, and pays its rent.
struct ExecuteAddMeasurement {
    static constexpr InstructionKind kKind = InstructionKind::execute_add_measurement;
    template <class A>
    struct Accounts {
        WritableSigner<A> payer;
        Writable<A> proposal;
        Writable<A> measurement;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes revoke_measurement or revoke_enclave, without a time lock. Anybody may.
struct ExecuteRevoke {
    static constexpr InstructionKind kKind = InstructionKind::execute_revoke;
    template <class A>
    struct Accounts {
        Writable<A> proposal;
        Writable<A> entry;  // The measurement or the enclave.
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes pay_chat. Anybody may.
struct ExecutePayChat {
    static constexpr InstructionKind kKind = InstructionKind::execute_pay_chat;
    template <class A>
    struct Accounts {
        Readonly<A> config;
        Writable<A> proposal;
        Writable<A> treasury_vault;
        Writable<A> destination;  // A token account.
        Readonly<A> mint;
        Readonly<A> token_program;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes pay_lamports. Anybody may.
struct ExecutePayLamports {
    static constexpr InstructionKind kKind = InstructionKind::execute_pay_lamports;
    template <class A>
    struct Accounts {
        Writable<A> config;
        Writable<A> proposal;
        Writable<A> destination;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes upgrade. The upgrade authority of the program and of the buffer has to be the config
/// account, which writes no buffer: whoever votes sees what it will be.
struct ExecuteUpgrade {
    static constexpr InstructionKind kKind = InstructionKind::execute_upgrade;
    template <class A>
    struct Accounts {
        Readonly<A> config;
        Writable<A> proposal;
        Writable<A> program_data;
        Writable<A> program;
        Writable<A> buffer;
        Writable<A> spill;
        Readonly<A> rent_sysvar;
        Readonly<A> clock_sysvar;
        Readonly<A> loader;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Executes set_upgrade_authority.
struct ExecuteUpgradeAuthority {
    static constexpr InstructionKind kKind = InstructionKind::execute_upgrade_authority;
    template <class A>
    struct Accounts {
        Readonly<A> config;
        Writable<A> proposal;
        Writable<A> program_data;
        Readonly<A> new_authority;
        Readonly<A> loader;
    };
    struct Data {
        InstructionHeader header;
    };
};

}  // namespace chatmcp::program
