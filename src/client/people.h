#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "mls/group.h"

namespace chatmcp::client {

/// Who is in a group.
struct People {
    std::set<std::string, std::less<>> accounts;
    std::optional<mls::LeafView> agent;
    std::size_t own_rank = 0;            // Persons before this device, by leaf index.
    std::optional<UnixMs> first_expiry;  // Of the other persons' delegations.
};
/// Cost: reads the credential of every member; Step::people() does it once for each epoch.
[[nodiscard]] Result<People> people_of(const mls::GroupView& view);

/// People of a group, as long as it stands in the epoch that has this authenticator.
struct KnownPeople {
    Bytes epoch_authenticator;
    People people;
};

}  // namespace chatmcp::client
