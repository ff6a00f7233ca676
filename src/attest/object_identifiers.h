#pragma once

#include <array>
#include <cstdint>

// Contents of the OBJECT IDENTIFIERs that certificates and evidence use.

namespace chatmcp::attest::oid {

// 2.16.840.1.101.3.4.2.1
inline constexpr std::array<std::uint8_t, 9> kSha256 = {
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
// 2.16.840.1.101.3.4.2.2
inline constexpr std::array<std::uint8_t, 9> kSha384 = {
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
// 2.16.840.1.101.3.4.2.3
inline constexpr std::array<std::uint8_t, 9> kSha512 = {
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03};
// 1.2.840.10045.4.3.2
inline constexpr std::array<std::uint8_t, 8> kEcdsaWithSha256 = {
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
// 1.2.840.10045.4.3.3
inline constexpr std::array<std::uint8_t, 8> kEcdsaWithSha384 = {
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
// 1.2.840.10045.4.3.4
inline constexpr std::array<std::uint8_t, 8> kEcdsaWithSha512 = {
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04};
// 1.2.840.113549.1.1.11
inline constexpr std::array<std::uint8_t, 9> kSha256WithRsa = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
// 1.2.840.113549.1.1.12
inline constexpr std::array<std::uint8_t, 9> kSha384WithRsa = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c};
// 1.2.840.113549.1.1.13
inline constexpr std::array<std::uint8_t, 9> kSha512WithRsa = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d};
// 1.2.840.113549.1.1.10
inline constexpr std::array<std::uint8_t, 9> kRsaPss = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
// 1.2.840.113549.1.1.8
inline constexpr std::array<std::uint8_t, 9> kMgf1 = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08};
// 2.5.29.19
inline constexpr std::array<std::uint8_t, 3> kBasicConstraints = {0x55, 0x1d, 0x13};
// 2.5.4.3
inline constexpr std::array<std::uint8_t, 3> kCommonName = {0x55, 0x04, 0x03};
// 2.5.29.15
inline constexpr std::array<std::uint8_t, 3> kKeyUsage = {0x55, 0x1d, 0x0f};
// 2.5.29.17
inline constexpr std::array<std::uint8_t, 3> kSubjectAlternativeName = {0x55, 0x1d, 0x11};
// 2.5.29.37
inline constexpr std::array<std::uint8_t, 3> kExtendedKeyUsage = {0x55, 0x1d, 0x25};
// 2.23.133.8.1, tcg-kp-EKCertificate
inline constexpr std::array<std::uint8_t, 5> kTcgEndorsementKey = {0x67, 0x81, 0x05, 0x08, 0x01};
// 2.23.133.8.3, tcg-kp-AIKCertificate
inline constexpr std::array<std::uint8_t, 5> kTcgAttestationKey = {0x67, 0x81, 0x05, 0x08, 0x03};
// 1.3.6.1.4.1.11129.2.1.17
inline constexpr std::array<std::uint8_t, 10> kAndroidKeyDescription = {
    0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x01, 0x11};
// 1.2.840.113741.1.13.1
inline constexpr std::array<std::uint8_t, 9> kSgxExtensions = {
    0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
// 1.3.6.1.4.1.3704.1: AMD's extensions of VCEK and VLEK certificates are below it.
inline constexpr std::array<std::uint8_t, 8> kAmdKeyExtensions = {
    0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01};
// 2.23.133.5.4.1: tcg-dice-TcbInfo.
inline constexpr std::array<std::uint8_t, 6> kDiceTcbInfo = {0x67, 0x81, 0x05, 0x05, 0x04, 0x01};
// 2.23.133.5.4.1.1: where NVIDIA's Blackwell has it.
inline constexpr std::array<std::uint8_t, 7> kNvidiaDiceTcbInfo = {
    0x67, 0x81, 0x05, 0x05, 0x04, 0x01, 0x01};

/// INTEGER 1, whole: the only trailer field of RSASSA-PSS.
inline constexpr std::array<std::uint8_t, 3> kIntegerOne = {0x02, 0x01, 0x01};
/// INTEGER 2, whole: version 3 of a certificate.
inline constexpr std::array<std::uint8_t, 3> kIntegerTwo = {0x02, 0x01, 0x02};

}  // namespace chatmcp::attest::oid
