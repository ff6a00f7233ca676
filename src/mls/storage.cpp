#include "mls/storage.h"

#include "base/check.h"
#include "base/secret.h"
#include "mls/extension.h"

namespace chatmcp::mls {
namespace {

wire::Writer start_key(ByteView group_id) {
    CHATMCP_CHECK(group_id.size() <= kGroupIdMaxBytes);
    wire::Writer writer;
    writer.reserve(group_id.size() + 32);
    writer.fixed(as_bytes("mls/"));
    writer.u8(static_cast<std::uint8_t>(group_id.size()));
    writer.fixed(group_id);
    return writer;
}

}  // namespace

Bytes group_prefix(ByteView group_id) {
    return start_key(group_id).take();
}

Bytes record_key(ByteView group_id, RecordKind kind) {
    wire::Writer writer = start_key(group_id);
    writer.u8(static_cast<std::uint8_t>(kind));
    return writer.take();
}

Bytes record_key(ByteView group_id, RecordKind kind, NodeIndex node) {
    wire::Writer writer = start_key(group_id);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u32(node.value);
    return writer.take();
}

Bytes record_key(ByteView group_id, RecordKind kind, ByteView rest) {
    wire::Writer writer = start_key(group_id);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.fixed(rest);
    return writer.take();
}

Bytes epoch_key(ByteView group_id, RecordKind kind, Epoch epoch) {
    wire::Writer writer = start_key(group_id);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u64(epoch.value);
    return writer.take();
}

Bytes epoch_key(ByteView group_id, RecordKind kind, Epoch epoch, std::uint32_t index) {
    wire::Writer writer = start_key(group_id);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u64(epoch.value);
    writer.u32(index);
    return writer.take();
}

Bytes key_package_key(ByteView reference) {
    return concat({as_bytes("mls-kp/"), reference});
}

Bytes used_welcome_key(ByteView digest) {
    return concat({as_bytes("mls-welcome/"), digest});
}

Bytes external_psk_key(ByteView psk_id) {
    return concat({as_bytes("mls-psk/"), psk_id});
}

Bytes component_psk_key(std::uint16_t component, ByteView psk_id) {
    wire::Writer writer;
    writer.fixed(as_bytes("mls-component-psk/"));
    writer.u16(component);
    writer.fixed(psk_id);
    return writer.take();
}

Result<void> put_secret(Transaction& transaction, ByteView key, wire::Writer&& writer) {
    Bytes value = writer.take();
    const auto written = transaction.put(key, value);
    wipe(value);
    return written;
}

Result<void> erase_prefix(Transaction& transaction, ByteView prefix) {
    constexpr std::size_t kPage = 256;
    while (true) {
        CHATMCP_TRY(const auto page, transaction.scan(prefix, {}, kPage));
        for (const KeyValuePair& pair : page) {
            CHATMCP_TRY_VOID(transaction.erase(pair.key));
        }
        if (page.size() < kPage) {
            return {};
        }
    }
}

}  // namespace chatmcp::mls
