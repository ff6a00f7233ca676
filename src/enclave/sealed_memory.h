#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/key_value.h"
#include "base/result.h"
#include "base/secret.h"
#include "tee/platform.h"
#include "tee/sealing.h"
#include "wire/frames.h"

namespace chatmcp::enclave {

/// All state of the enclave: in its memory while it runs, sealed with the host in between.
///
/// Trust:  the host may keep, lose, repeat or mix what it was given. A manifest over all records
///         travels with each batch, so it can give back one whole state, an old one perhaps, or
///         nothing: records of two states never meet (ENC-02). What an old state must not do is the
///         boot rule's affair (agent.h).
/// Wire:   names are HMAC-SHA-256 under a sealing key over the record's name; a value is
///         tee::Sealer's over { opaque name<V>; opaque value<V> }. The manifest, under the name
///         "manifest", is { uint64 records; opaque sum[32] }, the sum being the exclusive or of
///         HMAC-SHA-256(key, stored name || sealed value) over all records.
class SealedMemory {
  public:
    /// Empty. Errors: those of Platform::sealing_key.
    [[nodiscard]] static Result<SealedMemory> open(tee::Platform& platform);

    /// Take back what an earlier run sealed.
    ///
    /// Errors: storage_corrupt (ENC-02) not one whole state of this program on this machine.
    [[nodiscard]] Result<void> restore(const std::vector<wire::StoredState::Pair>& pairs);
    /// Names and values of all records, as they count against AgentLimits::state_bytes_max.
    [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

    /// The writes of one step, kept apart until they are applied. Dropped: nothing happened.
    class Step final : public Transaction {
      public:
        explicit Step(const SealedMemory& memory) : memory_(memory) {}
        ~Step() override;
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

        [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) override;
        [[nodiscard]] Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                                             ByteView after,
                                                             std::size_t limit) override;
        /// Errors of both: too_large (ENC-03) a key or value above Transaction's limits.
        [[nodiscard]] Result<void> put(ByteView key, ByteView value) override;
        [[nodiscard]] Result<void> erase(ByteView key) override;

      private:
        friend class SealedMemory;
        friend class Savepoint;
        using Changes = std::map<Bytes, std::optional<Bytes>, BytesLess>;
        static void wipe_all(Changes& changes);
        const SealedMemory& memory_;
        Changes changed_;
    };
    /// Where a step goes back to when a part of it is refused.
    class Savepoint {
      public:
        explicit Savepoint(Step& step) : step_(step), saved_(step.changed_) {}
        ~Savepoint() { Step::wipe_all(saved_); }
        Savepoint(const Savepoint&) = delete;
        Savepoint& operator=(const Savepoint&) = delete;
        void roll_back();

      private:
        Step& step_;
        Step::Changes saved_;
    };

    /// Make a step's writes the state; what comes back is for the host, one batch.
    [[nodiscard]] std::vector<wire::StoreBatch::Write> apply(Step& step, crypto::Random& random);

  private:
    struct Record {
        Bytes value;
        crypto::Sha256Digest tag{};  // Its part of the manifest's sum.
    };
    SealedMemory(tee::Sealer sealer, SecretBytes name_key)
        : sealer_(std::move(sealer)), name_key_(std::move(name_key)) {}

    [[nodiscard]] Bytes stored_name(ByteView key) const;
    [[nodiscard]] crypto::Sha256Digest tag_of(ByteView name, ByteView sealed) const;
    [[nodiscard]] Bytes manifest() const;

    tee::Sealer sealer_;
    SecretBytes name_key_;
    std::map<Bytes, Record, BytesLess> records_;
    crypto::Sha256Digest sum_{};
    std::size_t size_bytes_ = 0;
};

}  // namespace chatmcp::enclave
