#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/key_value.h"
#include "base/result.h"
#include "client/command.h"
#include "client/effect.h"
#include "client/view.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "mls/environment.h"

namespace chatmcp::client {

/// Settings that are the program's, not the home's.
struct Options {
    /// Domains whose wallet texts this home accepts, its own included.
    std::vector<std::string> accepted_domains = {"terminal.chatmcp"};
    /// Of a new home. Less than the default is for tests only.
    crypto::ScryptParameters scrypt;
    /// Room for the Welcomes of one commit. Less than the default is for tests only.
    std::size_t welcomes_bytes_max = wire::kBundleMaxBytes - wire::kCommitMaxBytes;
    /// Threads for the signatures and secrets of many members; it outlives the client. Null: none.
    const mls::Parallel* parallel = nullptr;
};

/// One device's client: a state machine over one sealed home.
///
/// Every call takes an exclusive transaction over the home. After `step` returned a value the
/// caller commits, and only then carries the requests; after an error, or a commit that failed, it
/// drops the transaction, and the home is as it was. A step refuses by notices; its errors mean
/// that the home itself cannot be used.
///
/// Any number of processes may do so on one home at a time, each with its own Client object: what
/// an object remembers between calls is dropped when the home's state version is not the one that
/// it left. After a commit that failed the object is of no use either: make a new one. A process
/// may die between any two calls: the next Tick takes up what was pending.
///
/// Trust:  replies, envelopes and inbox items are whatever a relay sent; everything is checked
/// here.
class Client {
  public:
    /// Seal a new, empty home under a passphrase. Errors: already_exists (CLT-01).
    /// Cost:   scrypt.
    [[nodiscard]] static Result<void> create_home(Transaction& home,
                                                  ByteView passphrase,
                                                  const Options& options,
                                                  crypto::Random& random);
    /// Errors: not_found (CLT-02) no home here; wrong_passphrase (CLT-03); storage_corrupt (CLT-04)
    ///         its header does not parse; unsupported_version (CLT-05); invalid_argument (CLT-06)
    ///         key derivation parameters out of bounds.
    /// `random` outlives the Client. Cost: scrypt.
    [[nodiscard]] static Result<Client> open(Transaction& home,
                                             ByteView passphrase,
                                             const Options& options,
                                             crypto::Random& random);

    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    /// Errors: storage; storage_corrupt (CLT-07) a value that does not open or parse, or is
    ///         missing; what a command is refused at once for (CLT-..), before anything is written.
    [[nodiscard]] Result<Effects> step(Transaction& home, const Event& event);

    // ---- Queries. All may fail with storage and storage_corrupt; otherwise as said. ----

    [[nodiscard]] Result<std::optional<AccountView>> account(Transaction& home);
    [[nodiscard]] Result<StatusView> status(Transaction& home);

    /// Conversations without companions, in the order in which they came.
    [[nodiscard]] Result<std::vector<ChatSummary>> chats(Transaction& home);
    /// `text`: the id in hex or an unambiguous prefix of it (6 characters at least).
    /// Errors: not_found (CLT-10), invalid_argument (CLT-11) ambiguous or too short.
    [[nodiscard]] Result<ChatId> find_chat(Transaction& home, std::string_view text);
    /// Errors: not_found (CLT-10).
    [[nodiscard]] Result<ChatView> chat(Transaction& home, const ChatId& chat);
    /// The newest kEpochLogMax epochs, in their order. Errors: not_found (CLT-10).
    [[nodiscard]] Result<std::vector<EpochView>> epochs(Transaction& home, const ChatId& chat);
    /// Of a conversation that is broken or lost: as it was.
    [[nodiscard]] Result<std::vector<MemberView>> members(Transaction& home, const ChatId& chat);
    /// Messages with a position above `since`, in order, as far as the topic was read without a
    /// gap; then the own pending ones (position 0). Of a request: none.
    [[nodiscard]] Result<std::vector<MessageView>> messages(Transaction& home,
                                                            const ChatId& chat,
                                                            std::uint64_t since,
                                                            std::size_t limit);
    /// `text`: a message id in hex or an unambiguous prefix. Errors: not_found, invalid_argument.
    [[nodiscard]] Result<MessageView> find_message(Transaction& home,
                                                   const ChatId& chat,
                                                   std::string_view text);
    /// Counted as read by the user, for ChatSummary::unread.
    [[nodiscard]] Result<void> mark_read(Transaction& home,
                                         const ChatId& chat,
                                         std::uint64_t through);

    /// Errors: not_found (CLT-12).
    [[nodiscard]] Result<IntentView> intent(Transaction& home, IntentId id);
    [[nodiscard]] Result<std::vector<IntentView>> pending(Transaction& home);

    /// As FetchAssistants last found them.
    [[nodiscard]] Result<std::vector<AssistantView>> assistants(Transaction& home);
    /// Of the assistant that is announced in a conversation. Errors: not_found (CLT-13).
    [[nodiscard]] Result<AssistantReport> chat_assistant(Transaction& home,
                                                         const ChatId& chat,
                                                         UnixMs now);
    /// Of an assistant that was probed. Errors: not_found (CLT-13).
    [[nodiscard]] Result<AssistantReport> assistant_report(Transaction& home,
                                                           const wire::Ed25519Key& enclave_key,
                                                           UnixMs now);
    /// Errors: not_found (CLT-12).
    [[nodiscard]] Result<AskView> asked(Transaction& home, IntentId id);
    /// Errors: not_found (CLT-14) no answer with this id.
    [[nodiscard]] Result<ReceiptFile> receipt(Transaction& home,
                                              const ChatId& chat,
                                              const wire::MessageId& answer_post);

    [[nodiscard]] Result<StampSettingsView> stamp_settings(Transaction& home);
    /// The private key of our stamps: answers to them are signed with it. Errors: not_found
    /// (CLT-78) none was ever asked for.
    [[nodiscard]] Result<crypto::SigningKey> stamp_key(Transaction& home);
    [[nodiscard]] Result<std::vector<SentStamp>> sent_stamps(Transaction& home);
    [[nodiscard]] Result<std::vector<ReceivedStamp>> received_stamps(Transaction& home);
    /// What AskStampTerms came to; absent: every welcome is taken. Errors: not_found (CLT-12).
    [[nodiscard]] Result<std::optional<wire::StampTerms>> stamp_terms(Transaction& home,
                                                                      IntentId id);

    /// Payments that were begun and not said yet.
    [[nodiscard]] Result<std::vector<PaymentDraft>> payment_drafts(Transaction& home);

    /// The trust policy as it was set (JSON); absent: the one that refuses everything.
    [[nodiscard]] Result<std::optional<Bytes>> policy(Transaction& home);

    struct State;

  private:
    explicit Client(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace chatmcp::client
