#pragma once

#include "mls/group_state.h"

namespace chatmcp::mls {

/// A verified commit, bound to the one state that it fits.
struct IncomingState {
    GroupState* group;
    std::uint64_t version;
    NextEpoch next;
};

}  // namespace chatmcp::mls
