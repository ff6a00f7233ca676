// Event logs of firmware: those of the corpus, beside the quotes that they belong to, and logs of
// the tests' own.

#include "attest/event_log.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "attest/dcap_quote.h"
#include "attest/event_description.h"
#include "base/encoding.h"
#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

using Registers = std::map<std::uint8_t, Bytes>;

Bytes load(const std::string& path) {
    return to_bytes(as_bytes(testing::load_text("evidence/" + path)));
}

Registers registers_of(const std::string& path, TpmHash bank) {
    return tpm_pcrs_of_json(as_text(load(path))).value().at(bank);
}

std::string numbers_of(const std::map<std::uint8_t, ReplayResult>& results, ReplayResult wanted) {
    std::string out;
    for (const auto& [number, result] : results) {
        out += result == wanted ? (out.empty() ? "" : " ") + std::to_string(number) : "";
    }
    return out;
}

/// One line for each event: register, type, what was measured; between them whether that is proven,
/// its value is, or nothing.
std::vector<std::string> lines_of(const EventLog& log, LogRegisters registers) {
    std::vector<std::string> out;
    for (const LogEvent& event : log.events) {
        const EventDescription text = describe(event, registers);
        const char* const proof = text.proof == EventProof::all     ? " = "
                                  : text.proof == EventProof::value ? " - "
                                                                    : " ~ ";
        out.push_back(text.register_name + " " + text.type + proof + text.measured);
    }
    return out;
}

// ---- Logs of the corpus ----

struct Found {
    std::string name;
    Bytes log;
    TpmHash bank;
    Registers quoted;
};

/// Each log with the registers of a quote, one entry for each bank.
std::vector<Found> all_found() {
    const std::string tdx = "tdx/google-cos-v4-uptodate-2025-07/";
    const Bytes quote = load(tdx + "quote.bin");
    const TdReport td = *DcapQuote::read(quote).value().td();
    Registers rtmrs;
    for (std::uint8_t i = 0; i < 4; ++i) {
        rtmrs[static_cast<std::uint8_t>(i + 1)] = to_bytes(td.rtmr[i]);
    }
    const std::string gce = "tpm/gce-cos85-no-nonce/";
    const std::string windows = "tpm/gcp-shielded-vm-windows-sha1/";
    const Bytes agile = load(gce + "eventlog.bin");
    return {
        {"tdx", load(tdx + "ccel_data.bin"), TpmHash::sha384, rtmrs},
        {"sha1", agile, TpmHash::sha1, registers_of(gce + "pcrs_sha1.json", TpmHash::sha1)},
        {"sha256", agile, TpmHash::sha256, registers_of(gce + "pcrs.json", TpmHash::sha256)},
        {"sha384", agile, TpmHash::sha384, registers_of(gce + "pcrs_sha384.json", TpmHash::sha384)},
        {"windows",
         load(windows + "eventlog.bin"),
         TpmHash::sha1,
         registers_of(windows + "pcrs.json", TpmHash::sha1)},
    };
}

// RTMR3 is of nobody's in this machine, and PCR 10 is the kernel's own log's, which is not here.
TEST(EventLog, EveryLogReplaysToTheRegistersOfItsQuote) {
    const std::map<std::string, std::string> explained = {
        {"tdx", "1 2 3"},
        {"sha1", "0 1 2 3 4 5 6 7 8 9"},
        {"sha256", "0 1 2 3 4 5 6 7 8 9"},
        {"sha384", "0 1 2 3 4 5 6 7 8 9"},
        {"windows", "0 4 5 7 11 12 13 14"},
    };
    for (const Found& each : all_found()) {
        SCOPED_TRACE(each.name);
        const auto log = EventLog::read(each.log);
        ASSERT_TRUE(log.has_value()) << log.error().check;
        EXPECT_EQ(log->crypto_agile, each.name != "windows");
        const auto results = explain_registers(*log, each.bank, each.quoted);
        EXPECT_EQ(numbers_of(results, ReplayResult::explained), explained.at(each.name));
        EXPECT_EQ(numbers_of(results, ReplayResult::contradicts), "");
        const bool gce = each.name.starts_with("sha");
        EXPECT_EQ(numbers_of(results, ReplayResult::not_in_log), gce ? "10" : "");
        EXPECT_EQ(results.size(), each.quoted.size());
    }
}

TEST(EventLog, LogsHaveTheBanksOfTheirHeader) {
    const auto found = all_found();
    const EventLog tdx = EventLog::read(found[0].log).value();
    EXPECT_EQ(tdx.banks, std::vector{TpmHash::sha384});
    EXPECT_EQ(tdx.events.size(), 43u);
    EXPECT_EQ(tdx.replay(TpmHash::sha256), Registers());
    const EventLog gce = EventLog::read(found[1].log).value();
    EXPECT_EQ(gce.banks, (std::vector{TpmHash::sha1, TpmHash::sha256, TpmHash::sha384}));
    // The log of another machine.
    const auto mixed = explain_registers(gce, TpmHash::sha384, found[0].quoted);
    EXPECT_EQ(numbers_of(mixed, ReplayResult::explained), "");
    EXPECT_EQ(numbers_of(mixed, ReplayResult::contradicts), "1 2 3 4");
    const auto other_bank = explain_registers(tdx, TpmHash::sha256, found[2].quoted);
    EXPECT_EQ(numbers_of(other_bank, ReplayResult::explained), "");
}

TEST(EventLog, EventsOfATrustDomainAreDescribed) {
    const auto found = all_found();
    const EventLog log = EventLog::read(found[0].log).value();
    const auto lines = lines_of(log, LogRegisters::tdx);
    const std::vector<std::string> expected = {
        "RTMR0 EV_EFI_HANDOFF_TABLES2 ~ table TdxTable",
        "RTMR0 EV_EFI_PLATFORM_FIRMWARE_BLOB2 ~ firmware Fv(48DB5E17-707C-472D-91CD-1613E7EF51B0)",
        "RTMR0 EV_EFI_VARIABLE_DRIVER_CONFIG = variable SecureBoot of UEFI = 00",
        "RTMR0 EV_EFI_VARIABLE_DRIVER_CONFIG = variable PK of UEFI, 1097 bytes",
        "RTMR0 EV_SEPARATOR = end of the firmware's part",
        "RTMR0 EV_PLATFORM_CONFIG_FLAGS ~ ACPI DATA",
        "RTMR0 EV_EFI_VARIABLE_BOOT - variable BootOrder of UEFI = 01000000",
        "RTMR1 EV_EFI_ACTION = Calling EFI Application from Boot Option",
        "RTMR0 EV_EFI_VARIABLE_AUTHORITY = variable SbatLevel of shim = \"sbat,1,2021030218 \"",
        "RTMR2 EV_IPL ~ /efi/boot/grub.cfg",
        "RTMR2 EV_IPL - grub_cmd: [ 1 -lt 0 ]",
        "RTMR1 EV_EFI_ACTION = Exit Boot Services Returned with Success",
    };
    for (const std::string& line : expected) {
        EXPECT_GT(std::ranges::count(lines, line), 0) << line;
    }
}

TEST(EventLog, EventsOfATpmAreDescribed) {
    const auto found = all_found();
    const auto lines = lines_of(EventLog::read(found[1].log).value(), LogRegisters::tpm);
    const std::vector<std::string> expected = {
        "PCR 0 EV_S_CRTM_VERSION = firmware version \"GCE Virtual Firmware v1\"",
        "PCR 0 EV_NONHOST_INFO = GCE NonHostInfo",
        "PCR 7 EV_EFI_VARIABLE_DRIVER_CONFIG = variable SecureBoot of UEFI = 01",
        "PCR 7 EV_EFI_VARIABLE_AUTHORITY = variable db of UEFI image security, 1057 bytes",
        "PCR 9 EV_IPL ~ /syslinux/vmlinuz.A",
    };
    for (const std::string& line : expected) {
        EXPECT_GT(std::ranges::count(lines, line), 0) << line;
    }
    const auto starts = [&](const std::string& start) {
        return std::ranges::count_if(
            lines, [&](const std::string& line) { return line.starts_with(start); });
    };
    EXPECT_EQ(starts("PCR 1 EV_EFI_VARIABLE_BOOT - variable Boot0001 of UEFI: \"UEFI nvme_card-pd"
                     "\" at PciRoot(0x0)/Pci(0x4,0x0)/"),
              1);
    EXPECT_EQ(
        starts("PCR 4 EV_EFI_BOOT_SERVICES_APPLICATION ~ image PciRoot(0x0)/Pci(0x4,0x0)/"
               "NVMe(0x1)/HD(12,22849e7a-91c5-3049-85e7-78145a9107cd)/\\EFI\\BOOT\\BOOTX64.EFI"),
        1);
    EXPECT_EQ(starts("PCR 5 EV_EFI_GPT_EVENT = partitions of disk "), 1);
    const auto windows = lines_of(EventLog::read(found[4].log).value(), LogRegisters::tpm);
    EXPECT_EQ(std::ranges::count(windows, "PCR 12 EV_EVENT_TAG = tagged event 0x40010001"), 2);
    EXPECT_EQ(std::ranges::count(windows, "PCR 14 EV_SEPARATOR = WBCL"), 1);
}

// A bit that leaves every register explained is one of an event's type or data, which the digest
// of that event does not cover: what the event then says is called unproven.
TEST(EventLog, AFlippedBitIsSeenInARegisterOrProvesNothing) {
    constexpr int kFlips = 500;
    int flips = 0;
    for (Found& each : all_found()) {
        SCOPED_TRACE(each.name);
        const EventLog before = EventLog::read(each.log).value();
        const auto results = explain_registers(before, each.bank, each.quoted);
        const std::string explained = numbers_of(results, ReplayResult::explained);
        const std::size_t used = std::min<std::size_t>(each.log.size(), 18'101);
        testing::SeededRandom random(11);
        for (int i = 0; i < kFlips; ++i, ++flips) {
            Bytes log = each.log;
            const std::size_t position = random.below(used);
            log[position] ^= static_cast<std::uint8_t>(1u << random.below(8));
            const auto after = EventLog::read(log);
            if (!after.has_value() || numbers_of(explain_registers(*after, each.bank, each.quoted),
                                                 ReplayResult::explained) != explained) {
                continue;
            }
            ASSERT_EQ(after->events.size(), before.events.size());
            for (std::size_t k = 0; k < after->events.size(); ++k) {
                if (!equal(after->events[k].data, before.events[k].data)) {
                    EXPECT_FALSE(data_is_measured(after->events[k])) << position;
                }
            }
        }
    }
    EXPECT_EQ(flips, 5 * kFlips);
}

// ---- Logs of our own ----

class OwnLog : public ::testing::Test {
  protected:
    static Bytes number(std::uint64_t value, std::size_t size_bytes) {
        Bytes out;
        for (std::size_t i = 0; i < size_bytes; ++i) {
            out.push_back(static_cast<std::uint8_t>((value >> (8 * i)) & 0xff));
        }
        return out;
    }
    /// The header's data: SHA-256 and SM3.
    static Bytes spec_id() {
        return concat({as_bytes(std::string_view("Spec ID Event03\0", 16)),
                       number(0, 4),
                       Bytes{0, 2, 0, 2},
                       number(2, 4),
                       number(0x000b, 2),
                       number(32, 2),
                       number(0x0012, 2),
                       number(32, 2),
                       Bytes{3, 'a', 'b', 'c'}});
    }
    static Bytes sha1_event(std::uint32_t pcr, std::uint32_t type, ByteView data) {
        return concat(
            {number(pcr, 4), number(type, 4), Bytes(20, 0), number(data.size(), 4), data});
    }
    static Bytes event(std::uint32_t pcr, std::uint32_t type, ByteView data) {
        return concat({number(pcr, 4),
                       number(type, 4),
                       number(2, 4),
                       number(0x000b, 2),
                       crypto::sha256(data),
                       number(0x0012, 2),
                       Bytes(32, 0x5a),
                       number(data.size(), 4),
                       data});
    }
    static std::string check_of(const Bytes& log) {
        const auto read = EventLog::read(log);
        return read.has_value() ? "read" : read.error().check;
    }
    /// Of a log with one event, after an edit.
    static std::string with_event(const std::function<void(Bytes&)>& edit) {
        Bytes one = event(4, 0x0d, as_bytes("loader"));
        edit(one);
        return check_of(concat({sha1_event(0, 3, spec_id()), one}));
    }
    static std::string with_spec_id(const std::function<void(Bytes&)>& edit) {
        Bytes data = spec_id();
        edit(data);
        return check_of(concat({sha1_event(0, 3, data), event(4, 0x0d, as_bytes("loader"))}));
    }
};

TEST_F(OwnLog, HashFunctionsThatAreNotKnownArePassedOver) {
    const Bytes bytes = concat({sha1_event(0, 3, spec_id()),
                                event(4, 0x0d, as_bytes("loader")),
                                event(4, 0x0d, as_bytes("kernel"))});
    const EventLog log = EventLog::read(bytes).value();
    EXPECT_EQ(log.banks, std::vector{TpmHash::sha256});
    const auto first = crypto::sha256({Bytes(32, 0), crypto::sha256(as_bytes("loader"))});
    const auto second = crypto::sha256({first, crypto::sha256(as_bytes("kernel"))});
    EXPECT_EQ(log.replay(TpmHash::sha256), (Registers{{4, to_bytes(second)}}));
    // Zeros and ones after it are empty space.
    for (const std::uint8_t filling : {std::uint8_t{0x00}, std::uint8_t{0xff}}) {
        Bytes padded = bytes;
        padded.resize(bytes.size() + 1000, filling);
        EXPECT_EQ(EventLog::read(padded).value().events.size(), 2u);
    }
}

TEST_F(OwnLog, TheFirstRegisterStartsWithTheLocality) {
    Bytes locality = to_bytes(as_bytes(std::string_view("StartupLocality\0", 16)));
    locality.push_back(3);
    const Bytes bytes = concat(
        {sha1_event(0, 3, spec_id()), event(0, 3, locality), event(0, 8, as_bytes("firmware"))});
    const EventLog log = EventLog::read(bytes).value();
    EXPECT_EQ(log.startup_locality, 3);
    Bytes start(32, 0);
    start.back() = 3;
    const auto expected = crypto::sha256({start, crypto::sha256(as_bytes("firmware"))});
    EXPECT_EQ(log.replay(TpmHash::sha256), (Registers{{0, to_bytes(expected)}}));
}

TEST_F(OwnLog, RegistersWithoutEventsAreUntouchedOrUnexplained) {
    const Bytes bytes = concat({sha1_event(0, 3, spec_id()), event(4, 0x0d, as_bytes("loader"))});
    const EventLog log = EventLog::read(bytes).value();
    const Registers quoted = {{4, log.replay(TpmHash::sha256).at(4)},
                              {5, Bytes(32, 0)},
                              {6, Bytes(32, 1)},
                              {17, Bytes(32, 0xff)},
                              {18, Bytes(32, 0)}};
    const auto results = explain_registers(log, TpmHash::sha256, quoted);
    EXPECT_EQ(numbers_of(results, ReplayResult::explained), "4");
    EXPECT_EQ(numbers_of(results, ReplayResult::untouched), "5 17");
    EXPECT_EQ(numbers_of(results, ReplayResult::not_in_log), "6 18");
}

TEST_F(OwnLog, ALogHasALimit) {
    EXPECT_EQ(check_of(Bytes(kEventLogMaxBytes + 1, 0)), "ATT-260");
    Bytes many;
    for (std::size_t i = 0; i <= kEventLogEventsMax; ++i) {
        append(many, sha1_event(1, 1, {}));
    }
    EXPECT_EQ(check_of(many), "ATT-260");
    many.resize(many.size() - 32);
    EXPECT_EQ(check_of(many), "read");
}

TEST_F(OwnLog, EventsAreWhole) {
    EXPECT_EQ(check_of({}), "ATT-261");
    EXPECT_EQ(with_event([](Bytes&) {}), "read");
    const std::size_t size = event(4, 0x0d, as_bytes("loader")).size();
    for (std::size_t cut = 1; cut < size; ++cut) {
        EXPECT_EQ(with_event([=](Bytes& one) { one.resize(size - cut); }), "ATT-261") << cut;
    }
    EXPECT_EQ(with_event([](Bytes& one) { one.push_back(1); }), "ATT-261");
    EXPECT_EQ(with_event([](Bytes& one) { one[one.size() - 7] = 0xff; }), "ATT-261");
    const Bytes legacy = sha1_event(4, 0x0d, as_bytes("loader"));
    EXPECT_EQ(check_of(legacy), "read");
    EXPECT_EQ(check_of(Bytes(legacy.begin(), legacy.end() - 1)), "ATT-261");
}

TEST_F(OwnLog, AHeaderNamesItsHashFunctions) {
    EXPECT_EQ(with_spec_id([](Bytes&) {}), "read");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[15] = 'x'; }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data.resize(20); }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data.resize(30); }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[24] = 0; }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[24] = 17; }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[30] = 33; }), "ATT-262");  // SHA-256's size.
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[34] = 65; }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data[32] = 0x0b; }), "ATT-262");  // Twice.
    EXPECT_EQ(with_spec_id([](Bytes& data) { data.pop_back(); }), "ATT-262");
    EXPECT_EQ(with_spec_id([](Bytes& data) { data.resize(36); }), "ATT-262");
}

TEST_F(OwnLog, EventsHaveADigestOfEachHashFunction) {
    EXPECT_EQ(with_event([](Bytes& one) { one[8] = 1; }), "ATT-263");
    EXPECT_EQ(with_event([](Bytes& one) { one[8] = 3; }), "ATT-263");
    EXPECT_EQ(with_event([](Bytes& one) { one[12] = 0x0c; }), "ATT-263");
    EXPECT_EQ(with_event([](Bytes& one) { one[46] = 0x0b; }), "ATT-263");  // Twice.
}

TEST_F(OwnLog, RegistersAreThoseThatPlatformsHave) {
    EXPECT_EQ(with_event([](Bytes& one) { one[0] = 31; }), "read");
    EXPECT_EQ(with_event([](Bytes& one) { one[0] = 32; }), "ATT-264");
    EXPECT_EQ(with_event([](Bytes& one) { one[3] = 0xff; }), "ATT-264");
    // What measures nothing may be outside of them.
    EXPECT_EQ(with_event([](Bytes& one) { one[3] = 0xff, one[4] = 3; }), "read");
}

TEST_F(OwnLog, WhatExtendsNothingProvesNothing) {
    const Bytes bytes = concat({sha1_event(0, 3, spec_id()),
                                event(4, 0x03, as_bytes("loader")),
                                event(4, 0x0d, as_bytes("loader"))});
    // Of SM3 nothing is known here, so that its digest is not looked at.
    const EventLog log = EventLog::read(bytes).value();
    EXPECT_EQ(describe(log.events[0], LogRegisters::tpm).proof, EventProof::nothing);
    EXPECT_EQ(describe(log.events[1], LogRegisters::tpm).proof, EventProof::all);
}

TEST_F(OwnLog, DescriptionsAreShortAndPrintable) {
    const std::string_view hostile("\x1b[31mred\n\xff", 10);
    LogEvent ipl{.register_number = 4, .type = EventType::nonhost_info, .digests = {}, .data = {}};
    ipl.data = as_bytes(hostile);
    const EventDescription text = describe(ipl, LogRegisters::tpm);
    EXPECT_EQ(text.measured, "?[31mred ?");
    EXPECT_EQ(text.proof, EventProof::nothing);
    const Bytes large(100'000, 'x');
    ipl.data = large;
    EXPECT_EQ(describe(ipl, LogRegisters::tpm).measured.size(), kEventTextMaxBytes);
    EXPECT_EQ(event_type_name(static_cast<EventType>(0x12345)), "0x12345");
    EXPECT_EQ(register_name(0, LogRegisters::tdx), "MRTD");
    EXPECT_EQ(register_name(4, LogRegisters::tdx), "RTMR3");
    EXPECT_EQ(register_name(5, LogRegisters::tdx), "MR 5");
    EXPECT_EQ(register_name(4, LogRegisters::tpm), "PCR 4");
}

}  // namespace
}  // namespace chatmcp::attest
