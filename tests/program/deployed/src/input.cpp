#include "input.h"

namespace deployed {
namespace {

// The loader leaves this much behind every account's data, for it to grow.
constexpr u64 kGrowthBytes = 10'240;
constexpr u8 kNotDuplicate = 0xff;

class Reader {
  public:
    explicit Reader(const u8* at) : at_(at) {}

    template <class T>
    T take() {
        const T value = *reinterpret_cast<const T*>(at_);
        at_ += sizeof(T);
        return value;
    }
    const u8* skip(u64 size_bytes) {
        const u8* begin = at_;
        at_ += size_bytes;
        return begin;
    }
    void align() { at_ = reinterpret_cast<const u8*>((reinterpret_cast<u64>(at_) + 7) & ~7ul); }

  private:
    const u8* at_;
};

void read_account(Reader& reader, AccountInfo& account) {
    account.is_signer = reader.take<u8>() != 0;
    account.is_writable = reader.take<u8>() != 0;
    account.executable = reader.take<u8>() != 0;
    reader.skip(4);
    account.key = reader.skip(kKeyBytes);
    account.owner = reader.skip(kKeyBytes);
    account.lamports = reinterpret_cast<u64*>(const_cast<u8*>(reader.skip(8)));
    account.data_bytes = reader.take<u64>();
    account.data = const_cast<u8*>(reader.skip(account.data_bytes + kGrowthBytes));
    reader.align();
    account.rent_epoch = reader.take<u64>();
}

}  // namespace

bool read_input(const u8* bytes, Input& input) {
    Reader reader(bytes);
    input.accounts_count = reader.take<u64>();
    if (input.accounts_count > kAccountsMax) {
        return false;
    }
    for (u64 i = 0; i < input.accounts_count; ++i) {
        const u8 duplicate = reader.take<u8>();
        if (duplicate == kNotDuplicate) {
            read_account(reader, input.accounts[i]);
        } else {
            reader.skip(7);
            input.accounts[i] = input.accounts[duplicate];
        }
    }
    input.data_bytes = reader.take<u64>();
    input.data = reader.skip(input.data_bytes);
    input.program_id = reader.skip(kKeyBytes);
    return true;
}

}  // namespace deployed
