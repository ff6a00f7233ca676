#include "base/errc.h"

namespace chatmcp {

// One line for each code.  NOLINTNEXTLINE(readability-function-size)
std::string_view errc_name(Errc code) {
    switch (code) {
        case Errc::malformed:
            return "malformed";
        case Errc::too_large:
            return "too_large";
        case Errc::trailing_bytes:
            return "trailing_bytes";
        case Errc::not_canonical:
            return "not_canonical";
        case Errc::unsupported_version:
            return "unsupported_version";
        case Errc::unsupported:
            return "unsupported";
        case Errc::invalid_argument:
            return "invalid_argument";
        case Errc::bad_signature:
            return "bad_signature";
        case Errc::bad_mac:
            return "bad_mac";
        case Errc::cannot_open:
            return "cannot_open";
        case Errc::replayed:
            return "replayed";
        case Errc::too_far_ahead:
            return "too_far_ahead";
        case Errc::wrong_group:
            return "wrong_group";
        case Errc::stale_epoch:
            return "stale_epoch";
        case Errc::future_epoch:
            return "future_epoch";
        case Errc::invalid_tree:
            return "invalid_tree";
        case Errc::invalid_proposals:
            return "invalid_proposals";
        case Errc::unknown_proposal:
            return "unknown_proposal";
        case Errc::not_member:
            return "not_member";
        case Errc::pending_commit:
            return "pending_commit";
        case Errc::untrusted_identity:
            return "untrusted_identity";
        case Errc::refused_by_policy:
            return "refused_by_policy";
        case Errc::expired:
            return "expired";
        case Errc::not_yet_valid:
            return "not_yet_valid";
        case Errc::wrong_key:
            return "wrong_key";
        case Errc::wrong_domain:
            return "wrong_domain";
        case Errc::wrong_purpose:
            return "wrong_purpose";
        case Errc::simulated_refused:
            return "simulated_refused";
        case Errc::unauthenticated:
            return "unauthenticated";
        case Errc::permission_denied:
            return "permission_denied";
        case Errc::not_found:
            return "not_found";
        case Errc::already_exists:
            return "already_exists";
        case Errc::conflict:
            return "conflict";
        case Errc::rate_limited:
            return "rate_limited";
        case Errc::resource_exhausted:
            return "resource_exhausted";
        case Errc::history_expired:
            return "history_expired";
        case Errc::pass_required:
            return "pass_required";
        case Errc::deadline_exceeded:
            return "deadline_exceeded";
        case Errc::unavailable:
            return "unavailable";
        case Errc::cancelled:
            return "cancelled";
        case Errc::equivocation:
            return "equivocation";
        case Errc::storage:
            return "storage";
        case Errc::storage_corrupt:
            return "storage_corrupt";
        case Errc::wrong_passphrase:
            return "wrong_passphrase";
        case Errc::io:
            return "io";
        case Errc::internal:
            return "internal";
    }
    return "unknown";
}

}  // namespace chatmcp
