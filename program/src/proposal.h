#pragma once

#include "instruction.h"

namespace chatmcp::program {

/// The payload of a proposal's account, which is as long as its action has it (propose checks it).
template <class Payload>
const Payload& payload_of(const AccountInfo& account) {
    return *reinterpret_cast<const Payload*>(account.data + sizeof(Proposal));
}

/// A proposal for this action that may be executed now; it is marked as executed. What follows in
/// the same instruction may still refuse: then nothing of it has happened.
///
/// Errors: those of load, wrong_action, proposal_ended, too_early, not_passed.
Error take_for_execution(const AccountInfo& account,
                         const Key& program,
                         Action action,
                         Proposal*& proposal);

/// Whether nothing more can come of it: executed, cancelled, lapsed, or voted down.
bool has_ended(const Proposal& proposal, uint64_t slot);

}  // namespace chatmcp::program
