package verify

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/tlog/projection"
)

// LogMark is how far a transparency log was seen.
type LogMark struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"` // hex
}

// checkLog holds the transparency log to its own proofs, to the ledgers and to what was seen.
func (r *run) checkLog(ctx context.Context, ledgers []iter.Seq2[ledger.Entry, error]) error {
	ref := r.view.ref(kernel.RefLog)
	tip, err := r.repo.Ref(ctx, ref)
	if err != nil {
		return err
	}
	seen := r.was().Log
	switch {
	case tip == "" && seen != nil:
		r.fail(Problem{Code: LogLost, Place: ref, What: fmt.Sprintf("the log had %d leaves and is gone", seen.Size), Do: doSync})
		return nil
	case tip == "" && r.chain == nil:
		return nil
	case tip == "":
		r.warn(Problem{Code: LogLags, Place: ref, What: "there is no transparency log yet", Do: "nothing, while a daemon runs; then adamant sync"})
		return nil
	case r.chain == nil:
		r.warn(Problem{Code: LogUnchecked, Place: ref, What: "there is a transparency log and no trust root that names its key", Do: "adamant trust init"})
		return nil
	}
	err = r.readLog(ctx, ref, seen, ledgers)
	var damaged *tlog.DamagedError
	alarm, differs := projection.IsAlarm(err)
	switch {
	case differs:
		r.fail(Problem{Code: "LOG_" + strings.ToUpper(alarm.Kind), Place: fmt.Sprintf("%s, leaf %d", ref, alarm.Index), What: alarm.What, Do: alarm.Do})
	case errors.Is(err, tlog.ErrFork):
		r.fail(Problem{Code: LogRewritten, Place: ref, What: err.Error(), Do: doRestore})
	case errors.Is(err, tlog.ErrSignature):
		r.fail(Problem{Code: LogSignature, Place: ref, What: err.Error(), Do: doRestore})
	case errors.As(err, &damaged):
		r.fail(Problem{Code: LogDamaged, Place: ref, What: err.Error(), Do: doRestore})
	default:
		return err
	}
	return nil
}

func (r *run) readLog(ctx context.Context, ref string, seen *LogMark, ledgers []iter.Seq2[ledger.Entry, error]) error {
	verifiers, err := logKeys(r.chain.TrustedRoot)
	if err != nil {
		return err
	}
	tip, err := r.repo.Ref(ctx, ref)
	if err != nil {
		return err
	}
	tree, err := tlog.NewTree(ctx, r.repo, tip)
	if err != nil {
		return err
	}
	reader, err := tlog.NewReader(ctx, tree, verifiers...)
	if forged := (*note.InvalidSignatureError)(nil); errors.As(err, &forged) {
		return fmt.Errorf("%w: %w", tlog.ErrSignature, err)
	}
	if err != nil && !errors.Is(err, tlog.ErrSignature) && !errors.Is(err, git.ErrCommand) {
		return &tlog.DamagedError{Path: "checkpoint", What: err.Error()}
	}
	if err != nil {
		return err
	}
	if seen != nil {
		older, err := seen.checkpoint()
		if err != nil {
			return err
		}
		if _, err := reader.Consistency(ctx, older); err != nil {
			return err
		}
	}
	return r.compareLog(ctx, ref, reader, ledgers)
}

// compareLog holds the log to the ledgers that it is made of.
func (r *run) compareLog(ctx context.Context, ref string, reader *tlog.Reader, ledgers []iter.Seq2[ledger.Entry, error]) error {
	report, err := projection.Check(ctx, reader, ledgers...)
	if err != nil {
		return err
	}
	r.report.Log = report.Size
	if report.Lag > 0 {
		r.warn(Problem{Code: LogLags, Place: ref, What: fmt.Sprintf("the log lacks the last %d entries of the ledger that belong in it", report.Lag), Do: "nothing, while a daemon runs; then adamant sync"})
	}
	c := reader.Checkpoint()
	r.sight().Log = &LogMark{Origin: c.Origin, Size: c.Size, Root: hex.EncodeToString(c.Root[:])}
	return nil
}

func (m *LogMark) checkpoint() (tlog.Checkpoint, error) {
	c := tlog.Checkpoint{Origin: m.Origin, Size: m.Size}
	n, err := hex.Decode(c.Root[:], []byte(m.Root))
	if err == nil && n != len(c.Root) {
		err = errors.New("it is too short")
	}
	if err != nil {
		return c, fmt.Errorf("reading the root of the log that was seen: %w", err)
	}
	return c, nil
}

// logKeys are the keys of the log in a trusted_root.json, whose host is the log's origin.
func logKeys(trustedRoot []byte) ([]note.Verifier, error) {
	var root struct {
		Tlogs []struct {
			BaseURL   string `json:"baseUrl"`
			PublicKey struct {
				RawBytes []byte `json:"rawBytes"`
			} `json:"publicKey"`
		} `json:"tlogs"`
	}
	if err := json.Unmarshal(trustedRoot, &root); err != nil {
		return nil, fmt.Errorf("reading the log's keys: %w", err)
	}
	var out []note.Verifier
	for _, l := range root.Tlogs {
		key, err := x509.ParsePKIXPublicKey(l.PublicKey.RawBytes)
		if err != nil {
			return nil, fmt.Errorf("reading the log's keys: %w", err)
		}
		base, err := url.Parse(l.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("reading the log's keys: %w", err)
		}
		if public, ok := key.(ed25519.PublicKey); ok {
			v, err := tlog.NewVerifier(base.Host, public)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}
