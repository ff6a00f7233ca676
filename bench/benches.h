#pragma once

#include "bench/support.h"

namespace chatmcp::bench {

// What dev/bench calls. Each prints nothing but returns its raw figures; dev/bench judges them.
// Durations are milliseconds unless a name says otherwise.

/// Two clients with homes on disk: --url, --folder, --messages. An fdatasync is measured before
/// each message, so that disk and messages see the same machine.
[[nodiscard]] Json measure_latency(const Arguments& arguments);
/// --senders clients with homes in memory, so that the disk is the node's: --url, --messages each.
/// Prints "ready" and waits for a line once all have their conversation.
[[nodiscard]] Json measure_throughput(const Arguments& arguments);
/// A conversation in two homes, --first and --second: --url, --messages, --texts FILE (one line a
/// message; without it the texts are made up),
/// --derivation usual or cheap (of the homes' keys).
[[nodiscard]] Json fill_homes(const Arguments& arguments);
/// The shortest request of all, over one connection: --url, --count.
[[nodiscard]] Json measure_round_trip(const Arguments& arguments);

/// A relay over RocksDB in this process: --folder, --threads, --messages in all.
[[nodiscard]] Json measure_relay(const Arguments& arguments);
/// --folder, --count.
[[nodiscard]] Json measure_disk(const Arguments& arguments);
/// One derivation with a new home's parameters.
[[nodiscard]] Json measure_key_derivation(const Arguments& arguments);

// Of the MLS library, in microseconds, each operation beside the bare AWS-LC calls that it needs at
// least (mls_floor.h), measured in turn: {"NAME": {"ours": ..., "floor": ...}}. --suite: its
// number.

/// Messages of 100 bytes and empty commits in a group of --members, whose tree is filled: --rounds;
/// what they allocate and write.
[[nodiscard]] Json measure_mls(const Arguments& arguments);
/// The same with --folder: both members' state in SQLite files there.
[[nodiscard]] Json measure_mls_on_disk(const Arguments& arguments);
/// A group of --members made with one commit and Welcome, and joined: --rounds, --threads 1 or 2.
[[nodiscard]] Json measure_mls_creation(const Arguments& arguments);
/// Bytes of memory of a group of --members that was loaded, and of its tree when serialised.
[[nodiscard]] Json measure_mls_memory(const Arguments& arguments);

// Of the attestation library, in microseconds, on evidence of the corpus: --rounds.

/// Each kind, or --only one, from bytes to claims, in turn with the bare AWS-LC calls for its
/// signatures (attest_floor.h), on one thread and on two: {"NAME": {"one_thread": {"ours": ...,
/// "floor": ...}, "two_threads": ..., "allocations": ...}}.
[[nodiscard]] Json measure_attest(const Arguments& arguments);
/// A quote with its TCB info and QE identity, no signature checked: {"bytes", "us"}.
[[nodiscard]] Json measure_attest_parse(const Arguments& arguments);

/// Transactions built out of an instruction and signed, the addresses of an instruction found, and
/// the node's check of a stamp, each in turn with one bare Ed25519 signature, in microseconds:
/// --rounds; {"build_and_sign": {"NAME": {"ours", "floor"}}, "find_stake_addresses",
/// "stamp_check"}.
[[nodiscard]] Json measure_chain(const Arguments& arguments);

/// The prompts of a receipt, run again in this process: --model, --receipt, --context, --rounds.
[[nodiscard]] Json measure_engine(const Arguments& arguments);

}  // namespace chatmcp::bench
