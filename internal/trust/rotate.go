package trust

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Kinds are the keys that Rotate renews: ca, ct, tsa and log.
func Kinds() []string { return []string{kindCA, kindCT, kindTSA, kindLog} }

// Rotate makes new keys of the given kinds in dir. The old ones stay listed, and good for another overlap: the time to land the
// trusted_root.json that Rotate returns. An Authority goes on with the old ones until it is opened with a main that lists the new
// ones. Private keys whose end has passed are deleted.
func Rotate(dir string, o Options, overlap time.Duration, kinds ...string) (trustedRoot []byte, err error) {
	trustedRoot, err = rotate(dir, o, overlap, kinds)
	if err != nil {
		return nil, fmt.Errorf("rotating the keys in %s: %w", dir, err)
	}
	return trustedRoot, nil
}

func rotate(dir string, o Options, overlap time.Duration, kinds []string) ([]byte, error) {
	repository, root, _, err := readFolder(dir)
	if err != nil {
		return nil, err
	}
	now := o.clock()()
	for _, kind := range kinds {
		if !slices.Contains(Kinds(), kind) {
			return nil, fmt.Errorf("there are no keys of the kind %q: want some of %v", kind, Kinds())
		}
		endAll(root, kind, now.Add(overlap))
		if err := addKey(root, dir, repository, kind, now); err != nil {
			return nil, err
		}
	}
	data, err := storeRoot(dir, root)
	if err != nil {
		return nil, err
	}
	return data, forget(dir, root, now)
}

// endAll ends what has no end yet, or a later one.
func endAll(root *trustroot.TrustedRoot, kind string, at time.Time) {
	for _, window := range windows(root, kind) {
		if window.End == nil || window.End.AsTime().After(at) {
			window.End = timestamppb.New(second(at.Add(time.Second - 1))) // not before what was signed in this second
		}
	}
}

func windows(root *trustroot.TrustedRoot, kind string) []*common.TimeRange {
	var out []*common.TimeRange
	authorities, logs := map[string][]*trustroot.CertificateAuthority{kindCA: root.CertificateAuthorities, kindTSA: root.TimestampAuthorities},
		map[string][]*trustroot.TransparencyLogInstance{kindCT: root.Ctlogs, kindLog: root.Tlogs}
	for _, a := range authorities[kind] {
		out = append(out, a.ValidFor)
	}
	for _, l := range logs[kind] {
		out = append(out, l.PublicKey.ValidFor)
	}
	return out
}

// forget deletes the private keys that nothing may be signed with any more.
func forget(dir string, root *trustroot.TrustedRoot, now time.Time) error {
	all, err := instances(root)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.window.GetEnd() == nil || now.Before(i.window.GetEnd().AsTime()) {
			continue
		}
		id, err := keyID(i.public)
		if err != nil {
			return err
		}
		if err := os.Remove(keyFile(dir, i.kind, id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting a key whose time is over: %w", err)
		}
	}
	return nil
}

// formerLogs are the log's keys before the one in use.
func formerLogs(all []instance, now crypto.PublicKey) []ed25519.PublicKey {
	var out []ed25519.PublicKey
	for _, i := range all {
		if i.kind != kindLog || equal(i.public, now) {
			continue
		}
		if public, ok := i.public.(ed25519.PublicKey); ok {
			out = append(out, public)
		}
	}
	return out
}
