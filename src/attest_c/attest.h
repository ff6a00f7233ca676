/* The attestation verifier for programs in C, and for languages that call C. The verdict is the one
 * of `chatmcp attest verify`; docs/attestation.md explains the report.
 *
 * No function keeps state, writes anywhere or throws; calls from several threads at once are fine.
 * Nothing that is passed in has to outlive the call. Out of memory ends the process. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CHATMCP_NOEXCEPT noexcept
extern "C" {
#else
#define CHATMCP_NOEXCEPT
#endif

/* NOLINTBEGIN(readability-identifier-naming): names as C libraries have them. */

/* Bytes of the caller. `data` may be NULL where `size` is 0. */
typedef struct chatmcp_bytes {
    const uint8_t* data;
    size_t size;
} chatmcp_bytes;

/* A file by its name in its folder, UTF-8 up to a NUL. */
typedef struct chatmcp_file {
    const char* name;
    chatmcp_bytes content;
} chatmcp_file;

/* A longer nonce or report data, and a longer policy, is unusable (LIB-05). */
#define CHATMCP_ATTEST_VALUE_MAX_BYTES ((size_t)65536)
#define CHATMCP_ATTEST_POLICY_MAX_BYTES ((size_t)4194304)

/* Set all of it to zero first: what is zero is not given. */
typedef struct chatmcp_attest_input {
    /* Evidence and what lies beside it. One file without a name is told by its content alone. */
    const chatmcp_file* files;
    size_t files_count;
    /* NULL: found by content. Else one of the names in docs/attestation.md, for example "tdx". */
    const char* kind;
    /* Judge at this time, milliseconds since 1970. */
    int64_t at_ms;
    /* "strict", "production" or "development"; or, if NULL, the JSON of `policy` (docs/policy.md).
     * Neither: everything is refused. */
    const char* profile;
    chatmcp_bytes policy;
    /* What the evidence has to hold. Empty: not asked for. */
    chatmcp_bytes nonce;
    chatmcp_bytes report_data;
    /* In place of the makers' roots, by the names in docs/attestation.md. */
    const chatmcp_file* roots;
    size_t roots_count;
} chatmcp_attest_input;

typedef enum chatmcp_attest_verdict {
    CHATMCP_ATTEST_ACCEPTED = 0, /* Verified, and accepted by the policy. */
    CHATMCP_ATTEST_REFUSED = 1,  /* By a check of the report. */
    CHATMCP_ATTEST_UNUSABLE = 2  /* The input is not what it should be: there is no report. */
} chatmcp_attest_verdict;

typedef struct chatmcp_attest_report chatmcp_attest_report;

/* NOLINTEND(readability-identifier-naming) */

/* Verify and appraise. `*report` is set in every case, and freed with chatmcp_attest_report_free.
 * If `input` or `report` is NULL: CHATMCP_ATTEST_UNUSABLE, and `*report`, if there is one, is NULL.
 */
chatmcp_attest_verdict chatmcp_attest_verify(const chatmcp_attest_input* input,
                                             chatmcp_attest_report** report) CHATMCP_NOEXCEPT;

/* Texts live as long as the report. All of these take NULL. */

/* The report as one JSON object; "" where there is none. */
const char* chatmcp_attest_report_json(const chatmcp_attest_report* report) CHATMCP_NOEXCEPT;
/* The same as lines for people. */
const char* chatmcp_attest_report_text(const chatmcp_attest_report* report) CHATMCP_NOEXCEPT;
/* Row of docs/CHECKS.md of the first thing that was refused; "" where nothing was. */
const char* chatmcp_attest_report_check(const chatmcp_attest_report* report) CHATMCP_NOEXCEPT;
/* Format, signatures, chains, dates and collateral hold: 1, else 0. */
int chatmcp_attest_report_verifies(const chatmcp_attest_report* report) CHATMCP_NOEXCEPT;
void chatmcp_attest_report_free(chatmcp_attest_report* report) CHATMCP_NOEXCEPT;

/* "major.minor.patch". */
const char* chatmcp_attest_version(void) CHATMCP_NOEXCEPT;

#ifdef __cplusplus
}
#endif
