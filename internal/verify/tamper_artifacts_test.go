package verify_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/verify"
)

const builtHere = "https://adamant.dev/id/sample/builder/workstation/here"

// provenance is the path of the artifact's provenance, sbom that of what it is made of.
func (m *mutant) provenance() string { return m.file(attest.Ref, "-provenance.json") }
func (m *mutant) sbom() string       { return m.file(attest.Ref, "-sbom.json") }

// put puts a bundle beside those about a subject.
func (m *mutant) put(subject, name string, data []byte) {
	m.Helper()
	blob := m.stdin(data, "hash-object", "-w", "--stdin")
	m.set(attest.Ref, m.commit(m.with(attest.Ref, subject[:2]+"/"+subject+"/"+name, blob), "put", nil, attest.Ref))
}

// insiders signs a statement with the keys of the repository, has the ledger know the signature and puts it beside what is attested.
func (m *mutant) insiders(statement []byte, who trust.Identity, name string) {
	m.Helper()
	bundle := m.sign(statement, who, time.Now)
	m.record(bundle)
	m.put(sha([]byte(program)), name, bundle)
}

// stated is provenance of the artifact.
func (m *mutant) stated(commit, builder string) []byte {
	m.Helper()
	text, err := provenance("sample", commit, builder, program)
	if err != nil {
		m.Fatal(err)
	}
	return text
}

// vsa says that the artifact was admitted at a level.
func (m *mutant) vsa(level string) []byte {
	m.Helper()
	predicate, err := manifest.CanonicalJSON(attest.Summary{Verifier: attest.Verifier{ID: trust.Gate("sample").String()}, TimeVerified: time.Now().UTC().Truncate(time.Second),
		ResourceURI: attest.RepositoryURI("sample") + "#prod/api", VerificationResult: attest.Passed, VerifiedLevels: []string{level}, SLSAVersion: "1.2"})
	if err != nil {
		m.Fatal(err)
	}
	text, err := attest.Statement{Type: attest.StatementType, PredicateType: attest.SummaryType, Predicate: predicate,
		Subject: []attest.Subject{{Name: program, Digest: map[string]string{attest.SHA256: sha([]byte(program))}}}}.Text()
	if err != nil {
		m.Fatal(err)
	}
	return text
}

func artifactTamperings() []tampering {
	return []tampering{
		{"artifact: a byte of its provenance", false, func(m *mutant) {
			m.replaceFile(attest.Ref, m.provenance(), func(data []byte) []byte {
				var b map[string]any
				decode(m.T, data, &b)
				e := at(b, "dsseEnvelope")
				text, _ := base64.StdEncoding.DecodeString(e["payload"].(string))
				e["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(text, []byte(`"invocationId":"1"`), []byte(`"invocationId":"2"`), 1))
				return encode(m.T, b)
			})
		}, []string{"SIG_INVALID"}},
		{"artifact: its provenance given to another artifact", false, func(m *mutant) {
			m.put(sha([]byte("other")), "0001-provenance.json", []byte(m.git("cat-file", "blob", attest.Ref+":"+m.provenance())))
		}, []string{"DIGEST_MISMATCH"}},
		{"artifact: its provenance replaced by what it is made of", false, func(m *mutant) {
			m.replaceFile(attest.Ref, m.provenance(), func([]byte) []byte { return []byte(m.git("cat-file", "blob", attest.Ref+":"+m.sbom())) })
		}, []string{"ATTESTATION_MISSING"}},
		{"artifact: its provenance taken away", false, func(m *mutant) { m.drop(m.provenance()) }, []string{"ATTESTATION_MISSING"}},
		{"artifact: a byte of what it is made of", false, func(m *mutant) {
			m.replaceFile(attest.Ref, m.sbom(), swap(`"rawBytes":"MII`, `"rawBytes":"MIJ`))
		}, []string{"CERT_INVALID"}},
		{"artifact: provenance signed with the repository's keys, behind the ledger's back", false, func(m *mutant) {
			m.put(sha([]byte(program)), "0003-provenance.json", m.sign(m.stated(m.git("rev-parse", main), builtHere), trust.Builder("sample", trust.BuilderWorkstation, "here"), time.Now))
		}, []string{"ATTESTATION_UNRECORDED"}},
		{"artifact: provenance by a builder that no root knows", false, func(m *mutant) {
			who := trust.Builder("sample", trust.BuilderDedicated, "evil")
			m.insiders(m.stated(m.git("rev-parse", main), who.String()), who, "0003-provenance.json")
		}, []string{"BUILDER_UNKNOWN"}},
		{"artifact: provenance that names another builder", false, func(m *mutant) {
			m.insiders(m.stated(m.git("rev-parse", main), trust.Builder("sample", trust.BuilderDedicated, "forge").String()), trust.Builder("sample", trust.BuilderWorkstation, "here"), "0003-provenance.json")
		}, []string{"ATTESTATION_MISMATCH"}},
		{"artifact: a level above what its builder may claim", false, func(m *mutant) {
			m.insiders(m.vsa("SLSA_BUILD_LEVEL_3"), trust.Gate("sample"), "0003-admission-vsa.json")
		}, []string{"LEVEL_EXCEEDED"}},
	}
}

// TestArtifacts: the report says which artifact came from which commit, and what else is known about it.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	f := history(t)
	r := run(t, f.house.git(), verify.Options{})
	tip, err := runGit(f.house.git(), "rev-parse", main)
	if err != nil || !r.Holds() || len(r.Artifacts) != 1 {
		t.Fatalf("%v, %v, %+v", err, r.Failures, r.Artifacts)
	}
	a := r.Artifacts[0]
	if a.Name != program || a.SHA256 != sha([]byte(program)) || a.Commit != git.OID(tip) || len(a.Change) != 64 || a.Target != "api" || a.Builder != builtHere || a.Level != 1 ||
		!slices.Equal(a.Besides, []string{"sbom"}) {
		t.Errorf("%+v", a)
	}
	if since := run(t, f.house.git(), verify.Options{From: git.OID(tip)}); !since.Holds() || len(since.Artifacts) != 0 || slices.ContainsFunc(since.Warnings, func(p verify.Problem) bool { return p.Code == verify.ArtifactUnplaced }) {
		t.Errorf("behind its commit: %v, %v, %+v", since.Failures, since.Warnings, since.Artifacts)
	}
}

// TestArtifactWarnings: what is not against history is told, and makes no artifact of a commit.
func TestArtifactWarnings(t *testing.T) {
	t.Parallel()
	other := "1234567890123456789012345678901234567890"
	here := trust.Builder("sample", trust.BuilderWorkstation, "here")
	for _, c := range []struct {
		name, want string
		mutate     func(m *mutant)
	}{
		{"of a commit that did not land", verify.ArtifactUnplaced, func(m *mutant) {
			text := m.stated(other, builtHere)
			m.insiders(text, here, "0003-provenance.json")
			m.built(text)
		}},
		{"of a build that the ledger does not have", verify.AttestationUnrecorded, func(m *mutant) {
			m.insiders(m.stated(other, builtHere), here, "0003-provenance.json")
		}},
		{"by the operator", verify.BuilderUnknown, func(m *mutant) {
			m.insiders(m.stated(m.git("rev-parse", main), builtHere), trust.Operator("sample", "ada"), "0003-provenance.json")
		}},
		{"before the attestations were fetched", verify.AttestationMissing, func(m *mutant) { m.git("update-ref", "-d", attest.Ref) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMutant(t)
			before := len(run(t, m.dir, verify.Options{}).Artifacts)
			c.mutate(m)
			r := run(t, m.dir, verify.Options{})
			if !r.Holds() || len(r.Artifacts) > before || !slices.ContainsFunc(r.Warnings, func(p verify.Problem) bool { return p.Code == c.want }) {
				t.Errorf("failures %v, warnings %v, artifacts %+v", r.Failures, r.Warnings, r.Artifacts)
			}
		})
	}
}

// built writes to the ledger that a build's provenance was kept, as an insider can.
func (m *mutant) built(statement []byte) {
	m.Helper()
	m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry {
		e := all[lastOf(m.T, all, notary.KindBuilt)]
		e.Body = encode(m.T, notary.Built{Builder: builtHere, Artifacts: []notary.Subject{{Name: program, SHA256: sha([]byte(program))}}, Statement: sha(statement)})
		return append(all, e)
	})
	m.git("update-ref", "-d", kernel.RefLog)
}
