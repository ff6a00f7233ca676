#include "cli/exit_code.h"

namespace chatmcp::cli {

ExitCode exit_code(Errc code) {
    switch (code) {
        case Errc::malformed:
        case Errc::too_large:
        case Errc::trailing_bytes:
        case Errc::not_canonical:
        case Errc::unsupported_version:
        case Errc::unsupported:
        case Errc::invalid_argument:
            return ExitCode::unusable_input;
        case Errc::unavailable:
        case Errc::deadline_exceeded:
            return ExitCode::unreachable;
        case Errc::storage:
        case Errc::storage_corrupt:
        case Errc::wrong_passphrase:
        case Errc::io:
        case Errc::internal:
            return ExitCode::local_failure;
        default:
            return ExitCode::refused;
    }
}

const char* advice(Errc code) {
    switch (code) {
        case Errc::malformed:
        case Errc::trailing_bytes:
        case Errc::not_canonical:
            return "damaged, cut short or of another kind; give the original";
        case Errc::too_large:
            return "larger than anything of this kind; give the original";
        case Errc::unsupported_version:
            return "written by a newer program; update this one";
        case Errc::unavailable:
        case Errc::deadline_exceeded:
            return "is the relay running, and is --node right?";
        case Errc::wrong_passphrase:
            return "try the passphrase again; it cannot be recovered";
        case Errc::storage_corrupt:
            return "restore the home folder from a copy, or make a new device with login";
        case Errc::storage:
        case Errc::io:
            return "check the disk and the permissions of the home folder";
        case Errc::resource_exhausted:
            return "the relay is full or busy; what was begun waits here and goes on with the next "
                   "command";
        case Errc::rate_limited:
            return "too often; wait a while and try again";
        case Errc::simulated_refused:
        case Errc::refused_by_policy:
            return "your trust policy does not allow this; see `chatmcp policy show`";
        case Errc::not_found:
            return "check the id or address";
        case Errc::expired:
            return "it has run out; renew it";
        case Errc::pass_required:
            return "a stamp is wanted; see `chatmcp stamp list`";
        case Errc::history_expired:
            return "the relay no longer keeps messages that old";
        case Errc::unauthenticated:
            return "run `chatmcp login` again";
        default:
            return "see docs/CHECKS.md for the rule";
    }
}

}  // namespace chatmcp::cli
