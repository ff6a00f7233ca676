#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "wire/evidence.h"
#include "wire/tls.h"

namespace chatmcp::wire {

/// The one door between the untrusted host and the enclave: a byte stream of frames.
///
/// Wire:  uint32 length, then that many bytes: uint16 type and the structure of that type. Two
///        directions with a set of types each; a type of the other direction is refused.
/// Trust: the enclave believes nothing that comes through it; what the host sees is what the
///        structures below say, and nothing else leaves.
///
/// Order: frames are carried out in the order in which they arrive. The host makes a StoreBatch
///        durable before it looks at the next frame, so a RelayRequest that follows a batch is
///        never on its way before the batch is on disk. StoreDone says that it is.
///
/// Life:  the host sends all StoredState frames, then Start. The enclave answers Started, and until
///        it has an operator's credential it answers nothing else. Then RelayRequest, StoreBatch
///        and the rest in any order until Stop or the end of the stream, which both mean the same.

inline constexpr std::uint16_t kDoorVersion = 1;
inline constexpr std::size_t kFrameHeadBytes = 4;
/// Of a door's frame without its length. A store batch of one step is the largest thing.
inline constexpr std::size_t kDoorFrameMaxBytes = std::size_t{32} * 1024 * 1024;
inline constexpr std::size_t kStoreKeyMaxBytes = 512;
inline constexpr std::size_t kStoreValueMaxBytes = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t kStoreWritesMax = 65'536;
inline constexpr std::size_t kOperatorCredentialMaxBytes = 4096;
inline constexpr std::size_t kRelayTopicMaxBytes = 64;
inline constexpr std::size_t kRelayBodyMaxBytes = std::size_t{24} * 1024 * 1024;

// ---- Host to enclave ----

/// A part of the sealed state that an earlier run stored. Wire: StoredPair pairs<V>.
struct StoredState {
    struct Pair {
        Bytes key;    // opaque key<V>
        Bytes value;  // opaque value<V>, sealed
    };
    std::vector<Pair> pairs;
};
/// All stored state was sent; begin. Wire: uint16 version = 1; uint64 host_time_ms; opaque
/// relay_key[32]; opaque operator_credential<V> (empty: none yet).
struct Start {
    UnixMs host_time;  // The host's claim; never trusted to go backwards.
    ByteArray<crypto::kEd25519PublicBytes> relay_key{};
    Bytes operator_credential;
};
/// The operator's wallet signed for the enclave key. Wire: opaque credential<V>.
struct OperatorCredential {
    Bytes credential;
};
/// The answer to one RelayRequest. Wire: uint64 request; uint16 status (0: done, else Errc); opaque
/// body<V>.
struct RelayReply {
    std::uint64_t request = 0;
    std::uint16_t status = 0;
    Bytes body;
};
/// One message of a stream that a RelayRequest opened. Wire: uint64 request; opaque body<V>.
struct RelayPush {
    std::uint64_t request = 0;
    Bytes body;
};
/// A stream ended. Wire: uint64 request; uint16 status.
struct RelayEnd {
    std::uint64_t request = 0;
    std::uint16_t status = 0;
};
/// Time goes on. Wire: uint64 host_time_ms.
struct Tick {
    UnixMs host_time;
};
/// A batch is durable. Wire: uint64 sequence.
struct StoreDone {
    std::uint64_t sequence = 0;
};
/// Finish and leave. Wire: empty.
struct Stop {};

using HostFrame = std::variant<StoredState,
                               Start,
                               OperatorCredential,
                               RelayReply,
                               RelayPush,
                               RelayEnd,
                               Tick,
                               StoreDone,
                               Stop>;

// ---- Enclave to host ----

/// The first answer: who runs here. Wire: uint16 version = 1; opaque enclave_key[32]; opaque
/// measurement[32]; opaque configuration_digest[32]; uint8 has_credential.
struct Started {
    ByteArray<crypto::kEd25519PublicBytes> enclave_key{};
    crypto::Sha256Digest measurement{};
    crypto::Sha256Digest configuration_digest{};
    bool has_credential = false;  // Without one: chatmcp-host login.
};
/// Writes of one step, durable together or not at all. Sequences rise by one from 1 in each run.
/// Wire: uint64 sequence; { opaque key<V>; optional opaque value<V> } writes<V>.
struct StoreBatch {
    struct Write {
        Bytes key;
        std::optional<Bytes> value;  // Sealed; absent: erase.
    };
    std::uint64_t sequence = 0;
    std::vector<Write> writes;
};
/// A complete and signed request for the relay. Wire: uint64 request; uint16 method (the client
/// library's number); opaque topic<V> (what it is about, for counting; may be empty); opaque
/// body<V>.
struct RelayRequest {
    std::uint64_t request = 0;
    std::uint16_t method = 0;
    Bytes topic;
    Bytes body;
};
/// The answer or stream of that request is wanted no longer. Wire: uint64 request.
struct RelayCancel {
    std::uint64_t request = 0;
};
/// Something was refused or noted: a row of docs/CHECKS.md and how often since the last line about
/// it. No text of any other kind can leave this way.
/// Wire: uint8 severity; opaque check<V>; uint64 count.
struct LogLine {
    enum class Severity : std::uint8_t { note = 1, warning = 2, error = 3 };
    Severity severity = Severity::note;
    std::string check;
    std::uint64_t count = 1;
};
/// The last frame before the enclave leaves. Wire: opaque check<V> (empty: it was asked to).
struct Stopped {
    std::string check;
};

using EnclaveFrame = std::variant<Started, StoreBatch, RelayRequest, RelayCancel, LogLine, Stopped>;

/// One frame's bytes (type and structure, without the length) from the untrusted host.
///
/// Errors: WIRE-01..05; malformed (FRM-03) unknown type, (FRM-05) flag or severity out of range,
///         (FRM-06) no row of CHECKS, (FRM-09) a time that no clock
///         shows; unsupported_version (FRM-04); too_large (FRM-08) too many items.
[[nodiscard]] Result<HostFrame> decode_host_frame(ByteView payload);
/// The same from the enclave, which the host does not trust either.
[[nodiscard]] Result<EnclaveFrame> decode_enclave_frame(ByteView payload);

/// The frame with its length in front, ready for the stream. Precondition (checked): every field
/// within its bounds and the frame within kDoorFrameMaxBytes.
[[nodiscard]] Bytes encode_frame(const HostFrame& frame);
[[nodiscard]] Bytes encode_frame(const EnclaveFrame& frame);
/// Any payload with its length in front. Precondition (checked): 1..kDoorFrameMaxBytes bytes.
[[nodiscard]] Bytes with_length(ByteView payload);

/// "MLS-07": two to eight capital letters, a minus, one to four digits.
[[nodiscard]] bool is_check_id(std::string_view text);

/// Cuts a byte stream into frames. Holds what has arrived and no more: an announced length takes no
/// memory.
class FrameAssembler {
  public:
    explicit FrameAssembler(std::size_t frame_max_bytes = kDoorFrameMaxBytes)
        : frame_max_bytes_(frame_max_bytes) {}

    void push(ByteView received);
    /// The next whole frame without its length, or nothing yet. After an error the stream cannot be
    /// used any more: every later call fails the same way.
    ///
    /// Errors: malformed (FRM-01) an empty frame; too_large (FRM-02).
    [[nodiscard]] Result<std::optional<Bytes>> next();
    /// Errors: malformed (FRM-10) when the stream ended inside a frame.
    [[nodiscard]] Result<void> finish() const;

  private:
    std::size_t frame_max_bytes_;
    Bytes buffer_;
    std::size_t begin_ = 0;  // Bytes before it were handed out.
};

}  // namespace chatmcp::wire
