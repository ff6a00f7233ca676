#pragma once

#include "base/clock.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "relay/inbox_usage.h"
#include "relay/limits.h"
#include "relay/relay.h"
#include "store/store.h"

namespace chatmcp::relay {

/// What the parts of one relay share; each part keeps a reference.
struct Context {
    store::Store& store;
    const crypto::SigningKey& key;
    const Clock& clock;
    crypto::Random& random;
    const RelayOptions& options;
    RateLimiter& limiter;
    InboxUsage& inbox_usage;
};

}  // namespace chatmcp::relay
