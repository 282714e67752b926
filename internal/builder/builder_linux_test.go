package builder

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rhysd/actionlint"
	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/manifest/schematest"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/sshsig"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

const forge = "https://adamant.dev/id/shop/builder/dedicated/forge"

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func keyOf(t testing.TB, seed byte) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return must(ssh.NewSignerFromKey(private))(t), private
}

// folder is one that the users of builds can go through.
func folder(t testing.TB) string {
	t.Helper()
	dir := must(os.MkdirTemp("", "adamant-builder-"))(t)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// site is a dedicated builder: signer, control plane and a repository to build from.
type site struct {
	config  Config
	server  *Server
	builder *build.Builder
	source  *gittest.Repo
	asker   ssh.Signer
	signer  ssh.PublicKey
	commit  string
	now     time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{source: gittest.New(t), now: time.Now()}
	asker, _ := keyOf(t, 1)
	signer, private := keyOf(t, 2)
	s.asker, s.signer = asker, signer.PublicKey()
	dir := folder(t)
	s.config = Config{Identity: forge, Source: s.source.Dir, Listen: "127.0.0.1:0", Dir: filepath.Join(dir, "dir"), Socket: filepath.Join(dir, "signer.sock"),
		Key: filepath.Join(dir, "key"), Control: os.Geteuid(), Askers: []string{string(ssh.MarshalAuthorizedKey(asker.PublicKey()))}}
	if err := s.config.Check(); err != nil {
		t.Fatal(err)
	}
	block := must(ssh.MarshalPrivateKey(private, ""))(t)
	if err := os.WriteFile(s.config.Key, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	s.source.Write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: shop}\nspec:\n  build:\n    - {name: note, kind: custom, command: ['test -f README && cp README \"$OUT/note\"']}\n")
	s.source.Write("README", "a shop\n")
	s.commit = s.source.Commit("one")
	mirror := must(git.InitBare(t.Context(), filepath.Join(dir, "source"), git.InitOptions{}))(t)
	t.Cleanup(func() { _ = mirror.Close() })
	box := must(sandbox.New(t.Context(), sandbox.Options{Self: must(os.Executable())(t)}))(t)
	s.builder = must(build.New(build.Options{Source: mirror, Dir: s.config.Dir, Sandbox: box, Path: os.Getenv("PATH"), Now: time.Now}))(t)
	s.server = must(NewServer(s.config, s.builder, mirror, func() time.Time { return s.now }))(t)
	s.sign(t, s.config)
	return s
}

// sign runs the signer.
func (s *site) sign(t *testing.T, c Config) {
	t.Helper()
	signer := must(NewSigner(c, "test"))(t)
	listener := must((&net.ListenConfig{}).Listen(t.Context(), "unix", c.Socket))(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- signer.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func (s *site) job() Job {
	return Job{Builder: forge, Commit: s.commit, Target: "note", Invocation: "ABCDEFGHIJKLMNOP", At: s.now}
}

func ordered(t testing.TB, key ssh.Signer, namespace string, job any) []byte {
	t.Helper()
	text := must(manifest.CanonicalJSON(job))(t)
	signature := must(sshsig.Sign(key, namespace, text))(t)
	return must(json.Marshal(Order{text, string(signature)}))(t)
}

func (s *site) post(t *testing.T, order []byte) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.server.order(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, PathBuild, bytes.NewReader(order)))
	return w
}

func TestBuildsWhatIsOrdered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.post(t, ordered(t, s.asker, NamespaceJob, s.job()))
	var built Built
	if err := json.Unmarshal(w.Body.Bytes(), &built); w.Code != http.StatusOK || err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	signature := must(sshsig.Verify([]byte(built.Signature), NamespaceStatement, built.Statement))(t)
	if !bytes.Equal(signature.Key.Marshal(), s.signer.Marshal()) {
		t.Error("somebody else signed")
	}
	if err := schematest.Validate(t, "Provenance", built.Statement); err != nil {
		t.Error(err)
	}
	statement := must(build.ReadStatement(built.Statement))(t)
	if statement.Predicate.RunDetails.Builder.ID != forge || statement.Subject[0].Digest["sha256"] != built.Artifacts[0].SHA256 ||
		statement.Predicate.BuildDefinition.ExternalParameters.Source.Digest["gitCommit"] != s.commit {
		t.Errorf("%s", built.Statement)
	}
	if again := s.post(t, ordered(t, s.asker, NamespaceJob, s.job())); again.Code != http.StatusForbidden {
		t.Errorf("the same order twice: %d %s", again.Code, again.Body)
	}
	get := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	get.SetPathValue("invocation", s.job().Invocation)
	get.SetPathValue("n", "0")
	w = httptest.NewRecorder()
	s.server.artifact(w, get)
	if w.Body.String() != "a shop\n" {
		t.Errorf("the artifact: %d %q", w.Code, w.Body)
	}
}

func TestOrdersRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stranger, _ := keyOf(t, 3)
	change := func(f func(*Job)) []byte {
		j := s.job()
		f(&j)
		return ordered(t, s.asker, NamespaceJob, j)
	}
	s.source.Git("switch", "-q", "-c", "side")
	s.source.Write("README", "beside\n")
	side := s.source.Commit("beside main")
	edited := bytes.Replace(ordered(t, s.asker, NamespaceJob, s.job()), []byte(`"target":"note"`), []byte(`"target":"mote"`), 1)
	for name, c := range map[string]struct {
		order []byte
		want  string
	}{
		"text":              {[]byte("build it"), "cannot be read"},
		"stranger":          {ordered(t, stranger, NamespaceJob, s.job()), "may not ask"},
		"another namespace": {ordered(t, s.asker, sshsig.NamespaceApproval, s.job()), "signature"},
		"edited":            {edited, "signature"},
		"a parameter":       {ordered(t, s.asker, NamespaceJob, map[string]any{"commit": s.commit, "target": "note", "env": "x"}), "unknown field"},
		"another builder":   {change(func(j *Job) { j.Builder = "https://adamant.dev/id/shop/builder/dedicated/other" }), "is for"},
		"old":               {change(func(j *Job) { j.At = s.now.Add(-time.Hour) }), "the order is of"},
		"of tomorrow":       {change(func(j *Job) { j.At = s.now.Add(time.Hour) }), "the order is of"},
		"a path":            {change(func(j *Job) { j.Invocation = "../../../../../../etc" }), "invocation"},
		"beside main":       {change(func(j *Job) { j.Commit, j.Invocation = side, "BBBBBBBBBBBBBBBB" }), "not on main"},
		"no such target":    {change(func(j *Job) { j.Target, j.Invocation = "none", "CCCCCCCCCCCCCCCC" }), "no build target"},
	} {
		if w := s.post(t, c.order); w.Code == http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

// TestSignerAnswersNobodyElse: the system says who asks.
func TestSignerAnswersNobodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.config
	c.Control, c.Socket = os.Geteuid()+1, filepath.Join(filepath.Dir(c.Socket), "other.sock")
	s.sign(t, c)
	if _, err := askSigner(t.Context(), c.Socket, &build.Record{}); err == nil || !strings.Contains(err.Error(), "control plane's") {
		t.Error(err)
	}
	if _, err := askSigner(t.Context(), s.config.Socket, &build.Record{}); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("an empty record: %v", err)
	}
}

func TestSignerStatesRecordsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	signer := must(NewSigner(s.config, "test"))(t)
	for _, text := range []string{`{"_type":"https://in-toto.io/Statement/v1"}`, `{"job":{"dirty":true}}`, `{"builder":"x"}`, `[]`, ``} {
		if stated, err := signer.State([]byte(text)); err == nil {
			t.Errorf("%s: %s", text, stated.Statement)
		}
	}
	if err := os.Chmod(s.config.Key, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner(s.config, "test"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}

func (s *site) place(t *testing.T, dedicated bool) Place {
	t.Helper()
	dir := folder(t)
	source := must(git.InitBare(t.Context(), filepath.Join(dir, "source"), git.InitOptions{}))(t)
	t.Cleanup(func() { _ = source.Close() })
	box := must(sandbox.New(t.Context(), sandbox.Options{Self: must(os.Executable())(t)}))(t)
	b := must(build.New(build.Options{Source: source, Dir: filepath.Join(dir, "builder"), Sandbox: box, Path: os.Getenv("PATH"), Now: time.Now}))(t)
	p := Place{Repository: "shop", Trials: &Trials{Source: source, Builder: b, Dir: dir, ID: forge, Version: "test"}}
	if dedicated {
		p.Config, p.ConfigPath = &s.config, filepath.Join("/etc", "hostname")
	}
	return p
}

func states(r Report, state string) []string {
	var out []string
	for _, c := range r.Clauses {
		if c.State == state {
			out = append(out, c.Name)
		}
	}
	slices.Sort(out)
	return out
}

// TestDoctorOfAWorkstation: however well its sandbox holds, it claims L1.
func TestDoctorOfAWorkstation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := must(Doctor(t.Context(), s.place(t, false)))(t)
	want := []string{"hosted", "key apart", "unforgeable"}
	if os.Geteuid() != 0 {
		want = []string{"hosted", "key apart", "own user", "unforgeable"}
	}
	if r.Level != 1 || !slices.Equal(states(r, Fail), want) || !slices.Equal(states(r, Untested), []string{"caches"}) {
		t.Errorf("%+v", r)
	}
	p := s.place(t, false)
	p.Trials, p.Missing = nil, os.ErrPermission
	if r := must(Doctor(t.Context(), p))(t); len(states(r, Pass)) > 0 || r.Level != 1 {
		t.Errorf("without a sandbox: %+v", r)
	}
}

// TestDoctorSeesWhatIsWrong: signer and control plane are one user here, and the trials are told of it.
func TestDoctorSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := must(Doctor(t.Context(), s.place(t, true)))(t)
	failed := states(r, Fail)
	if !slices.Contains(failed, "key apart") || slices.Contains(failed, "unforgeable") || r.Level != 1 {
		t.Errorf("%+v", r)
	}
	for _, c := range r.Clauses {
		t.Log(c.State, c.Name, c.Saw)
	}
}

// bareBox is a sandbox that is none: builds run as this user, among the host's files.
type bareBox struct{ *sandbox.Sandbox }

func (b bareBox) Start(ctx context.Context, spec sandbox.Spec) (*sandbox.Process, error) {
	within := func(path string, m sandbox.Mount) string {
		if path == m.Target || strings.HasPrefix(path, m.Target+"/") {
			return m.Source + path[len(m.Target):]
		}
		return path
	}
	for _, m := range spec.Mounts {
		spec.Dir = within(spec.Dir, m)
		for i, pair := range spec.Env {
			name, value, _ := strings.Cut(pair, "=")
			spec.Env[i] = name + "=" + within(value, m)
		}
	}
	spec.Env = append(spec.Env, "INHERITED=from the host")
	spec.View, spec.Mounts, spec.Identity = sandbox.ViewHost, nil, sandbox.Self()
	return b.Sandbox.Start(ctx, spec)
}

// TestTrialsFindWhatIsThere: without a sandbox each trial gets through, so that none passes for want of trying.
func TestTrialsFindWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.place(t, true)
	weak := must(sandbox.New(t.Context(), sandbox.Options{Weaker: true}))(t)
	p.Trials.Builder = must(build.New(build.Options{Source: p.Trials.Source, Dir: filepath.Join(p.Trials.Dir, "weak"), Sandbox: bareBox{weak}, Path: os.Getenv("PATH"), Now: time.Now}))(t)
	r := must(Doctor(t.Context(), p))(t)
	want := []string{"authentic", "complete", "ephemeral", "isolated", "key apart", "no network", "own user", "unforgeable"}
	failed := states(r, Fail)
	for _, name := range want {
		if !slices.Contains(failed, name) && (name != "own user" || os.Geteuid() != 0) {
			t.Errorf("%s holds without a sandbox", name)
		}
	}
	for _, c := range r.Clauses {
		t.Log(c.State, c.Name, c.Saw)
	}
}

// TestWorkflow: GitHub's own rules, by actionlint, find nothing wrong, and every action is pinned by commit.
func TestWorkflow(t *testing.T) {
	t.Parallel()
	text := Workflow("v0.1.0", "v3.1.3")
	linter := must(actionlint.NewLinter(&bytes.Buffer{}, &actionlint.LinterOptions{}))(t)
	for _, e := range must(linter.Lint("adamant-build.yml", []byte(text), nil))(t) {
		t.Error(e)
	}
	for line := range strings.Lines(text) {
		if _, action, found := strings.Cut(line, "uses: "); found && len(strings.SplitN(action, "@", 2)[1]) < 40 || strings.Contains(line, "{upload}") {
			t.Error(line)
		}
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.config
	c.Key, c.Socket, c.Dir = "/var/lib/adamant-signer/key", "/run/adamant-builder/signer.sock", "/var/lib/adamant-builder"
	files := must(Install{Config: c, ConfigPath: "/etc/adamant/builder.json", Program: "/usr/local/bin/adamant"}.Files())(t)
	path := filepath.Join(t.TempDir(), "builder.json")
	if err := os.WriteFile(path, []byte(files[0].Text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := must(ReadConfig(path))(t); got.Identity != forge || got.Key != c.Key {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{"User=adamant-signer", "PrivateNetwork=yes", "LimitCORE=1"} {
		if !strings.Contains(files[1].Text, want) {
			t.Errorf("the signer's unit lacks %s", want)
		}
	}
	if !strings.Contains(files[2].Text, "InaccessiblePaths=-"+c.Key) {
		t.Error("the control plane sees the key")
	}
	if _, err := (Install{Config: c, ConfigPath: "/etc/a b", Program: "/x"}).Files(); err == nil {
		t.Error("a path with a space stands in a unit")
	}
}

// TestUnitsVerify: systemd has nothing to say about the units. It has about one with a mistake.
func TestUnitsVerify(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed: nobody verifies the units here")
	}
	s := newSite(t)
	files := must(Install{Config: s.config, ConfigPath: "/etc/adamant/builder.json", Program: must(os.Executable())(t)}.Files())(t)
	dir := t.TempDir()
	verify := func(edit func(string) string) string {
		args := []string{"verify"}
		for _, f := range files[1:] {
			path := filepath.Join(dir, filepath.Base(f.Path))
			if err := os.WriteFile(path, []byte(edit(f.Text)), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
		out, _ := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput() // it speaks about the machine's other units, too
		return strings.Join(slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return !strings.Contains(line, "adamant-builder") }), "\n")
	}
	if said := verify(func(text string) string { return text }); said != "" {
		t.Error(said)
	}
	for name, edit := range map[string][2]string{"a key": {"KillMode=", "KilMode="}, "a value": {"ProtectProc=invisible", "ProtectProc=gone"}, "a unit": {"Requires=", "Requires=no-such.service "}} {
		if said := verify(func(text string) string { return strings.Replace(text, edit[0], edit[1], 1) }); said == "" {
			t.Errorf("%s with a mistake passes", name)
		}
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, change := range map[string]func(*Config){
		"a workstation":   func(c *Config) { c.Identity = "https://adamant.dev/id/shop/builder/workstation/local" },
		"the gate":        func(c *Config) { c.Identity = "https://adamant.dev/id/shop/gate" },
		"a relative path": func(c *Config) { c.Key = "key" },
		"nobody asks":     func(c *Config) { c.Askers = nil },
		"no key":          func(c *Config) { c.Askers = []string{"ada"} },
		"no source":       func(c *Config) { c.Source = "" },
	} {
		c := s.config
		change(&c)
		if c.Check() == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestCertified(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var built Built
	if err := json.Unmarshal(s.post(t, ordered(t, s.asker, NamespaceJob, s.job())).Body.Bytes(), &built); err != nil {
		t.Fatal(err)
	}
	line := string(ssh.MarshalAuthorizedKey(s.signer))
	listed := []manifest.DedicatedBuilder{{Identity: forge, Key: line}}
	if id, err := Certified(built.Stated, "shop", listed); err != nil || id.String() != forge {
		t.Errorf("%v, %v", id, err)
	}
	edited, resigned := built.Stated, built.Stated
	edited.Statement = bytes.Replace(edited.Statement, []byte(`"name":"note"`), []byte(`"name":"mote"`), 1)
	resigned.Signature = string(must(sshsig.Sign(s.asker, NamespaceStatement, built.Statement))(t))
	stranger := []manifest.DedicatedBuilder{{Identity: forge, Key: string(ssh.MarshalAuthorizedKey(s.asker.PublicKey()))}}
	other := []manifest.DedicatedBuilder{{Identity: "https://adamant.dev/id/shop/builder/dedicated/other", Key: line}}
	local := built.Stated
	local.Statement = bytes.ReplaceAll(local.Statement, []byte("dedicated/forge"), []byte("workstation/forge"))
	for name, c := range map[string]struct {
		stated     Stated
		repository string
		listed     []manifest.DedicatedBuilder
	}{
		"edited": {edited, "shop", listed}, "by another key": {resigned, "shop", listed}, "another key listed": {built.Stated, "shop", stranger},
		"the key of another": {built.Stated, "shop", other}, "another repository": {built.Stated, "web", listed}, "nobody listed": {built.Stated, "shop", nil},
		"a workstation": {local, "shop", listed},
	} {
		if id, err := Certified(c.stated, c.repository, c.listed); err == nil {
			t.Errorf("%s: certified as %s", name, id)
		}
	}
}
