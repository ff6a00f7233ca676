#pragma once

#include <string>

#include "base/result.h"
#include "net/connect_protocol.h"

namespace chatmcp::net {

/// The status that a peer sees for a refusal. Few on purpose: whoever is not authenticated must not
/// be able to tell a wrong key from a wrong signature or an unknown member.
[[nodiscard]] ConnectCode coarse_status(Errc code);

/// A refusal as the relay answers it: the coarse status, and a RefusalDetail. The exact code and
/// its row of docs/CHECKS.md stand in the detail where they say nothing about others' secrets (the
/// request's own form, the state of a topic to somebody who was admitted, limits), else the coarse
/// code alone.
[[nodiscard]] ConnectError refusal_of(const Error& error);

/// What the other side said, as far as it can be believed: it may say anything.
struct RemoteRefusal {
    Errc code = Errc::unavailable;
    std::string check;  // A row of docs/CHECKS.md by its form, or empty.
};
[[nodiscard]] RemoteRefusal remote_refusal_of(const ConnectError& error);

}  // namespace chatmcp::net
