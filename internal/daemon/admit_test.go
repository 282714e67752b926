package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
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
