package daemon

import (
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
}

// TestAdmitted: an answer is written when it is not the last one on record, and counts as written only when it is.
func TestAdmitted(t *testing.T) {
	t.Parallel()
	a := admitted{last: map[[4]string]string{}}
	var written []string
	say := func(digest string, allowed bool, fails error) error {
		return a.record(admit.Decided{Digest: digest, Allowed: allowed}, func() error {
			if fails == nil {
				written = append(written, fmt.Sprint(digest, allowed))
			}
			return fails
		})
	}
	full := errors.New("the disk is full")
	if err := say("x", true, full); !errors.Is(err, full) {
		t.Errorf("what could not be written counts as written: %v", err)
	}
	for _, allowed := range []bool{true, true, false, false, true} {
		must(t, say("x", allowed, nil))
	}
	must(t, say("y", true, nil))
	if want := []string{"xtrue", "xfalse", "xtrue", "ytrue"}; !slices.Equal(written, want) {
		t.Errorf("written: %v", written)
	}
	for i := range admittedSize {
		must(t, say(fmt.Sprint(i), true, nil))
	}
	if len(a.last) != admittedSize || len(a.order) != admittedSize {
		t.Errorf("%d questions are remembered, %d in order", len(a.last), len(a.order))
	}
}
