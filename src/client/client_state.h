#pragma once

#include "attest/roots.h"
#include "client/client.h"
#include "client/home.h"
#include "client/rules.h"
#include "client/sealed_store.h"
#include "client/step.h"
#include "client/trust.h"

namespace chatmcp::client {

/// What a Client is made of. Its address does not change: parts refer to each other.
struct Client::State {
    State(HomeKey key_in, const Options& options, crypto::Random& random_in)
        : key(std::move(key_in)),
          random(random_in),
          trust{options.accepted_domains, attest::Policy(), attest::builtin_roots()},
          leaf_trust(trust),
          environment{rules, leaf_trust, random, group_limits()} {
        environment.parallel = options.parallel;
        runtime.welcomes_bytes_max = options.welcomes_bytes_max;
    }

    HomeKey key;
    crypto::Random& random;
    TrustSettings trust;
    ConversationRules rules;
    ClientTrust leaf_trust;
    mls::Environment environment;
    Runtime runtime;
};

/// The trust policy as it is kept. One row, table "policy/".
struct PolicyRow {
    Bytes json;
    auto fields(this auto& self) { return std::tie(self.json); }
};

/// One look into a home, or one step on it: everything opened for one transaction.
class Opened {
  public:
    Opened(Transaction& below, Client::State& state, UnixMs now);
    /// Drop what is remembered of another state of the home, and load the settings.
    [[nodiscard]] Result<void> begin();

    SealedTransaction sealed;
    Home home;
    Effects effects;
    Step step;

  private:
    Client::State& state_;
};

}  // namespace chatmcp::client
