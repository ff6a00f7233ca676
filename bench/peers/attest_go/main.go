// What dev/bench attest measures, done by go-sev-guest: `attest_go_peer FOLDER UNIX ROUNDS`, FOLDER a SEV-SNP case of the
// corpus with report.bin, vcek.der, ask.pem and ark.pem. Prints the median in microseconds as JSON. Everything but PEM is
// parsed and verified in each round, from bytes in memory.
package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"time"

	"github.com/google/go-sev-guest/abi"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
)

func der(folder, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block != nil {
		return block.Bytes, nil
	}
	return data, nil
}

func run(folder string, at int64, rounds int) (float64, error) {
	report, err := os.ReadFile(filepath.Join(folder, "report.bin"))
	if err != nil {
		return 0, err
	}
	chain := &spb.CertificateChain{}
	for name, to := range map[string]*[]byte{"vcek.der": &chain.VcekCert, "ask.pem": &chain.AskCert, "ark.pem": &chain.ArkCert} {
		if *to, err = der(folder, name); err != nil {
			return 0, err
		}
	}
	samples := make([]float64, 0, rounds)
	for range rounds {
		start := time.Now()
		parsed, err := abi.ReportToProto(report)
		if err != nil {
			return 0, err
		}
		options := &verify.Options{DisableCertFetching: true, Now: time.Unix(at, 0)}
		if err := verify.SnpAttestation(&spb.Attestation{Report: parsed, CertificateChain: chain}, options); err != nil {
			return 0, err
		}
		samples = append(samples, float64(time.Since(start).Nanoseconds())/1e3)
	}
	sort.Float64s(samples)
	return samples[rounds/2], nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: attest_go_peer FOLDER UNIX ROUNDS")
		os.Exit(2)
	}
	at, _ := strconv.ParseInt(os.Args[2], 10, 64)
	rounds, _ := strconv.Atoi(os.Args[3])
	us, err := run(os.Args[1], at, max(rounds, 1))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]float64{"us": us})
}
