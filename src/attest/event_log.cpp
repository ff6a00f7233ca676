#include "attest/event_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "attest/little_endian.h"

namespace chatmcp::attest {
namespace {

constexpr std::size_t kBanksMax = 16;

std::unexpected<Error> ends_early() {
    return fail(Errc::malformed, "ATT-261");
}
std::unexpected<Error> no_header() {
    return fail(Errc::malformed, "ATT-262");
}

/// A hash function of the log, known here or not.
struct LogHash {
    std::uint16_t number = 0;
    std::uint16_t size_bytes = 0;
};

/// How many bytes at the end have this value.
std::size_t trailing(ByteView bytes, std::uint8_t value) {
    const auto last = std::find_if(
        bytes.rbegin(), bytes.rend(), [=](std::uint8_t byte) { return byte != value; });
    return static_cast<std::size_t>(last - bytes.rbegin());
}

// ---- Header ----

constexpr std::string_view kSpecId03("Spec ID Event03\0", 16);

/// TCG_EfiSpecIDEvent behind its signature: platform class, version and the hash functions.
Result<std::vector<LogHash>> read_spec_id(ByteView data) {
    constexpr std::size_t kClassAndVersionBytes = 8;
    LittleEndianReader reader(data);
    if (!reader.bytes(kSpecId03.size() + kClassAndVersionBytes).has_value()) {
        return no_header();
    }
    const auto count = reader.u32();
    if (!count.has_value() || *count == 0 || *count > kBanksMax) {
        return no_header();
    }
    std::vector<LogHash> out;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const auto number = reader.u16();
        const auto size = reader.u16();
        if (!number.has_value() || !size.has_value() || *size > crypto::kSha512Bytes) {
            return no_header();
        }
        const auto known = tpm_hash_of(*number);
        if (std::ranges::find(out, *number, &LogHash::number) != out.end() ||
            (known.has_value() && tpm_hash_bytes(*known) != *size)) {
            return no_header();
        }
        out.push_back({*number, *size});
    }
    // What the vendor has to say, its size in front.
    const auto vendor = reader.bytes(1);
    if (!vendor.has_value() || reader.rest().size() != vendor->front()) {
        return no_header();
    }
    return out;
}

// ---- Events ----

/// Reads one event after the other.
class Events {
  public:
    explicit Events(ByteView bytes)
        : reader_(bytes), empty_bytes_(std::max(trailing(bytes, 0x00), trailing(bytes, 0xff))) {}

    /// All of what follows is zeros or ones: the log's space is larger than the log.
    [[nodiscard]] bool at_end() const { return reader_.rest().size() <= empty_bytes_; }

    /// TCG_PCClientPCREvent: one digest, of SHA-1.
    Result<LogEvent> read_sha1() {
        CHATMCP_TRY(LogEvent out, read_start());
        const auto digest = reader_.bytes(crypto::kSha1Bytes);
        if (!digest.has_value()) {
            return ends_early();
        }
        out.digests.emplace(TpmHash::sha1, *digest);
        CHATMCP_TRY(out.data, read_data());
        return out;
    }

    /// TCG_PCR_EVENT2: a digest for each hash function of the header, in any order.
    Result<LogEvent> read_agile(const std::vector<LogHash>& hashes) {
        CHATMCP_TRY(LogEvent out, read_start());
        const auto count = reader_.u32();
        if (!count.has_value()) {
            return ends_early();
        }
        if (*count != hashes.size()) {
            return fail(Errc::invalid_argument, "ATT-263");
        }
        std::vector<std::uint16_t> seen;
        for (std::uint32_t i = 0; i < *count; ++i) {
            CHATMCP_TRY_VOID(read_digest(hashes, seen, out));
        }
        CHATMCP_TRY(out.data, read_data());
        return out;
    }

  private:
    Result<LogEvent> read_start() {
        LogEvent out;
        const auto number = reader_.u32();
        const auto type = reader_.u32();
        if (!number.has_value() || !type.has_value()) {
            return ends_early();
        }
        // Events that extend nothing may be outside of all registers.
        out.register_number = *number;
        out.type = static_cast<EventType>(*type);
        if (*number >= kEventLogRegistersMax && out.type != EventType::no_action) {
            return fail(Errc::malformed, "ATT-264");
        }
        return out;
    }

    Result<void> read_digest(const std::vector<LogHash>& hashes,
                             std::vector<std::uint16_t>& seen,
                             LogEvent& out) {
        const auto number = reader_.u16();
        if (!number.has_value()) {
            return ends_early();
        }
        const auto hash = std::ranges::find(hashes, *number, &LogHash::number);
        if (hash == hashes.end() || std::ranges::find(seen, *number) != seen.end()) {
            return fail(Errc::invalid_argument, "ATT-263");
        }
        seen.push_back(*number);
        const auto digest = reader_.bytes(hash->size_bytes);
        if (!digest.has_value()) {
            return ends_early();
        }
        if (const auto known = tpm_hash_of(*number); known.has_value()) {
            out.digests.emplace(*known, *digest);
        }
        return {};
    }

    Result<ByteView> read_data() {
        const auto size = reader_.u32();
        const auto data = size.has_value() ? reader_.bytes(*size) : Result<ByteView>(ends_early());
        if (!data.has_value()) {
            return ends_early();
        }
        return *data;
    }

    LittleEndianReader reader_;
    std::size_t empty_bytes_;
};

/// The first event of the crypto-agile format, which is of the other one; none for others.
Result<std::optional<std::vector<LogHash>>> read_header(Events& events) {
    const auto first = events.read_sha1();
    if (!first.has_value()) {
        return fail(first.error());
    }
    const std::string_view data = as_text(first->data);
    if (first->type != EventType::no_action || !data.starts_with("Spec ID Event")) {
        return std::optional<std::vector<LogHash>>();
    }
    if (!data.starts_with(kSpecId03)) {
        // "Spec ID Event00" and 02 stand in front of logs of SHA-1.
        return data.starts_with("Spec ID Event03") ? no_header()
                                                   : Result<std::optional<std::vector<LogHash>>>();
    }
    CHATMCP_TRY(std::vector<LogHash> hashes, read_spec_id(first->data));
    return std::optional(std::move(hashes));
}

/// The locality of the command that started the TPM, which PCR 0 then begins with.
/// Spec: TCG_EfiStartupLocalityEvent.
std::optional<std::uint8_t> startup_locality_of(const LogEvent& event) {
    constexpr std::string_view kSignature("StartupLocality\0", 16);
    if (event.type != EventType::no_action || event.register_number != 0 ||
        event.data.size() != kSignature.size() + 1 ||
        !as_text(event.data).starts_with(kSignature)) {
        return std::nullopt;
    }
    return event.data.back();
}

/// What the first event of a register extends.
Bytes start_value(std::uint32_t number, TpmHash bank, std::uint8_t startup_locality) {
    Bytes out(tpm_hash_bytes(bank), 0);
    if (number == 0) {
        out.back() = startup_locality;
    }
    return out;
}

/// The same of a register without events: those of a measured launch have ones until there is one.
Bytes untouched_value(std::uint8_t number, TpmHash bank, std::uint8_t startup_locality) {
    constexpr std::uint8_t kFirstOfLaunch = 17;
    constexpr std::uint8_t kLastOfLaunch = 22;
    return number >= kFirstOfLaunch && number <= kLastOfLaunch
               ? Bytes(tpm_hash_bytes(bank), 0xff)
               : start_value(number, bank, startup_locality);
}

}  // namespace

Result<EventLog> EventLog::read(ByteView bytes) {
    if (bytes.size() > kEventLogMaxBytes) {
        return fail(Errc::too_large, "ATT-260");
    }
    EventLog out;
    Events events(bytes);
    CHATMCP_TRY(const auto hashes, read_header(events));
    out.crypto_agile = hashes.has_value();
    if (hashes.has_value()) {
        for (const LogHash& hash : *hashes) {
            if (const auto known = tpm_hash_of(hash.number); known.has_value()) {
                out.banks.push_back(*known);
            }
        }
    } else {
        out.banks = {TpmHash::sha1};
        events = Events(bytes);
    }
    while (!events.at_end()) {
        if (out.events.size() == kEventLogEventsMax) {
            return fail(Errc::too_large, "ATT-260");
        }
        CHATMCP_TRY(LogEvent event,
                    hashes.has_value() ? events.read_agile(*hashes) : events.read_sha1());
        if (const auto locality = startup_locality_of(event); locality.has_value()) {
            out.startup_locality = *locality;
        }
        out.events.push_back(std::move(event));
    }
    return out;
}

std::map<std::uint8_t, Bytes> EventLog::replay(TpmHash bank) const {
    std::map<std::uint8_t, Bytes> out;
    for (const LogEvent& event : events) {
        const auto digest = event.digests.find(bank);
        if (event.type == EventType::no_action || digest == event.digests.end()) {
            continue;
        }
        const auto number = static_cast<std::uint8_t>(event.register_number);
        Bytes& value =
            out.try_emplace(number, start_value(number, bank, startup_locality)).first->second;
        value = tpm_digest(bank, {value, digest->second}).to_bytes();
    }
    return out;
}

bool data_is_measured(const LogEvent& event) {
    // An event that extends nothing can have the right digest, and no register would show it.
    return event.type != EventType::no_action && !event.digests.empty() &&
           std::ranges::all_of(event.digests, [&](const auto& each) {
               return equal(tpm_digest(each.first, {event.data}).view(), each.second);
           });
}

std::map<std::uint8_t, ReplayResult> explain_registers(
    const EventLog& log, TpmHash bank, const std::map<std::uint8_t, Bytes>& quoted) {
    const auto replayed = log.replay(bank);
    std::map<std::uint8_t, ReplayResult> out;
    for (const auto& [number, value] : quoted) {
        const auto found = replayed.find(number);
        if (found != replayed.end()) {
            out[number] =
                found->second == value ? ReplayResult::explained : ReplayResult::contradicts;
        } else {
            out[number] = value == untouched_value(number, bank, log.startup_locality)
                              ? ReplayResult::untouched
                              : ReplayResult::not_in_log;
        }
    }
    return out;
}

}  // namespace chatmcp::attest
