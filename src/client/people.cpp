#include "client/people.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
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
        CHATMCP_CHECK(who.device.has_value());
        if (leaf.index < view.own_index()) {
            ++people.own_rank;
        }
        if (leaf.index != view.own_index()) {
            const UnixMs ends = who.device->delegation.not_after;
            people.first_expiry = std::min(people.first_expiry.value_or(ends), ends);
        }
        people.accounts.insert(std::move(who.account));
    }
    return people;
}

}  // namespace chatmcp::client
