package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
	"github.com/adamant-os/adamant/internal/verify"
)

// replaceFile edits a file of a reference's tree, in a new commit on the one before.
func (m *mutant) replaceFile(ref, path string, edit func([]byte) []byte) {
	m.Helper()
	data := edit([]byte(m.git("cat-file", "blob", ref+":"+path) + "\n"))
	blob := m.stdin(data, "hash-object", "-w", "--stdin")
	m.set(ref, m.commit(m.with(ref, path, blob), "edit", nil, ref))
}

// file is the path of a file in a reference's tree.
func (m *mutant) file(ref, part string) string {
	m.Helper()
	for _, path := range strings.Fields(m.git("ls-tree", "-r", "--name-only", ref)) {
		if strings.Contains(path, part) {
			return path
		}
	}
	m.Fatalf("%s has no %s", ref, part)
	return ""
}

func swap(old, new string) func([]byte) []byte {
	return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(new), 1) }
}

// relog makes the whole log again out of the ledger as it is now, with the log's own key.
func (m *mutant) relog() {
	m.Helper()
	authority := m.authority(time.Now)
	dir := filepath.Join(m.TempDir(), "log")
	l, err := tlog.Open(dir, authority.LogKey())
	if err != nil {
		m.Fatal(err)
	}
	var leaves [][]byte
	for _, e := range m.entries() {
		if projection.Belongs(e.Kind) {
			leaves = append(leaves, projection.Leaf(e))
		}
	}
	if _, err := l.Append(m.Context(), leaves...); err != nil {
		m.Fatal(err)
	}
	if err := errors.Join(l.Flush(m.Context()), l.Close()); err != nil {
		m.Fatal(err)
	}
	tree := m.git("mktree", "--missing") // the empty tree, as git has no input here
	m.set(kernel.RefLog, m.commit(tree, "log", nil, kernel.RefLog))
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		name := strings.TrimPrefix(path, dir+"/")
		if err != nil || d.IsDir() || name != "checkpoint" && !strings.HasPrefix(name, "tile/") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		blob := m.stdin(data, "hash-object", "-w", "--stdin")
		m.set(kernel.RefLog, m.commit(m.with(kernel.RefLog, name, blob), "log", nil, kernel.RefLog))
		return nil
	})
	if err != nil {
		m.Fatal(err)
	}
}

// authority signs with the kernel's own keys.
func (m *mutant) authority(now func() time.Time) *trust.Authority {
	m.Helper()
	a, err := trust.Open(filepath.Join(m.f.house.kernel(), "trust"), trust.Options{Now: now})
	if err != nil {
		m.Fatal(err)
	}
	return a
}

func logTamperings() []tampering {
	return []tampering{
		{"log: a byte of a leaf", false, func(m *mutant) {
			m.replaceFile(kernel.RefLog, m.file(kernel.RefLog, "tile/entries/"), swap(`"actor":"kernel"`, `"actor":"kernes"`))
		}, []string{"LOG_DAMAGED"}},
		{"log: a byte of a tile", false, func(m *mutant) {
			path := m.file(kernel.RefLog, "tile/0/")
			m.replaceFile(kernel.RefLog, path, func(data []byte) []byte { return append([]byte{^data[0]}, data[1:len(data)-1]...) })
		}, []string{"LOG_DAMAGED"}},
		{"log: its size", false, func(m *mutant) {
			m.replaceFile(kernel.RefLog, "checkpoint", func(data []byte) []byte {
				lines := strings.SplitN(string(data), "\n", 3)
				return []byte(lines[0] + "\n7\n" + lines[2])
			})
		}, []string{"LOG_SIGNATURE"}},
		{"log: a checkpoint of another key", false, func(m *mutant) {
			m.replaceFile(kernel.RefLog, "checkpoint", func(data []byte) []byte { return append(data[:len(data)-8], "AAAAAA=\n"...) })
		}, []string{"LOG_SIGNATURE"}},
		{"log: no checkpoint", false, func(m *mutant) {
			m.replaceFile(kernel.RefLog, "checkpoint", func([]byte) []byte { return []byte("x") })
		}, []string{"LOG_DAMAGED"}},
		{"log: deleted, after it was seen", true, func(m *mutant) { m.git("update-ref", "-d", kernel.RefLog) }, []string{"LOG_LOST"}},
		{"log: set back, after it was seen", true, func(m *mutant) { m.set(kernel.RefLog, kernel.RefLog+"^") }, []string{"LOG_REWRITTEN"}},
		{"log: leads the ledger", false, func(m *mutant) {
			m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry { return all[:lastOf(m.T, all, ledger.LandingDone)+1] })
			m.git("update-ref", "-d", kernel.RefAttestations)
		}, []string{"LOG_LEADS"}},
		{"log: differs from the ledger", false, func(m *mutant) {
			m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry {
				all[lastOf(m.T, all, ledger.LandingDone)].Actor = "eve"
				return all
			})
		}, []string{"LOG_DIFFERS"}},
		{"log: made again with its own key, with a ledger made again", false, func(m *mutant) {
			m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry {
				all[lastOf(m.T, all, operatorEnrolled)].Actor = "eve"
				return all
			})
			m.relog()
		}, []string{"ATTESTATION_MISMATCH"}},
	}
}

const operatorEnrolled = "operator.enrolled"

// decision is the path of the decision about a commit.
func (m *mutant) decision(rev string) string {
	m.Helper()
	return m.file(attest.Ref, m.git("rev-parse", rev)+"/0001-gate-decision")
}

// bundle edits the decision about main's tip.
func (m *mutant) bundle(edit func(map[string]any)) {
	m.Helper()
	m.replaceFile(attest.Ref, m.decision(main), func(data []byte) []byte {
		var b map[string]any
		decode(m.T, data, &b)
		edit(b)
		return encode(m.T, b)
	})
}

func at(b map[string]any, keys ...string) map[string]any {
	for _, key := range keys {
		b, _ = b[key].(map[string]any)
	}
	return b
}

// replaceBundle puts a bundle in the place of the decision about main's tip.
func (m *mutant) replaceBundle(data []byte) {
	m.Helper()
	m.replaceFile(attest.Ref, m.decision(main), func([]byte) []byte { return data })
}

// statement is what the decision about main's tip states.
func (m *mutant) statement() []byte {
	m.Helper()
	s, err := attest.Unwrap([]byte(m.git("cat-file", "blob", attest.Ref+":"+m.decision(main))))
	if err != nil {
		m.Fatal(err)
	}
	text, err := s.Text()
	if err != nil {
		m.Fatal(err)
	}
	return text
}

// aside is a log of the right key that nobody publishes.
type aside struct{ to *tlog.Log }

func (a aside) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entries, err := a.to.Append(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[0], nil
}

// sign signs a statement with the kernel's keys, behind the ledger's back.
func (m *mutant) sign(statement []byte, who trust.Identity, now func() time.Time) []byte {
	m.Helper()
	a := m.authority(now)
	l, err := tlog.Open(filepath.Join(m.TempDir(), "aside"), a.LogKey())
	if err != nil {
		m.Fatal(err)
	}
	bundle, err := a.Attest(m.Context(), aside{l}, who, statement)
	if err := errors.Join(err, l.Close()); err != nil {
		m.Fatal(err)
	}
	return bundle
}

func attestationTamperings() []tampering {
	return []tampering{
		{"bundle: what it states", false, func(m *mutant) {
			m.bundle(func(b map[string]any) {
				e := at(b, "dsseEnvelope")
				text, _ := base64.StdEncoding.DecodeString(e["payload"].(string))
				e["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(text, []byte(`"level":"`), []byte(`"level": "`), 1))
			})
		}, []string{"SIG_INVALID"}},
		{"bundle: without its timestamp", false, func(m *mutant) {
			m.bundle(func(b map[string]any) { delete(at(b, "verificationMaterial"), "timestampVerificationData") })
		}, []string{"TSA_MISSING"}},
		{"bundle: without its entry in the log", false, func(m *mutant) {
			m.bundle(func(b map[string]any) { delete(at(b, "verificationMaterial"), "tlogEntries") })
		}, []string{"LOG_MISSING"}},
		{"bundle: of another commit", false, func(m *mutant) {
			m.replaceBundle([]byte(m.git("cat-file", "blob", attest.Ref+":"+m.decision(main+"^"))))
		}, []string{"DIGEST_MISMATCH"}},
		{"bundle: no bundle", false, func(m *mutant) { m.replaceBundle([]byte("{}")) }, []string{"BUNDLE_MALFORMED"}},
		{"bundle: signed by an agent", false, func(m *mutant) {
			m.replaceBundle(m.sign(m.statement(), trust.Agent("sample", "coder", "t1", "m1"), time.Now))
		}, []string{"SIG_IDENTITY"}},
		{"bundle: with the timestamp of another one", false, func(m *mutant) {
			var other map[string]any
			decode(m.T, []byte(m.git("cat-file", "blob", attest.Ref+":"+m.decision(main+"^"))), &other)
			m.bundle(func(b map[string]any) {
				at(b, "verificationMaterial")["timestampVerificationData"] = at(other, "verificationMaterial")["timestampVerificationData"]
			})
		}, []string{"TSA_INVALID"}},
		{"bundle: signed with the gate's keys, behind the ledger's back", false, func(m *mutant) {
			statement := bytes.Replace(m.statement(), []byte(`"title":"`), []byte(`"title":"Not `), 1)
			m.replaceBundle(m.sign(statement, trust.Gate("sample"), time.Now))
		}, []string{"ATTESTATION_UNRECORDED"}},
		{"bundle: says something else than the ledger", false, func(m *mutant) {
			statement := bytes.Replace(m.statement(), []byte(`"nth":1`), []byte(`"nth":1`), 1)
			statement = bytes.Replace(statement, []byte(`"writer":"k-`), []byte(`"writer":"j-`), 1)
			bundle := m.sign(statement, trust.Gate("sample"), time.Now)
			m.record(bundle)
			m.replaceBundle(bundle)
		}, []string{"ATTESTATION_MISMATCH"}},
		{"bundle: other rules than it was judged by", false, func(m *mutant) {
			m.restated(`"governance":"`, `"governance":"00`, 2)
		}, []string{"ATTESTATION_MISMATCH"}},
		{"bundle: marks that nobody wrote", false, func(m *mutant) {
			m.restated(`"record":{`, `"marks":"`+sha(nil)+`","record":{`, 0)
		}, []string{"ATTESTATION_MISMATCH"}},
		{"bundle: an approval about another commit", false, func(m *mutant) {
			m.put(m.git("rev-parse", main), "0009-approval.json", []byte(m.git("cat-file", "blob", attest.Ref+":"+m.file(attest.Ref, "-approval.json"))))
		}, []string{"DIGEST_MISMATCH"}},
		{"bundle: an approval that was not given to the commit", false, func(m *mutant) {
			s, err := attest.Unwrap([]byte(m.git("cat-file", "blob", attest.Ref+":"+m.file(attest.Ref, "-approval.json"))))
			if err != nil {
				m.Fatal(err)
			}
			s.Subject = []attest.Subject{{Digest: map[string]string{attest.GitCommit: m.git("rev-parse", main)}}}
			text, err := s.Text()
			if err != nil {
				m.Fatal(err)
			}
			bundle := m.sign(text, trust.Gate("sample"), time.Now)
			m.record(bundle)
			m.put(m.git("rev-parse", main), "0009-approval.json", bundle)
		}, []string{"ATTESTATION_MISMATCH"}},
		{"bundle: stamped when its certificate had ended", false, func(m *mutant) {
			m.bundle(func(b map[string]any) {
				signature, err := base64.StdEncoding.DecodeString(at(b, "dsseEnvelope")["signatures"].([]any)[0].(map[string]any)["sig"].(string))
				if err != nil {
					m.Fatal(err)
				}
				stamps := at(b, "verificationMaterial", "timestampVerificationData")["rfc3161Timestamps"].([]any)
				stamps[0].(map[string]any)["signedTimestamp"] = base64.StdEncoding.EncodeToString(m.stamp(signature, time.Now().Add(time.Hour)))
			})
		}, []string{"CERT_WINDOW"}},
		{"bundle: taken out of the middle", false, func(m *mutant) { m.drop(m.decision(main + "~3")) }, []string{"ATTESTATION_MISSING"}},
		{"bundle: of the tip taken away, after it was seen", true, func(m *mutant) { m.drop(m.decision(main)) }, []string{"ATTESTATION_MISSING"}},
		{"bundle: all taken away, after they were seen", true, func(m *mutant) { m.git("update-ref", "-d", attest.Ref) }, []string{"ATTESTATION_MISSING"}},
		{"bundle: a file that no store makes", false, func(m *mutant) {
			blob := m.stdin([]byte("x"), "hash-object", "-w", "--stdin")
			m.set(attest.Ref, m.commit(m.with(attest.Ref, "notes.txt", blob), "notes", nil, attest.Ref))
		}, []string{"ATTESTATION_MALFORMED"}},
	}
}

// restated signs the decision about main's tip again with the repository's keys, with one text in place of another and so many bytes less
// behind it, and has the ledger know the signature.
func (m *mutant) restated(old, new string, less int) {
	m.Helper()
	text := m.statement()
	i := bytes.Index(text, []byte(old))
	if i < 0 {
		m.Fatalf("no %s in %s", old, text)
	}
	rest := text[i+len(old)+less:]
	bundle := m.sign(slices.Concat(text[:i], []byte(new), rest), trust.Gate("sample"), time.Now)
	m.record(bundle)
	m.replaceBundle(bundle)
}

// stamp is a timestamp by the repository's own authority, of whatever time.
func (m *mutant) stamp(signature []byte, when time.Time) []byte {
	m.Helper()
	folder := filepath.Join(m.f.house.kernel(), "trust")
	files, err := filepath.Glob(filepath.Join(folder, "tsa-*.pem"))
	if err != nil || len(files) != 1 {
		m.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		m.Fatal(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		m.Fatal(err)
	}
	var root struct {
		Authorities []struct {
			Chain struct {
				Certificates []struct {
					Raw []byte `json:"rawBytes"`
				} `json:"certificates"`
			} `json:"certChain"`
		} `json:"timestampAuthorities"`
	}
	decode(m.T, m.authority(time.Now).TrustedRoot(), &root)
	cert, err := x509.ParseCertificate(root.Authorities[0].Chain.Certificates[0].Raw)
	if err != nil {
		m.Fatal(err)
	}
	digest := sha256.Sum256(signature)
	ts := timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Time: when.UTC().Truncate(time.Second), Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true}
	token, err := ts.CreateResponseWithOpts(cert, key.(crypto.Signer), crypto.SHA256)
	if err != nil {
		m.Fatal(err)
	}
	return token
}

// drop removes a file from the attestations.
func (m *mutant) drop(path string) {
	m.Helper()
	var keep []string
	for _, line := range strings.Split(m.git("ls-tree", "-r", "--full-tree", attest.Ref), "\n") {
		if !strings.HasSuffix(line, "\t"+path) {
			keep = append(keep, line)
		}
	}
	index := filepath.Join(m.TempDir(), "index")
	tree := m.indexed(index, strings.Join(keep, "\n")+"\n")
	m.set(attest.Ref, m.commit(tree, "drop", nil, attest.Ref))
}

// record writes what a bundle was logged as to the ledger, as an insider can.
func (m *mutant) record(bundle []byte) {
	m.Helper()
	var b struct {
		Material struct {
			Entries []struct {
				Body []byte `json:"canonicalizedBody"`
			} `json:"tlogEntries"`
		} `json:"verificationMaterial"`
	}
	decode(m.T, bundle, &b)
	m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry {
		e := all[len(all)-1]
		e.Kind, e.Change, e.Body = projection.Kind, "", encode(m.T, map[string]string{"rekord": string(b.Material.Entries[0].Body)})
		return append(all, e)
	})
}

// byHand puts an edited file of the trust root on main.
func (m *mutant) byHand(name string, edit func([]byte) []byte) {
	m.Helper()
	m.replaceFile(main, trust.Dir+"/"+name, edit)
}

func rootTamperings() []tampering {
	return []tampering{
		{"root: its expiry", false, func(m *mutant) {
			m.byHand(trust.FileRoot, func(data []byte) []byte {
				var root map[string]any
				decode(m.T, data, &root)
				was := at(root, "signed")["expires"].(string)
				return bytes.Replace(data, []byte(was), []byte("2099"+was[4:]), 1)
			})
		}, []string{"MAIN_UNRECORDED", "ROOT_FILES"}},
		{"root: trusted_root.json", false, func(m *mutant) {
			m.byHand(trust.FileTrustedRoot, func(data []byte) []byte { return append(data, '\n') })
		}, []string{"MAIN_UNRECORDED", "ROOT_FILES"}},
		{"root: allowed_signers", false, func(m *mutant) {
			m.byHand(trust.FileAllowedSigners, func(data []byte) []byte { return append(data, "eve ssh-ed25519 AAAA\n"...) })
		}, []string{"MAIN_UNRECORDED", "ROOT_FILES"}},
		{"root: deleted, after it was seen", true, func(m *mutant) {
			m.set(main, m.commit(m.git("rev-parse", main+"~6^{tree}"), "no root", nil, main))
		}, []string{"MAIN_UNRECORDED", "ROOT_MISSING"}},
	}
}

// TestRootPinned holds the root to a fingerprint that an outsider has.
func TestRootPinned(t *testing.T) {
	t.Parallel()
	f := history(t)
	good := run(t, f.house.git(), verify.Options{})
	if r := run(t, f.house.git(), verify.Options{Root: good.Root}); !r.Holds() {
		t.Errorf("pinned: %v", r.Failures)
	}
	r := run(t, f.house.git(), verify.Options{Root: strings.Repeat("0", 64)})
	if len(r.Failures) != 1 || r.Failures[0].Code != verify.RootChanged {
		t.Errorf("another root is pinned: %v", r.Failures)
	}
	newer := good.Memory.Views[""]
	newer.RootVersion++
	r = run(t, f.house.git(), verify.Options{Memory: verify.Memory{Views: map[string]verify.Sight{"": newer}}})
	if len(r.Failures) != 1 || r.Failures[0].Code != verify.RootRolledBack {
		t.Errorf("a newer root was seen: %v", r.Failures)
	}
}

// TestWarnings: what is not there yet, or could be better, is told and fails nothing.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for want, mutate := range map[string]func(m *mutant){
		verify.LandingOpen: func(m *mutant) {
			m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry { return all[:lastOf(m.T, all, ledger.LandingDone)] })
			m.git("update-ref", "-d", kernel.RefLog)
			m.git("update-ref", "-d", attest.Ref)
		},
		verify.LogLags:            func(m *mutant) { m.git("update-ref", "-d", kernel.RefLog) },
		verify.AttestationMissing: func(m *mutant) { m.drop(m.decision(main)) },
		verify.VerdictDetached: func(m *mutant) {
			m.git("update-ref", "-d", m.git("for-each-ref", "--format=%(refname)", kernel.PrefixChanges+m.f.high[:2]+"/"+m.f.high+"*/meta"))
		},
		verify.LogUnchecked: func(m *mutant) {
			m.set(main, main+"~6")
			m.rewrite(m.key, func(all []ledger.Entry) []ledger.Entry {
				return all[:slices.IndexFunc(all, func(e ledger.Entry) bool { return e.Kind == ledger.LandingIntent })]
			})
		},
		trust.CodeRootMissing: nil,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			var r *verify.Report
			if mutate == nil {
				m := newMutant(t)
				m.set(main, main+"~6")
				m.forge(m.key, func(all []ledger.Entry) []ledger.Entry {
					for i, e := range all {
						if e.Kind == ledger.LandingIntent {
							return all[:i]
						}
					}
					return all
				})
				r = run(t, m.dir, verify.Options{})
			} else {
				m := newMutant(t)
				mutate(m)
				r = run(t, m.dir, verify.Options{})
			}
			if !r.Holds() || !slices.ContainsFunc(r.Warnings, func(p verify.Problem) bool { return p.Code == want }) {
				t.Errorf("failures %v, warnings %v", r.Failures, r.Warnings)
			}
		})
	}
}

// TestExpired warns of a root that nobody renewed.
func TestExpired(t *testing.T) {
	t.Parallel()
	repo, err := git.Open(t.Context(), history(t).house.git())
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	r, err := verify.Run(t.Context(), repo, verify.Options{Now: time.Now().AddDate(2, 0, 0)})
	if err != nil || !r.Holds() || !slices.ContainsFunc(r.Warnings, func(p verify.Problem) bool { return p.Code == verify.RootExpired }) {
		t.Errorf("%v, %+v", err, r)
	}
}
