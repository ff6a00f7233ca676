#include "client/people.h"

#include <utility>

#include "client/rules.h"

namespace chatmcp::client {

Result<People> people_of(const mls::GroupView& view) {
    People people;
    for (const mls::LeafView& leaf : view.members()) {
        CHATMCP_TRY(LeafIdentity who, identity_of(leaf));
        if (who.agent) {
            people.agent = leaf;
            continue;
        }
        if (leaf.index < view.own_index()) {
            ++people.own_rank;
        }
        people.accounts.insert(std::move(who.account));
    }
    return people;
}

}  // namespace chatmcp::client
