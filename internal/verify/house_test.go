package verify_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/trust"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	kustomize.Init()
	if len(os.Args) == 3 && os.Args[1] == "hook" {
		err := door.RunHook(context.Background(), os.Args[2], door.HookEnv{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv})
		if err != nil {
			if !errors.Is(err, door.ErrRefused) {
				fmt.Fprintln(os.Stderr, "adamant:", err)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if built.dir != "" {
		if err := os.RemoveAll(built.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const config = `apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: sample}
spec:
  phase: 3
  risk:
    matrix:
      low: {gates: [], merge: auto}
      medium: {gates: [], merge: auto}
      high: {gates: [approval], merge: manual}
      critical: {gates: [], merge: auto}
`

// house is a clone, its kernel, and a real daemon on it, in a folder that outlives a single test.
type house struct {
	dir    string // everything is below
	keys   string // an operator's SSH key
	at     daemon.Addresses
	client *desk.Client
	stop   func() error
}

func (h *house) clone() string  { return filepath.Join(h.dir, "clone") }
func (h *house) kernel() string { return filepath.Join(h.dir, "sample") }
func (h *house) git() string    { return filepath.Join(h.kernel(), "kernel.git") }

// run runs git in the clone.
func (h *house) run(args ...string) (string, error) { return runGit(h.clone(), args...) }

func runGit(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// up starts the daemon.
func (h *house) up() error {
	ctx, cancel := context.WithCancel(context.Background())
	repo, err := git.Open(ctx, h.clone())
	if err != nil {
		cancel()
		return err
	}
	k, err := kernel.Create(ctx, h.kernel(), repo, kernel.Options{})
	if err := errors.Join(err, repo.Close()); err != nil {
		cancel()
		return err
	}
	self, err := os.Executable()
	if err != nil {
		cancel()
		return err
	}
	ready, ended := make(chan daemon.Addresses, 1), make(chan error, 1)
	places := judge.Places{Cache: filepath.Join(h.dir, "cache"), State: filepath.Join(h.dir, "state"), Data: filepath.Join(h.dir, "data")}
	go func() {
		ended <- daemon.Run(ctx, daemon.Config{Kernel: k, Name: "sample", State: filepath.Join(h.dir, "state"), Places: places, Hook: []string{self, "hook"},
			Version: "test", Getenv: os.Getenv, Now: time.Now, Ready: func(a daemon.Addresses) { ready <- a }})
	}()
	select {
	case err := <-ended:
		cancel()
		return fmt.Errorf("the daemon ended at once: %w", err)
	case h.at = <-ready:
	}
	h.client = desk.NewClient(h.at.Socket).Within(5 * time.Minute)
	h.stop = func() error { cancel(); return <-ended }
	return nil
}

func (h *house) call(method, path, id string, in, out any) error {
	return h.client.Call(context.Background(), method, path, id, in, out)
}

// propose pushes a change of one file and gives its id.
func (h *house) propose(path, text string) (string, error) {
	return h.proposeAll(strings.ReplaceAll(path, "/", "-"), map[string]string{path: text})
}

// proposeAll pushes a change and gives its id.
func (h *house) proposeAll(topic string, files map[string]string) (string, error) {
	var made api.NewToken
	if err := h.call("POST", api.PathTokens, "", door.Grant{Role: door.RolePerson, Name: "ada", Write: true, Expires: time.Now().Add(time.Hour)}, &made); err != nil {
		return "", err
	}
	if _, err := h.run("switch", "-q", "-C", topic, "main"); err != nil {
		return "", err
	}
	if err := h.commit("Write "+topic, files); err != nil {
		return "", err
	}
	out, err := h.run("push", "-o", "topic="+topic, strings.Replace(h.at.Door, "http://", "http://x:"+made.Token+"@", 1), "HEAD:refs/for/main")
	if err != nil {
		return "", err
	}
	id := regexp.MustCompile(`\b[0-9a-f]{16}\b`).FindString(out)
	if id == "" {
		return "", fmt.Errorf("the door named no change: %s", out)
	}
	return id, nil
}

// commit writes and commits files.
func (h *house) commit(message string, files map[string]string) error {
	for path, text := range files {
		full := filepath.Join(h.clone(), path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	if _, err := h.run("add", "-A"); err != nil {
		return err
	}
	_, err := h.run("commit", "-q", "-m", message)
	return err
}

// await waits until a change has a status.
func (h *house) await(id string, want change.Status) error {
	var c desk.Change
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err := h.call("GET", desk.PathChange, id, nil, &c); err != nil {
			return err
		}
		if c.Status == string(want) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("change %s is %s, want %s: %s", id, c.Status, want, c.Verdict)
		}
	}
}

// fixture is what a real daemon left behind.
type fixture struct {
	dir   string
	house *house
	high  string // the change that was approved
	err   error
}

var (
	built fixture
	once  sync.Once
)

// history is a kernel with a history of every kind: a change of prose, a batch, an approved change, a revert. It is made once, by a
// real daemon, and read only.
func history(t testing.TB) *fixture {
	t.Helper()
	once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "adamant-verify"); built.err == nil {
			built.house = &house{dir: built.dir}
			built.err = built.live()
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return &built
}

// live is the fixture's life.
func (f *fixture) live() (err error) {
	h := f.house
	if err := h.found(); err != nil {
		return err
	}
	if err := h.up(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	if err := h.enrol(); err != nil {
		return err
	}
	if err := h.layRoot(); err != nil {
		return err
	}
	first, err := h.propose("docs/a.md", "# A\n\nA word.\n")
	if err == nil {
		err = h.await(first, change.Merged)
	}
	if err == nil {
		err = h.batch()
	}
	if err == nil {
		f.high, err = h.propose("auth/session.go", "package auth\n\nconst Hours = 1\n")
	}
	if err == nil {
		err = h.await(f.high, change.NeedsOperator)
	}
	if err == nil {
		err = h.approve(f.high)
	}
	if err == nil {
		err = h.await(f.high, change.Merged)
	}
	if err != nil {
		return err
	}
	var a desk.Answer
	if err := h.call("POST", api.PathRevert, first, api.Reason{Reason: "not yet"}, &a); err != nil {
		return err
	}
	if err := errors.Join(h.await(a.Change, change.Merged), h.await(first, change.Reverted)); err != nil {
		return err
	}
	if err := h.attested(); err != nil {
		return err
	}
	return h.build()
}

// attested waits until the newest commit has its statements.
func (h *house) attested() error {
	repo, err := git.Open(context.Background(), h.git())
	if err != nil {
		return err
	}
	defer repo.Close()
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		main, err := repo.Ref(context.Background(), kernel.RefMain)
		if err != nil {
			return err
		}
		entries, err := attest.Of(context.Background(), repo, attest.Ref, string(main))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(entries, func(e attest.Entry) bool { return e.Kind == attest.KindSource }) {
			return nil
		}
	}
	var s api.Status
	err = h.call("GET", api.PathStatus, "", nil, &s)
	return errors.Join(err, fmt.Errorf("the last landing is not attested: %v", s.Problems))
}

// program is what the artifact of the fixture is called; its bytes are, too.
const program = "program"

// build has the daemon sign what a build of main's tip and a look at the artifact say.
func (h *house) build() error {
	commit, err := runGit(h.git(), "rev-parse", kernel.RefMain)
	if err != nil {
		return err
	}
	text, err := provenance("sample", commit, trust.Builder("sample", trust.BuilderWorkstation, "here").String(), program)
	if err != nil {
		return err
	}
	bom, err := attest.Statement{Type: attest.StatementType, PredicateType: "https://cyclonedx.org/bom", Predicate: json.RawMessage(`{}`),
		Subject: []attest.Subject{{Name: program, Digest: map[string]string{attest.SHA256: sha([]byte(program))}}}}.Text()
	if err != nil {
		return err
	}
	for kind, text := range map[attest.Kind][]byte{attest.KindProvenance: text, attest.KindSBOM: bom} {
		if err := h.call("POST", notary.PathAttest, "", notary.Statement{As: "builder/workstation/here", Statement: text, Kind: string(kind)}, &notary.Signed{}); err != nil {
			return err
		}
	}
	return nil
}

// provenance states that an artifact was built from a commit.
func provenance(repository, commit, builder, artifact string) ([]byte, error) {
	target, err := build.Complete(manifest.Build{Name: "api", Kind: "go", Directory: "api"})
	if err != nil {
		return nil, err
	}
	at := time.Now().UTC().Truncate(time.Second)
	digest := sha([]byte(artifact))
	r := build.Record{Job: build.Job{Repository: repository, Commit: git.OID(commit), Ref: kernel.RefMain, Target: target, Invocation: "1"},
		Artifacts: []build.Artifact{{Name: artifact, SHA256: digest}}, LogSHA256: digest, Started: at, Finished: at,
		Resolved: []build.Descriptor{{Name: "source", Digest: map[string]string{attest.GitCommit: commit}}}}
	return r.Statement(builder, "test")
}

// layRoot makes the signing keys and lands the first root, signed by the operator.
func (h *house) layRoot() error {
	authority, err := trust.Init(filepath.Join(h.kernel(), "trust"), trust.Options{Repository: "sample", Now: time.Now})
	if err != nil {
		return err
	}
	start := time.Now().Add(-time.Hour)
	owner, err := h.trustKey("ada", h.keys, start)
	if err != nil {
		return err
	}
	gate, err := h.trustKey("gate", filepath.Join(h.kernel(), "ledger_key"), start)
	if err != nil {
		return err
	}
	genesis, err := h.run("rev-parse", "main")
	if err != nil {
		return err
	}
	root := trust.FirstRoot("sample", genesis, []trust.Key{owner}, gate, time.Now(), time.Now().AddDate(1, 0, 0))
	files, err := (*trust.Chain)(nil).Publish(context.Background(), root, authority.TrustedRoot(), signer{h.keys})
	if err != nil {
		return err
	}
	named := map[string]string{}
	for name, data := range files {
		named[trust.Dir+"/"+name] = string(data)
	}
	id, err := h.proposeAll("trust", named)
	if err != nil {
		return err
	}
	return h.await(id, change.Merged)
}

// trustKey is a key of a file, as a root has it.
func (h *house) trustKey(name, file string, start time.Time) (trust.Key, error) {
	key, err := private(file)
	if err != nil {
		return trust.Key{}, err
	}
	return trust.NewKey(name, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), start)
}

func private(file string) (ssh.Signer, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ssh.ParsePrivateKey(data)
}

// signer signs roots with a key of a file.
type signer struct{ file string }

func (s signer) Sign(_ context.Context, namespace, text string) (string, error) {
	key, err := private(s.file)
	if err != nil {
		return "", err
	}
	armored, err := sshsig.Sign(key, namespace, []byte(text))
	return string(armored), err
}

// found makes the clone and the operator's key.
func (h *house) found() error {
	if err := os.Mkdir(h.clone(), 0o755); err != nil {
		return err
	}
	if _, err := h.run("init", "-q", "-b", "main", "."); err != nil {
		return err
	}
	err := h.commit("start", map[string]string{".adamant/adamant.yaml": config, "README.md": "# Sample\n\nA sample.\n", "src/add.py": "def add(a, b):\n    return a + b\n"})
	if err != nil {
		return err
	}
	h.keys = filepath.Join(h.dir, "key")
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", h.keys).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ssh-keygen: %w\n%s", err, out)
	}
	return nil
}

// enrol makes the key the operator's.
func (h *house) enrol() error {
	now := time.Now().UTC().Truncate(time.Second)
	key, err := private(h.keys)
	if err != nil {
		return err
	}
	o := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionEnrol, Operator: "ada", Method: gate.MethodSSH,
		Public: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey()))), Nonce: nonce(), At: now, Expires: now.Add(time.Hour)}
	text, err := o.Text()
	if err != nil {
		return err
	}
	held, err := signer{h.keys}.Sign(context.Background(), operator.NamespaceOrder, text)
	if err != nil {
		return err
	}
	return h.call("POST", desk.PathOperators, "", desk.Enrolment{Proof: desk.Proof{Statement: text, Method: operator.MethodOwner},
		New: desk.Proof{Method: gate.MethodSSH, Signature: held}}, &desk.Enrolled{})
}

// approve answers everything that a change waits for.
func (h *house) approve(id string) error {
	var c desk.Change
	var v gate.Verdict
	var who desk.Operators
	err := errors.Join(h.call("GET", desk.PathChange, id, nil, &c), h.call("GET", desk.PathOperators, "", nil, &who))
	if err == nil {
		err = json.Unmarshal(c.Verdict, &v)
	}
	if err != nil {
		return err
	}
	s := gate.Draft(&v, nil)
	s.Nonce, s.At = nonce(), time.Now().UTC().Truncate(time.Second)
	s.Expires = s.At.Add(time.Hour)
	text, err := s.Text()
	if err != nil {
		return err
	}
	signature, err := signer{h.keys}.Sign(context.Background(), operator.NamespaceApproval, text)
	if err != nil {
		return err
	}
	return h.call("POST", desk.PathApprovals, id, desk.Proof{Statement: text, Method: gate.MethodSSH, Key: who.Keys[0].ID, Signature: signature}, &desk.Answer{})
}

// nonce is 32 hex digits that were not used before.
func nonce() string {
	raw := make([]byte, 16)
	rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

// batch has two changes land in one move.
func (h *house) batch() error {
	var p api.Pause
	if err := h.call("POST", api.PathPause, "", api.Reason{Reason: "to have two"}, &p); err != nil {
		return err
	}
	var ids []string
	for _, name := range []string{"docs/b.md", "docs/c.md"} {
		id, err := h.propose(name, "# Title\n\nA word in "+name+".\n")
		if err == nil {
			err = h.await(id, change.Queued)
		}
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for arriving := true; arriving; time.Sleep(20 * time.Millisecond) { // a change's state says queued a moment before the queue has it
		var q api.Queue
		if err := h.call("GET", api.PathQueue, "", nil, &q); err != nil {
			return err
		}
		arriving = slices.ContainsFunc(q.Entries, func(e api.Entry) bool { return e.State == "arriving" })
	}
	if err := h.call("POST", api.PathResume, "", api.Reason{}, &p); err != nil {
		return err
	}
	return errors.Join(h.await(ids[0], change.Merged), h.await(ids[1], change.Merged))
}
