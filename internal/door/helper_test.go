package door

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crypto/rand"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/leaktest"
)

// TestMain lets the test binary be its own hook.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "hook" {
		err := RunHook(context.Background(), os.Args[2], HookEnv{os.Stdin, os.Stdout, os.Stderr, os.Getenv})
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				fmt.Fprintln(os.Stderr, "adamant:", err)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	leaktest.Main(m)
}

// bareKernel is two bare repositories as the kernel keeps them.
type bareKernel struct {
	repo, main *git.Repo
	mu         sync.Mutex
}

func (k *bareKernel) Repo() *git.Repo { return k.repo }
func (k *bareKernel) Main() *git.Repo { return k.main }
func (k *bareKernel) UpdateRefs(ctx context.Context, updates []git.RefUpdate) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.repo.UpdateRefs(ctx, updates)
}

// memory is a ledger that forgets.
type memory struct {
	mu      sync.Mutex
	entries []string
	fail    error
}

func (m *memory) Record(_ context.Context, kind, actor string, body json.RawMessage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.entries = append(m.entries, kind+" "+actor+" "+string(body))
	return nil
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a door on loopback before real bare repositories.
type fixture struct {
	t       testing.TB
	door    *Door
	serves  atomic.Pointer[Door] // what the server asks, the door unless a test puts another there
	server  *httptest.Server
	kernel  *bareKernel
	tokens  *Tokens
	journal *memory
	clock   *clock
	log     *lockedBuffer
	dir     string // everything
	seed    string // a clone with main checked out

	mu     sync.Mutex
	pushes []Push
	before func(Push) error // called when a proposal is recorded
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type option func(*Config, *fixture)

func withLimits(l Limits) option { return func(c *Config, _ *fixture) { c.Limits = l } }

// withFiles puts files on main.
func withFiles(files ...string) option {
	return func(_ *Config, f *fixture) { f.files(f.seed, files...) }
}

func withFormat(format string) option {
	return func(_ *Config, f *fixture) {
		if err := os.RemoveAll(filepath.Join(f.seed, ".git")); err != nil {
			f.t.Fatal(err)
		}
		f.git(f.seed, "init", "-q", "-b", "main", "--object-format="+format)
	}
}

func newFixture(t testing.TB, options ...option) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), clock: &clock{now: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)}, journal: &memory{}, log: &lockedBuffer{}}
	f.seed = filepath.Join(f.dir, "seed")
	f.git("", "init", "-q", "-b", "main", f.seed)
	f.files(f.seed, "README.md", "# demo\n", "a/one.go", "package a\n", "b/two.go", "package b\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Name: "demo", Dir: filepath.Join(f.dir, "door"), Hook: []string{self, "hook"}, Now: f.clock.Now, Record: f.record,
		Log: slog.New(slog.NewTextHandler(f.log, nil))}
	for _, o := range options {
		o(&config, f)
	}
	f.commit(f.seed, "first")
	f.makeKernel()
	f.tokens = NewTokens(f.journal, f.clock.Now, rand.Reader)
	config.Kernel, config.Tokens = f.kernel, f.tokens
	if f.door, err = New(config); err != nil {
		t.Fatal(err)
	}
	f.serves.Store(f.door)
	f.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serves.Load().ServeHTTP(w, r) }))
	f.server.Config.ErrorLog = log.New(f.log, "", 0)
	f.server.Start()
	t.Cleanup(func() {
		f.server.Close()
		if text := f.log.String(); strings.Contains(text, "panic") || strings.Contains(text, secretPrefix) {
			t.Errorf("the log holds a panic or a token:\n%s", text)
		}
	})
	return f
}

func (f *fixture) makeKernel() {
	f.t.Helper()
	main, kern := filepath.Join(f.dir, "main.git"), filepath.Join(f.dir, "kernel.git")
	f.git("", "clone", "-q", "--bare", f.seed, main)
	format := f.git(f.seed, "rev-parse", "--show-object-format")
	f.git("", "init", "-q", "--bare", "-b", "main", "--object-format="+format, kern)
	f.write(filepath.Join(kern, "objects/info/alternates"), filepath.Join(main, "objects")+"\n")
	f.git(kern, "update-ref", kernel.RefMain, f.git(f.seed, "rev-parse", "main"))
	open := func(dir string) *git.Repo {
		r, err := git.Open(f.t.Context(), dir)
		if err != nil {
			f.t.Fatal(err)
		}
		f.t.Cleanup(func() {
			if err := r.Close(); err != nil {
				f.t.Error(err)
			}
		})
		return r
	}
	f.kernel = &bareKernel{repo: open(kern), main: open(main)}
}

// record keeps changes by topic, one patch set after the other.
func (f *fixture) record(ctx context.Context, p Push) (Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before != nil {
		if err := f.before(p); err != nil {
			return Receipt{}, err
		}
	}
	topic, n := p.Options["topic"], 1
	for _, earlier := range f.pushes {
		if topic != "" && earlier.Options["topic"] == topic {
			n++
		}
	}
	f.pushes = append(f.pushes, p)
	id := fmt.Sprintf("%064x", len(topic)+1)
	if topic == "" {
		id = fmt.Sprintf("%064x", 1000+len(f.pushes))
	}
	err := f.kernel.UpdateRefs(ctx, []git.RefUpdate{{Name: kernel.ChangePatchSet(id, n), New: p.Head}})
	return Receipt{Change: id[48:], PatchSet: n, URL: f.server.URL + "/changes/" + id[48:], Note: "the gate looks at it now"}, err
}

var testEnv = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
	"GIT_AUTHOR_NAME=Coder", "GIT_AUTHOR_EMAIL=coder@example.com", "GIT_COMMITTER_NAME=Coder", "GIT_COMMITTER_EMAIL=coder@example.com",
	"HOME=/nonexistent", "GIT_TRACE_CURL_NO_DATA=1"}

// try runs git and returns what it printed and whether it went well.
func (f *fixture) try(dir string, args ...string) (string, bool) {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "git", args...)
	cmd.Dir, cmd.Env = dir, testEnv
	out, err := cmd.CombinedOutput()
	return strings.TrimSuffix(string(out), "\n"), err == nil
}

func (f *fixture) git(dir string, args ...string) string {
	f.t.Helper()
	out, ok := f.try(dir, args...)
	if !ok {
		f.t.Fatalf("git %s: %s", strings.Join(args, " "), out)
	}
	return out
}

func (f *fixture) write(path, text string) {
	f.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) files(dir string, files ...string) {
	f.t.Helper()
	for i := 0; i < len(files); i += 2 {
		f.write(filepath.Join(dir, files[i]), files[i+1])
	}
}

func (f *fixture) commit(dir, message string, files ...string) git.OID {
	f.t.Helper()
	f.files(dir, files...)
	f.git(dir, "add", "-A")
	f.git(dir, "commit", "-q", "--allow-empty", "-m", message)
	return git.OID(f.git(dir, "rev-parse", "HEAD"))
}

// token issues one. The zero Expires is in a day.
func (f *fixture) token(g Grant) Secret {
	f.t.Helper()
	if g.Expires.IsZero() {
		g.Expires = f.clock.Now().Add(24 * time.Hour)
	}
	secret, _, err := f.tokens.Issue(f.t.Context(), "operator", g)
	if err != nil {
		f.t.Fatal(err)
	}
	return secret
}

func (f *fixture) coder(agent string) Secret {
	return f.token(Grant{Role: RoleCoder, Agent: agent, Write: true})
}

// remote is the URL of the door with a token in it.
func (f *fixture) remote(s Secret) string {
	u, err := url.Parse(f.server.URL)
	if err != nil {
		f.t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword("x", s.Reveal()), "/demo.git"
	return u.String()
}

// clone is a clone made through the door.
func (f *fixture) clone(s Secret) string {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "clone")
	f.git("", "clone", "-q", f.remote(s), dir)
	return dir
}

// ledger is everything that a refused push must leave alone.
func (f *fixture) state() string {
	f.t.Helper()
	var b strings.Builder
	for _, dir := range []string{f.kernel.repo.GitDir(), f.kernel.main.GitDir()} {
		b.WriteString(f.git(dir, "for-each-ref") + "\n")
		b.WriteString(f.git(dir, "cat-file", "--batch-all-objects", "--batch-check", "--unordered") + "\n")
	}
	left, err := os.ReadDir(f.door.pushes())
	if err != nil {
		f.t.Fatal(err)
	}
	fmt.Fprintf(&b, "%d quarantines\n", len(left))
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// refuses pushes and wants a refusal that says want and leaves nothing.
func (f *fixture) refuses(dir string, want string, args ...string) string {
	f.t.Helper()
	before := f.state()
	out, ok := f.try(dir, append([]string{"push"}, args...)...)
	if ok {
		f.t.Errorf("git push %v went through: %s", args[1:], out)
	}
	if !strings.Contains(out, want) {
		f.t.Errorf("git push %v: want %q in:\n%s", args[1:], want, out)
	}
	if after := f.state(); after != before {
		f.t.Errorf("git push %v left something: %s", args[1:], out)
	}
	return out
}
