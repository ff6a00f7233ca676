#include "attest/event_description.h"

#include <algorithm>
#include <array>
#include <optional>

#include "attest/little_endian.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

struct NamedType {
    EventType type;
    std::string_view name;
};
constexpr std::array<NamedType, 36> kTypes = {{
    {EventType::preboot_cert, "EV_PREBOOT_CERT"},
    {EventType::post_code, "EV_POST_CODE"},
    {EventType::no_action, "EV_NO_ACTION"},
    {EventType::separator, "EV_SEPARATOR"},
    {EventType::action, "EV_ACTION"},
    {EventType::event_tag, "EV_EVENT_TAG"},
    {EventType::s_crtm_contents, "EV_S_CRTM_CONTENTS"},
    {EventType::s_crtm_version, "EV_S_CRTM_VERSION"},
    {EventType::cpu_microcode, "EV_CPU_MICROCODE"},
    {EventType::platform_config_flags, "EV_PLATFORM_CONFIG_FLAGS"},
    {EventType::table_of_devices, "EV_TABLE_OF_DEVICES"},
    {EventType::compact_hash, "EV_COMPACT_HASH"},
    {EventType::ipl, "EV_IPL"},
    {EventType::ipl_partition_data, "EV_IPL_PARTITION_DATA"},
    {EventType::nonhost_code, "EV_NONHOST_CODE"},
    {EventType::nonhost_config, "EV_NONHOST_CONFIG"},
    {EventType::nonhost_info, "EV_NONHOST_INFO"},
    {EventType::omit_boot_device_events, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {EventType::post_code2, "EV_POST_CODE2"},
    {EventType::efi_variable_driver_config, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {EventType::efi_variable_boot, "EV_EFI_VARIABLE_BOOT"},
    {EventType::efi_boot_services_application, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {EventType::efi_boot_services_driver, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {EventType::efi_runtime_services_driver, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {EventType::efi_gpt_event, "EV_EFI_GPT_EVENT"},
    {EventType::efi_action, "EV_EFI_ACTION"},
    {EventType::efi_platform_firmware_blob, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {EventType::efi_handoff_tables, "EV_EFI_HANDOFF_TABLES"},
    {EventType::efi_platform_firmware_blob2, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {EventType::efi_handoff_tables2, "EV_EFI_HANDOFF_TABLES2"},
    {EventType::efi_variable_boot2, "EV_EFI_VARIABLE_BOOT2"},
    {EventType::efi_gpt_event2, "EV_EFI_GPT_EVENT2"},
    {EventType::efi_hcrtm_event, "EV_EFI_HCRTM_EVENT"},
    {EventType::efi_variable_authority, "EV_EFI_VARIABLE_AUTHORITY"},
    {EventType::efi_spdm_firmware_blob, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {EventType::efi_spdm_firmware_config, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
}};

// ---- Parts of texts ----

bool is_printable(std::uint32_t character) {
    return character >= 0x20 && character < 0x7f;
}

/// Text of one byte a character, up to a zero; a line's end becomes a space, and what else is not
/// printable a question mark.
std::string plain_text(ByteView bytes) {
    std::string out;
    for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kEventTextMaxBytes))) {
        if (byte == 0) {
            break;
        }
        const char other = byte == '\n' ? ' ' : '?';
        out += is_printable(byte) ? static_cast<char>(byte) : other;
    }
    return out;
}

/// The same of UTF-16, little-endian.
std::string wide_text(ByteView bytes) {
    constexpr unsigned kByteBits = 8;
    std::string out;
    for (std::size_t i = 0; i + 1 < bytes.size() && out.size() < kEventTextMaxBytes; i += 2) {
        const auto character = static_cast<std::uint32_t>(bytes[i] | bytes[i + 1] << kByteBits);
        if (character == 0) {
            break;
        }
        out += is_printable(character) ? static_cast<char>(character) : '?';
    }
    return out;
}

/// Nothing but text, with or without zeros at the end.
bool is_plain_text(ByteView bytes) {
    const auto end = std::ranges::find(bytes, std::uint8_t{0});
    return end != bytes.begin() &&
           std::all_of(bytes.begin(),
                       end,
                       [](std::uint8_t byte) { return is_printable(byte) || byte == '\n'; }) &&
           std::all_of(end, bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string hexadecimal(std::uint64_t value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    constexpr unsigned kDigitBits = 4;
    std::string digits;
    do {
        digits.insert(digits.begin(), kDigits[value & 0xf]);
        value >>= kDigitBits;
    } while (value != 0);
    return "0x" + digits;
}

/// A GUID as UEFI writes it: the first three parts are little-endian.
std::string guid_text(const ByteArray<16>& guid) {
    constexpr std::array<std::size_t, 16> kOrder = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    std::string out;
    for (std::size_t i = 0; i < kOrder.size(); ++i) {
        out += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        out += to_hex(ByteView(guid).subspan(kOrder[i], 1));
    }
    return out;
}

// ---- Device paths ----

/// One node: type and subtype, and what follows them. Spec: UEFI section 10.3.
struct Node {
    std::uint8_t type = 0;
    std::uint8_t subtype = 0;
    ByteView data;

    [[nodiscard]] bool is(std::uint8_t of_type, std::uint8_t of_subtype) const {
        return type == of_type && subtype == of_subtype;
    }
};

Result<Node> read_node(LittleEndianReader& reader) {
    constexpr std::size_t kHeaderBytes = 4;
    Node out;
    CHATMCP_TRY(const ByteView kind, reader.bytes(2));
    CHATMCP_TRY(const std::uint16_t size, reader.u16());
    out.type = kind[0];
    out.subtype = kind[1];
    CHATMCP_TRY(out.data, reader.bytes(size < kHeaderBytes ? 0 : size - kHeaderBytes));
    return out;
}

/// A name and numbers, `Name(0x1,0x0)`. `sizes`: of each number, in bytes.
std::string numbers_text(std::string_view name,
                         ByteView data,
                         std::initializer_list<std::size_t> sizes) {
    constexpr unsigned kByteBits = 8;
    LittleEndianReader reader(data);
    std::string out(name);
    out += "(";
    for (const std::size_t size : sizes) {
        const auto bytes = reader.bytes(size);
        std::uint64_t value = 0;
        for (std::size_t i = size; bytes.has_value() && i-- > 0;) {
            value = (value << kByteBits) | (*bytes)[i];
        }
        out += (out.ends_with('(') ? "" : ",") + hexadecimal(value);
    }
    return out + ")";
}

/// `HD(12,GPT,<GUID>)`: partition, start, size, signature and its type.
Result<std::string> partition_text(ByteView data) {
    constexpr std::size_t kStartAndSizeBytes = 16;
    LittleEndianReader reader(data);
    CHATMCP_TRY(const std::uint32_t number, reader.u32());
    CHATMCP_TRY_VOID(reader.bytes(kStartAndSizeBytes));
    CHATMCP_TRY(const auto signature, reader.array<16>());
    return "HD(" + to_decimal(number) + "," + guid_text(signature) + ")";
}

std::string node_text(const Node& node) {
    constexpr std::uint32_t kPciRoot = 0x0a0341d0;  // PNP0A03
    constexpr std::size_t kGuidBytes = 16;
    if (node.is(0x01, 0x01) && node.data.size() == 2) {
        // The function stands before the device, and is written after it.
        return numbers_text("Pci", Bytes{node.data[1], node.data[0]}, {1, 1});
    }
    if (node.is(0x02, 0x01)) {
        LittleEndianReader reader(node.data);
        const auto id = reader.u32();
        return id.has_value() && *id == kPciRoot ? numbers_text("PciRoot", reader.rest(), {4})
                                                 : numbers_text("Acpi", node.data, {4, 4});
    }
    if (node.is(0x03, 0x02)) {
        return numbers_text("Scsi", node.data, {2, 2});
    }
    if (node.is(0x03, 0x17)) {
        return numbers_text("NVMe", node.data, {4});
    }
    if (node.is(0x04, 0x01)) {
        return partition_text(node.data).value_or("HD()");
    }
    if (node.is(0x04, 0x04)) {
        return wide_text(node.data);
    }
    if (node.is(0x04, 0x08)) {
        return numbers_text(
            "Offset", node.data.subspan(std::min<std::size_t>(4, node.data.size())), {8, 8});
    }
    const bool file = node.is(0x04, 0x06);
    if ((file || node.is(0x04, 0x07)) && node.data.size() == kGuidBytes) {
        return (file ? "FvFile(" : "Fv(") + guid_text(to_array<kGuidBytes>(node.data)) + ")";
    }
    return "Path(" + to_decimal(node.type) + "," + to_decimal(node.subtype) + ")";
}

std::string path_text(ByteView path) {
    constexpr std::uint8_t kEnd = 0x7f;
    LittleEndianReader reader(path);
    std::string out;
    while (out.size() < kEventTextMaxBytes) {
        const auto node = read_node(reader);
        if (!node.has_value() || node->type == kEnd) {
            break;
        }
        out += (out.empty() ? "" : "/") + node_text(*node);
    }
    return out;
}

// ---- Data of events ----

struct NamedGuid {
    std::string_view guid;
    std::string_view name;
};
constexpr std::array<NamedGuid, 3> kVariableOwners = {{
    {"8be4df61-93ca-11d2-aa0d-00e098032b8c", "UEFI"},
    {"d719b2cb-3d3a-4596-a3bc-dad00e67656f", "UEFI image security"},
    {"605dab50-e046-4300-abb6-3dd810dd8b23", "shim"},
}};

/// What Boot0001 and so on are: a name and where it is. Spec: UEFI section 3.1.3.
Result<std::string> load_option_text(ByteView data) {
    LittleEndianReader reader(data);
    CHATMCP_TRY_VOID(reader.u32());  // Attributes.
    CHATMCP_TRY(const std::uint16_t path_bytes, reader.u16());
    const std::string name = wide_text(reader.rest());
    const std::size_t name_bytes = 2 * (name.size() + 1);
    CHATMCP_TRY_VOID(reader.bytes(name_bytes));
    CHATMCP_TRY(const ByteView path, reader.bytes(static_cast<std::size_t>(path_bytes)));
    return "\"" + name + "\" at " + path_text(path);
}

bool is_load_option(std::string_view name) {
    constexpr std::size_t kNameBytes = 8;  // "Boot0001"
    return name.starts_with("Boot") && name.size() == kNameBytes &&
           std::ranges::all_of(name.substr(4), [](char digit) {
               return (digit >= '0' && digit <= '9') || (digit >= 'A' && digit <= 'F');
           });
}

/// UEFI_VARIABLE_DATA.
struct Variable {
    ByteArray<16> owner{};
    ByteView name;  // UTF-16
    ByteView value;
};

/// Owner, length of the name, length of the value, name, value.
Result<Variable> read_variable(ByteView data) {
    constexpr std::size_t kCharacterBytes = 2;
    LittleEndianReader reader(data);
    Variable out;
    CHATMCP_TRY(out.owner, reader.array<16>());
    CHATMCP_TRY(const std::uint64_t characters, reader.u64());
    CHATMCP_TRY(const std::uint64_t value_bytes, reader.u64());
    if (characters > reader.rest().size() || value_bytes > reader.rest().size()) {
        return fail(Errc::malformed, "ATT-56");
    }
    CHATMCP_TRY(out.name, reader.bytes(kCharacterBytes * static_cast<std::size_t>(characters)));
    CHATMCP_TRY(out.value, reader.bytes(static_cast<std::size_t>(value_bytes)));
    return out;
}

Result<std::string> variable_text(ByteView data) {
    constexpr std::size_t kShortValueBytes = 8;
    CHATMCP_TRY(const Variable variable, read_variable(data));
    const ByteView value = variable.value;
    const std::string guid = guid_text(variable.owner);
    const auto known = std::ranges::find(kVariableOwners, guid, &NamedGuid::guid);
    const std::string name = wide_text(variable.name);
    std::string out = "variable " + name + " of " +
                      (known == kVariableOwners.end() ? guid : std::string(known->name));
    if (is_load_option(name)) {
        CHATMCP_TRY(const std::string option, load_option_text(value));
        return out + ": " + option;
    }
    if (value.empty()) {
        return out + ", empty";
    }
    if (is_plain_text(value)) {
        return out + " = \"" + plain_text(value) + "\"";
    }
    return out + (value.size() <= kShortValueBytes ? " = " + to_hex(value)
                                                   : ", " + to_decimal(value.size()) + " bytes");
}

/// UEFI_IMAGE_LOAD_EVENT: address, size, address it was linked for, length of the path, path.
Result<std::string> image_text(ByteView data) {
    constexpr std::size_t kAddressesBytes = 24;
    LittleEndianReader reader(data);
    CHATMCP_TRY_VOID(reader.bytes(kAddressesBytes));
    CHATMCP_TRY(const std::uint64_t path_bytes, reader.u64());
    if (path_bytes > reader.rest().size()) {
        return fail(Errc::malformed, "ATT-56");
    }
    CHATMCP_TRY(const ByteView path, reader.bytes(static_cast<std::size_t>(path_bytes)));
    return path.empty() ? std::string("image") : "image " + path_text(path);
}

/// UEFI_GPT_DATA: the disk's header, the number of partitions, an entry of each.
Result<std::string> partitions_text(ByteView data) {
    constexpr std::size_t kBeforeDisk = 56;
    constexpr std::size_t kAfterDisk = 20;
    constexpr std::size_t kEntryBytes = 128;
    constexpr std::size_t kNameAt = 56;
    LittleEndianReader reader(data);
    CHATMCP_TRY_VOID(reader.bytes(kBeforeDisk));
    CHATMCP_TRY(const auto disk, reader.array<16>());
    CHATMCP_TRY_VOID(reader.bytes(kAfterDisk));
    CHATMCP_TRY(const std::uint64_t count, reader.u64());
    std::string out = "partitions of disk " + guid_text(disk) + ":";
    for (std::uint64_t i = 0; i < count && out.size() < kEventTextMaxBytes; ++i) {
        CHATMCP_TRY(const ByteView entry, reader.bytes(kEntryBytes));
        out += (i == 0 ? " " : ", ") + wide_text(entry.subspan(kNameAt));
    }
    return out;
}

/// A text with its length in one byte, of firmware and tables. Spec: UEFI_PLATFORM_FIRMWARE_BLOB2.
Result<std::string> named_text(std::string_view what, ByteView data) {
    LittleEndianReader reader(data);
    CHATMCP_TRY(const ByteView size, reader.bytes(1));
    CHATMCP_TRY(const ByteView name, reader.bytes(size.front()));
    return std::string(what) + " " + plain_text(name);
}

/// TCG_PCClientTaggedEvent, as Windows writes it: a number and a length.
Result<std::string> tagged_text(ByteView data) {
    LittleEndianReader reader(data);
    CHATMCP_TRY(const std::uint32_t tag, reader.u32());
    return "tagged event " + hexadecimal(tag);
}

std::string separator_text(ByteView data) {
    constexpr std::size_t kBytes = 4;
    const auto all = [&](std::uint8_t value) {
        return data.size() == kBytes &&
               std::ranges::all_of(data, [=](std::uint8_t byte) { return byte == value; });
    };
    if (all(0x00) || all(0xff)) {
        return "end of the firmware's part";
    }
    return is_plain_text(data) ? plain_text(data) : "an error of the firmware";
}

Result<std::string> measured_text(const LogEvent& event) {
    switch (event.type) {
        case EventType::separator:
            return separator_text(event.data);
        case EventType::s_crtm_version:
            return "firmware version \"" + wide_text(event.data) + "\"";
        case EventType::efi_variable_driver_config:
        case EventType::efi_variable_boot:
        case EventType::efi_variable_boot2:
        case EventType::efi_variable_authority:
            return variable_text(event.data);
        case EventType::efi_boot_services_application:
        case EventType::efi_boot_services_driver:
        case EventType::efi_runtime_services_driver:
            return image_text(event.data);
        case EventType::efi_gpt_event:
        case EventType::efi_gpt_event2:
            return partitions_text(event.data);
        case EventType::efi_platform_firmware_blob2:
            return named_text("firmware", event.data);
        case EventType::efi_handoff_tables2:
            return named_text("table", event.data);
        case EventType::event_tag:
            return tagged_text(event.data);
        case EventType::nonhost_info:
        case EventType::no_action:
            return plain_text(event.data);
        default:
            return is_plain_text(event.data) ? plain_text(event.data) : std::string();
    }
}

/// What stands behind the label of an event: GRUB measures a command without its label and the
/// zero after it, firmware the value of a boot variable without its name.
ByteView value_of(const LogEvent& event) {
    if (event.type == EventType::efi_variable_boot) {
        const auto variable = read_variable(event.data);
        return variable.has_value() ? variable->value : ByteView();
    }
    for (const std::string_view label : {"grub_cmd: ", "kernel_cmdline: "}) {
        const std::string_view text = as_text(event.data);
        if (event.type == EventType::ipl && text.starts_with(label) && text.ends_with('\0')) {
            return event.data.subspan(label.size(), text.size() - label.size() - 1);
        }
    }
    return {};
}

EventProof proof_of(const LogEvent& event) {
    if (data_is_measured(event)) {
        return EventProof::all;
    }
    LogEvent value = event;
    value.data = value_of(event);
    return !value.data.empty() && data_is_measured(value) ? EventProof::value : EventProof::nothing;
}

}  // namespace

std::string event_type_name(EventType type) {
    const auto known = std::ranges::find(kTypes, type, &NamedType::type);
    return known == kTypes.end() ? hexadecimal(static_cast<std::uint32_t>(type))
                                 : std::string(known->name);
}

std::string register_name(std::uint32_t number, LogRegisters registers) {
    constexpr std::uint32_t kLastRtmr = 4;
    if (registers == LogRegisters::tdx && number <= kLastRtmr) {
        return number == 0 ? "MRTD" : "RTMR" + to_decimal(number - 1);
    }
    return (registers == LogRegisters::tdx ? "MR " : "PCR ") + to_decimal(number);
}

EventDescription describe(const LogEvent& event, LogRegisters registers) {
    EventDescription out{.register_name = register_name(event.register_number, registers),
                         .type = event_type_name(event.type),
                         .measured = measured_text(event).value_or(""),
                         .proof = proof_of(event)};
    if (out.measured.size() > kEventTextMaxBytes) {
        out.measured.resize(kEventTextMaxBytes);
    }
    return out;
}

}  // namespace chatmcp::attest
