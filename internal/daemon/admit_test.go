package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/builder"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
)

// TestAdmission: what the daemon itself signed about a landed commit is what admission asks for.
func TestAdmission(t *testing.T) {
	t.Parallel()
	h, _ := trusting(t)
	h.clone.Git("switch", "-q", "main")
	h.clone.Git("pull", "-q", h.writer("ada"), "main")
	const forge = "https://adamant.dev/id/sample/builder/dedicated/forge"
	machine := newOperatorKey(t)
	h.clone.Write(".adamant/adamant.yaml", openConfig+"  build:\n    - {name: api, kind: go, directory: api}\n  admission:\n    builders: [{identity: "+forge+", key: "+machine.public()+"}]\n")
	h.clone.Commit("Build the api")
	h.await(h.push(h.writer("ada"), "HEAD", "topic=target"), change.Merged)
	commit, _ := h.attested()

	sum := sha256.Sum256([]byte("program"))
	digest := hex.EncodeToString(sum[:])
	request := admit.Request{Digest: "sha256:" + digest, Environment: "prod"}
	var refused, admitted, remembered admit.Decision
	h.call("POST", admit.Path, "", request, &refused)
	if refused.Allowed || !slices.ContainsFunc(refused.Reasons, func(r admit.Clause) bool { return r.Code == admit.ProvenanceMissing }) {
		t.Errorf("an unknown file: %+v", refused)
	}

	target, err := build.Complete(manifest.Build{Name: "api", Kind: "go", Directory: "api"})
	must(t, err)
	record := build.Record{
		Job:       build.Job{Repository: "sample", Commit: git.OID(commit), Ref: "refs/heads/main", Target: target, Invocation: "1"},
		Artifacts: []build.Artifact{{Name: "api", SHA256: digest}}, LogSHA256: digest, Started: h.now(), Finished: h.now().Add(time.Second),
		Resolved: []build.Descriptor{{Name: "source", Digest: map[string]string{"gitCommit": commit}}},
	}
	text, err := record.Statement(trust.Builder("sample", trust.BuilderWorkstation, "local").String(), "test")
	must(t, err)
	h.call("POST", notary.PathAttest, "", notary.Statement{As: "builder/workstation/local", Statement: text, Kind: string(attest.KindProvenance)}, &notary.Signed{})
	h.call("POST", admit.Path, "", request, &admitted)
	if !admitted.Allowed || admitted.Commit != commit || admitted.BuildLevel != 1 || admitted.SourceLevel != 3 {
		t.Errorf("%+v", admitted)
	}
	h.call("POST", admit.Path, "", request, &remembered)
	if string(remembered.VSA) != string(admitted.VSA) {
		t.Error("it was decided anew")
	}

	// Both answers are on record, and asking again adds nothing: not what is remembered, not the next daemon, not what is no question.
	h.call("POST", admit.Path, "", admit.Request{Digest: "api", Environment: "prod"}, &refused)
	other := admit.Request{Digest: "sha256:" + commit[:32] + commit[:32], Environment: "prod", Component: "api"}
	h.call("POST", admit.Path, "", other, &refused)
	h.call("POST", admit.Path, "", other, &refused)
	h.down()
	h.up()
	h.call("POST", admit.Path, "", other, &refused)
	h.call("POST", admit.Path, "", request, &remembered)

	// A dedicated builder's statement is certified by the key that main lists; its level is still root.json's to give.
	text, err = record.Statement(forge, "test")
	must(t, err)
	signature, err := machine.Sign(t.Context(), builder.NamespaceStatement, string(text))
	must(t, err)
	var certified notary.Signed
	h.call("POST", builder.PathCertify, "", builder.Stated{Statement: text, Signature: signature}, &certified)
	if certified.Identity != forge {
		t.Errorf("certified as %s", certified.Identity)
	}

	h.down() // what is on its way is on the disk
	var have []string
	for _, e := range h.entries(admit.KindDecided) {
		have = append(have, fmt.Sprintln(e["digest"] == request.Digest, e["environment"], e["asked"], e["component"], e["commit"] == commit, e["allowed"], e["codes"], e["warnings"]))
	}
	if want := []string{
		"true prod <nil> <nil> false false [PROVENANCE_MISSING] [SCAN_MISSING]\n",
		"true prod <nil> api true true [] [SCAN_MISSING]\n",
		"false prod api <nil> false false [PROVENANCE_MISSING] [SCAN_MISSING]\n",
	}; !slices.Equal(have, want) {
		t.Errorf("on record:\n%s", strings.Join(have, ""))
	}
}

// line is one on its way to a disk.
type line func() error

func (l line) Wait(context.Context) (ledger.Entry, error) { return ledger.Entry{}, l() }

// TestAdmitted: an answer is written when it is not the last one on record. Once one was lost, the next is waited for, and without it
// there is none.
func TestAdmitted(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	a := admitted{last: map[question]string{}, tell: func(err error) { told <- err }}
	tries := 0
	say := func(digest string, allowed bool, fails error) error {
		return a.record(admit.Decided{Digest: digest, Allowed: allowed}, func() (written, error) {
			tries++
			return line(func() error { return fails }), nil
		})
	}
	for i, c := range []struct {
		digest  string
		allowed bool
		tries   int
	}{{"x", true, 1}, {"x", true, 1}, {"x", false, 2}, {"x", false, 2}, {"y", false, 3}, {"x", true, 4}, {"x", true, 4}} {
		before := tries
		must(t, say(c.digest, c.allowed, nil))
		if tries != c.tries {
			t.Errorf("%d: %d lines", i, tries)
		}
		if tries > before {
			must(t, <-told)
		}
	}

	full := errors.New("the disk is full")
	must(t, say("z", true, full)) // the answer was given when this is known
	if err := <-told; !errors.Is(err, full) {
		t.Errorf("told: %v", err)
	}
	for _, fails := range []error{full, full, nil} {
		if err := say("z", true, fails); !errors.Is(err, fails) || len(told) != 1 || !errors.Is(<-told, fails) {
			t.Errorf("the line ended with %v, the answer with %v", fails, err)
		}
	}
	if before := tries; say("z", true, full) != nil || tries != before {
		t.Error("what is on record is written again")
	}
	closed := errors.New("closed")
	if err := a.record(admit.Decided{Digest: "w"}, func() (written, error) { return nil, closed }); !errors.Is(err, closed) || len(told) != 1 {
		t.Errorf("a ledger that takes no line: %v", err)
	}
}

func TestAdmittedIsBounded(t *testing.T) {
	t.Parallel()
	a := admitted{last: map[question]string{}}
	for i := range admittedSize + 10 {
		a.put(question{fmt.Sprint(i)}, "x")
		a.put(question{fmt.Sprint(i)}, "y")
	}
	if len(a.last) != admittedSize || len(a.order) != admittedSize || a.last[question{"0"}] != "" {
		t.Errorf("%d questions are remembered, %d in order", len(a.last), len(a.order))
	}
}
