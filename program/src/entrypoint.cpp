// Where the machine begins: reads the input, finds the instruction, checks what is the same for all
// of them, and runs it.

#include "instruction.h"

namespace chatmcp::program {
namespace {

// Bytes of one element of an instruction's tail, 0 for one that has none.
template <class Data>
constexpr uint64_t tail_element_bytes() {
    if constexpr (requires { typename Data::Tail; }) {
        return sizeof(typename Data::Tail);
    } else {
        return 0;
    }
}

// Where the header's reserved bytes begin, in bits; they go on to its end.
constexpr uint64_t kReservedShift = 8 * __builtin_offsetof(InstructionHeader, reserved);
static_assert(sizeof(InstructionHeader) == sizeof(uint64_t));

template <class Data>
Error check_data(const Input& input) {
    constexpr uint64_t kTail = tail_element_bytes<Data>();
    if constexpr (kTail == 0) {
        CHATMCP_REQUIRE(input.data_bytes == sizeof(Data), data_length);
    } else {
        CHATMCP_REQUIRE(
            input.data_bytes >= sizeof(Data) && (input.data_bytes - sizeof(Data)) % kTail == 0,
            data_length);
    }
    // As one number: every instruction pays for this.
    const uint64_t header = *reinterpret_cast<const uint64_t*>(input.data);
    CHATMCP_REQUIRE(header >> kReservedShift == 0, reserved_not_zero);
    return Error::none;
}

// The accounts in the order of the struct: each has to sign, be writable and be given once, as its
// slot says.
template <uint64_t count, class Accounts>
Error bind(Input& input, Accounts& accounts) {
    CHATMCP_REQUIRE(input.accounts_count == count, accounts_count);
    Error refused = Error::none;
    uint64_t i = 0;
    for_each_slot<count>(accounts, [&]<class S>(S& slot) {
        AccountInfo& account = input.accounts[i];
        if constexpr (!S::kMayRepeat) {
            if ((input.repeated >> i & 1) != 0) {
                refused = Error::duplicate_account;
            }
        }
        if constexpr (S::kSigner) {
            if (!account.signer) {
                refused = Error::missing_signer;
            }
        }
        if constexpr (S::kWritable) {
            if (!account.writable) {
                refused = Error::not_writable;
            }
        }
        slot.value = &account;
        ++i;
    });
    return refused;
}

template <class Instruction>
Error run(Input& input) {
    CHATMCP_CHECKED(check_data<typename Instruction::Data>(input));
    AccountsOf<Instruction> accounts;
    CHATMCP_CHECKED(bind<kAccountsCount<Instruction::template Accounts>>(input, accounts));
    const auto& data = *reinterpret_cast<const typename Instruction::Data*>(input.data);
    const Context context{*input.program, input.data + sizeof data, input.data_bytes - sizeof data};
    return execute(accounts, data, context);
}

template <class... Instructions>
Error run_one_of(Input& input) {
    CHATMCP_REQUIRE(input.data_bytes != 0, data_length);
    const auto kind = static_cast<InstructionKind>(input.data[0]);
    Error result = Error::unknown_instruction;
    static_cast<void>(
        ((kind == Instructions::kKind && (result = run<Instructions>(input), true)) || ...));
    return result;
}

Error run_input(const uint8_t* bytes) {
    Input input;
    CHATMCP_CHECKED(read_input(bytes, input));
    // The instructions that most people pay for come first.
    return run_one_of<StampLock,
                      StampAccept,
                      StampReject,
                      StampReclaim,
                      AddStake,
                      RequestUnstake,
                      Withdraw,
                      Buy,
                      VerifyReceipt,
                      AnchorReceipts,
                      AnchorLog,
                      AnchorGrant,
                      CloseGrant,
                      EnclaveRegister,
                      EnclaveRevoke,
                      CastVote,
                      ReleaseVote,
                      Propose,
                      CancelProposal,
                      CloseProposal,
                      ExecuteConfig,
                      ExecuteVerifiers,
                      ExecuteAddMeasurement,
                      ExecuteRevoke,
                      ExecutePayChat,
                      ExecutePayLamports,
                      ExecuteUpgrade,
                      ExecuteUpgradeAuthority,
                      Pause,
                      Initialize,
                      CreateMint>(input);
}

}  // namespace
}  // namespace chatmcp::program

extern "C" uint64_t entrypoint(const uint8_t* input) {
    return static_cast<uint64_t>(chatmcp::program::run_input(input));
}
