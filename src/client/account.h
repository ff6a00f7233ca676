#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "client/step.h"

namespace chatmcp::client {

// This home's device: its root key, the wallet's one signature, its entry in the account's device
// log, its login at the relay and its key packages there.

/// Directory entries below which new ones are made, and how many there are then.
inline constexpr std::uint32_t kKeyPackagesLow = 10;
inline constexpr std::uint32_t kKeyPackagesTarget = 30;
inline constexpr std::int64_t kKeyPackageLifetimeAfterNowMs = 28 * kDayMs;

/// The device's root key and account. Errors: unauthenticated (CLT-09) before `login`.
struct Device {
    AccountRow row;
    crypto::SigningKey root;
    identity::WalletProof proof;
};
[[nodiscard]] Result<Device> device(Step& step);

/// A leaf of ours: a new leaf key, the credential that delegates it, the log head.
/// `group` empty: for a key package of the directory.
[[nodiscard]] Result<mls::LeafSetup> make_leaf(Step& step, const Device& device, ByteView group);
/// A key package for one group alone (Agreement::key_package).
[[nodiscard]] Result<Bytes> make_key_package_for(Step& step,
                                                 const Device& device,
                                                 const ChatId& group);

/// StartLogin. Errors: invalid_argument (CLT-18) another account than this home's.
[[nodiscard]] Result<void> start_login(Step& step, const StartLogin& command);
/// WalletSigned. Errors: not_found (CLT-09) nothing waits for a signature; bad_signature (CLT-18)
/// it
///         is not the wallet's over the text.
[[nodiscard]] Result<void> wallet_signed(Step& step, const WalletSigned& command);

[[nodiscard]] Result<void> progress_login(Step& step, IntentRow& intent);
/// Errors are the home's; what the relay refused is in the intent.
[[nodiscard]] Result<void> login_replied(Step& step,
                                         IntentRow& intent,
                                         const Task& task,
                                         const ReplyBody& reply);

// What requests need first. Nothing returned: it is being fetched, and the caller waits.
[[nodiscard]] Result<std::optional<wire::Ed25519Key>> relay_key(Step& step);
[[nodiscard]] Result<std::optional<Bytes>> challenge(Step& step);
[[nodiscard]] Result<std::optional<Bytes>> token(Step& step);

/// Refill the directory where it is low. Called while this client synchronises.
[[nodiscard]] Result<void> keep_key_packages(Step& step);
/// One of our packages was used.
[[nodiscard]] Result<void> key_package_used(Step& step);

/// Replies to the tasks relay_info, challenge, login and key_packages.
[[nodiscard]] Result<void> session_replied(Step& step,
                                           const Task& task,
                                           const Replied& event,
                                           const ReplyBody& reply);
/// The relay refused what we showed: forget it, so that it is fetched anew.
[[nodiscard]] Result<void> forget_session(Step& step, const Task& task);

}  // namespace chatmcp::client
