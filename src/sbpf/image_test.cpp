#include "sbpf/image.h"

#include <algorithm>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sbpf/instruction_set.h"
#include "sbpf/object_test_support.h"
#include "sbpf/program_file.h"
#include "sbpf/system_calls.h"

namespace chatmcp::sbpf {
namespace {

/// A linked object with its symbols' final addresses.
class Linked {
  public:
    Linked(const std::string& name, Version version)
        : input_(load_object(name)),
          object(ElfObject::read(input_).value()),
          image(make_image(object, version, "entrypoint", place_).value()) {}

    /// Of the first defined symbol whose name contains `part`.
    [[nodiscard]] std::uint64_t address(std::string_view part) const {
        const auto& symbols = object.symbols();
        const auto found = std::ranges::find_if(symbols, [part](const Symbol& symbol) {
            return symbol.section != kIndexAbsolute && symbol.name.contains(part);
        });
        CHATMCP_CHECK(found != symbols.end());
        const auto section =
            std::ranges::find(image.placed, found->section, &PlacedSection::section);
        CHATMCP_CHECK(section != image.placed.end());
        return section->address + found->value;
    }
    [[nodiscard]] std::uint64_t word(std::uint64_t address) const {
        return number_at<std::uint64_t>(image.data, address - image.data_address);
    }
    [[nodiscard]] std::string_view text(std::uint64_t address) const {
        const std::string_view rest =
            as_text(ByteView(image.data).subspan(address - image.data_address));
        return rest.substr(0, rest.find('\0'));
    }
    [[nodiscard]] std::uint64_t loaded_number(std::uint64_t at) const {
        return number_at<std::uint32_t>(image.code, at + 4) |
               std::uint64_t{number_at<std::uint32_t>(image.code, at + kSlotBytes + 4)} << 32;
    }

  private:
    Bytes input_;
    Place place_;

  public:
    ElfObject object;
    Image image;
};

constexpr std::array kVersions{Version::v0, Version::v3};

TEST(Image, TablesOfFunctionsAndTextsPointToThem) {
    for (const Version version : kVersions) {
        const Linked linked("program", version);
        const std::uint64_t handlers = linked.address("kHandlers");
        EXPECT_EQ(linked.text(linked.word(handlers)), "twice");
        EXPECT_EQ(linked.word(handlers + 8), linked.address("5twice"));
        EXPECT_EQ(linked.text(linked.word(handlers + 16)), "thrice");
        EXPECT_EQ(linked.word(handlers + 24), linked.address("6thrice"));
        const std::uint64_t names = linked.address("kNames");
        EXPECT_EQ(linked.text(linked.word(names)), "alpha");
        EXPECT_EQ(linked.text(linked.word(names + 8)), "beta");
        EXPECT_EQ(linked.text(linked.word(names + 16)), "gamma");
        // The tables of virtual functions: two words, then the function.
        EXPECT_EQ(linked.word(linked.address("_ZTVN12_GLOBAL__N_16SquareE") + 16),
                  linked.address("Square7corners"));
        EXPECT_GE(linked.image.data_addresses.size(), 9u);
    }
}

TEST(Image, LoadsOfAddressesHaveThem) {
    for (const Version version : kVersions) {
        const Linked linked("program", version);
        const auto loads = [&](std::uint64_t address) {
            return std::ranges::any_of(linked.image.code_addresses, [&](std::uint64_t at) {
                return linked.loaded_number(at) == address;
            });
        };
        EXPECT_TRUE(loads(linked.address("kHandlers")));
        EXPECT_TRUE(loads(linked.address("kAligned")));
        EXPECT_TRUE(loads(linked.address("global_function")));
        EXPECT_EQ(linked.address("kAligned") % 64, 0u);
        EXPECT_EQ(linked.word(linked.address("kAligned") + 8), 12u);
    }
}

TEST(Image, CallsOfFunctionsAreRelativeAndSystemCallsHaveTheirNumber) {
    for (const Version version : kVersions) {
        const Linked linked("program", version);
        const Bytes& code = linked.image.code;
        std::size_t to_template = 0;
        std::size_t of_system = 0;
        for (std::size_t at = 0; at < code.size(); at += kSlotBytes) {
            if (code[at] == kLoadNumber) {
                at += kSlotBytes;
                continue;
            }
            if (code[at] != kCall) {
                continue;
            }
            if (code[at + 1] >> 4 == kCallSystem) {
                ++of_system;
                continue;
            }
            const auto distance = number_at<std::int32_t>(code, at + 4);
            const std::uint64_t target =
                linked.image.code_address + at + kSlotBytes +
                static_cast<std::uint64_t>(distance * static_cast<std::int64_t>(kSlotBytes));
            to_template += target == linked.address("scaledIm") ? 1u : 0u;
        }
        EXPECT_EQ(to_template, 1u);
        ASSERT_EQ(of_system, linked.image.system_calls.size());
        for (const SystemCall& call : linked.image.system_calls) {
            EXPECT_EQ(number_at<std::uint32_t>(code, call.offset + 4),
                      system_call_number(call.name));
        }
    }
}

TEST(Image, NothingOfAProgramIsAtAddressZero) {
    const Linked linked("null_first", Version::v3);
    EXPECT_EQ(linked.image.data_address, 0u);
    EXPECT_EQ(linked.address("first"), kNullGuardBytes);
    EXPECT_TRUE(std::ranges::all_of(ByteView(linked.image.data).first(kNullGuardBytes),
                                    [](std::uint8_t byte) { return byte == 0; }));
    EXPECT_EQ(Linked("code_alone", Version::v3).image.data, Bytes(kNullGuardBytes));
}

TEST(Image, AddressesOfV3AreTheTwoThatTheFormatHasAndOfV0OffsetsInTheFile) {
    const Linked v3("program", Version::v3);
    EXPECT_EQ(v3.image.code_address, std::uint64_t{1} << 32);
    const Linked v0("program", Version::v0);
    EXPECT_EQ(v0.image.code_address, 64u + 3 * 56);
    EXPECT_EQ(v0.image.data_address % 16, 0u);
    EXPECT_GE(v0.image.data_address, v0.image.code_address + v0.image.code.size());
}

TEST(Image, APlaceInTheCodeHasItsFunction) {
    const Linked linked("program", Version::v3);
    const Place place = place_in_code(linked.object, linked.image, linked.image.entry + 8);
    EXPECT_EQ(place.section, ".text");
    EXPECT_EQ(place.function, "entrypoint");
    EXPECT_EQ(place_in_code(linked.object, linked.image, std::uint64_t{1} << 20).section, "");
}

}  // namespace
}  // namespace chatmcp::sbpf
