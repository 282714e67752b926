package cli

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/desk/desktest"
	"github.com/adamant-os/adamant/internal/risk"
)

// typist is an operator who types commands at a desk.
type typist struct {
	t      *testing.T
	desk   *desktest.Server
	socket string
	dir    string
	answer func(said string) string // what is typed, by what was shown on stderr
	now    time.Time
}

const (
	highID     = "a1f0000000000000000000000000000000000000000000000000000000000001"
	criticalID = "c2f0000000000000000000000000000000000000000000000000000000000002"
	missingID  = "d3f0000000000000000000000000000000000000000000000000000000000003"
)

func newTypist(t *testing.T) *typist {
	t.Helper()
	k := &typist{t: t, answer: func(string) string { return "" }, dir: t.TempDir(), now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	k.desk = desktest.New(t, func() time.Time { return k.now }, operator.Options{Secrets: operator.SecretFiles{Dir: filepath.Join(k.dir, "secrets")}, Page: "http://localhost:4000"})
	k.socket = k.desk.Listen(t)
	k.desk.Open(t, desk.Change{ID: highID, Title: "Sessions end after an hour", Author: "coder", Agent: "coder", Status: "needs-operator", PatchSet: 2}, desktest.Assessment(risk.High), k.now.Add(-3*time.Hour))
	missing := desktest.Assessment(risk.High)
	missing.Gates = append(missing.Gates[:1], gate.Gate{Name: "load", State: gate.Unavailable, Reason: "no check of kind load is declared"})
	k.desk.Open(t, desk.Change{ID: missingID, Title: "A faster search", Author: "ada", Status: "reviewing", PatchSet: 1}, missing, k.now.Add(-5*24*time.Hour))
	k.desk.Open(t, desk.Change{ID: criticalID, Title: "Rotate the root key", Author: "ada", Status: "needs-operator", PatchSet: 1, Page: "http://localhost:4000/approve/" + criticalID}, desktest.Assessment(risk.Critical), k.now)
	return k
}

// key makes a real SSH key and gives its file.
func (k *typist) key(name string) string {
	k.t.Helper()
	file := filepath.Join(k.dir, name)
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file).CombinedOutput(); err != nil {
		k.t.Fatalf("%v: %s", err, out)
	}
	return file
}

// typed is a standard input that is made up when it is read.
type typed func() string

func (f typed) Read(p []byte) (int, error) {
	text := f()
	if text == "" {
		return 0, io.EOF
	}
	return copy(p, text), nil
}

func (k *typist) run(args ...string) (code int, stdout, stderr string) {
	k.t.Helper()
	var out, said bytes.Buffer
	env := &Env{Stdin: typed(func() string { return k.answer(said.String()) }), Stdout: &out, Stderr: &said, Dir: k.dir, Now: func() time.Time { return k.now },
		Getenv: func(name string) string {
			return map[string]string{"HOME": k.dir, "PATH": os.Getenv("PATH"), "ADAMANT_SOCKET": k.socket}[name]
		}}
	code = Main(k.t.Context(), env, args)
	return code, out.String(), said.String()
}

// want runs a command and checks its exit code and what it said on both streams.
func (k *typist) want(code int, part string, args ...string) string {
	k.t.Helper()
	got, stdout, stderr := k.run(args...)
	if got != code || !strings.Contains(stdout+stderr, part) {
		k.t.Fatalf("adamant %s: exit %d, want %d with %q\n%s%s", strings.Join(args, " "), got, code, part, stdout, stderr)
	}
	for line := range strings.Lines(stdout) {
		if len([]rune(strings.TrimRight(line, "\n"))) > 100 && !strings.HasPrefix(line, "{") {
			k.t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	return stdout
}

// An operator's first day, from the first key to a revoked one.
func TestOperatorsDay(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	first, second := k.key("laptop"), k.key("desktop")
	k.want(ExitOK, "No key is enrolled", "operator", "list")
	k.want(ExitUsage, "no key is enrolled", "approve", highID, "--yes")
	out := k.want(ExitOK, "Recovery codes", "operator", "enrol", "ada", "--new", first, "--label", "laptop")
	codes := regexp.MustCompile(`\d\d-[A-Z2-7-]{23}`).FindAllString(out, -1)
	if len(codes) != 10 {
		t.Fatalf("%d codes in %s", len(codes), out)
	}
	k.want(ExitOK, "10 recovery codes left", "operator", "list")
	k.want(ExitUsage, "nobody is there to ask", "approve", highID[:12], "--key", first)
	k.want(ExitUsage, "holds no key that is enrolled", "approve", highID[:12], "--key", second, "--yes")
	k.want(ExitOK, "approved by ada (ssh); the gate says allow", "approve", highID[:12], "--key", first, "--yes")
	k.want(ExitDeny, "asks nothing of you", "approve", highID[:12], "--key", first, "--yes")
	k.want(ExitUsage, "there is no change", "approve", "0123456789", "--key", first, "--yes")

	k.want(ExitOK, "enrolled a key of ada", "operator", "enrol", "ada", "--new", second, "--key", first)
	k.want(ExitDeny, "enrolled already", "operator", "enrol", "ada", "--new", second, "--key", first)
	k.want(ExitOK, "revoked 1 keys", "operator", "revoke", keyOf(k, second), "--key", second, "--reason", "sold")
	k.want(ExitUsage, "holds no key", "operator", "codes", "--key", second)
	out = k.want(ExitOK, "new recovery codes", "operator", "codes", "--key", first)
	k.want(ExitDeny, "wrong, or was used", "operator", "recover", "ada", "--new", k.key("thief"), "--code", codes[0])
	fresh := regexp.MustCompile(`\d\d-[A-Z2-7-]{23}`).FindString(out)
	third := k.key("third")
	k.want(ExitOK, "enrolled a key of ada", "operator", "recover", "ada", "--new", third, "--code", fresh, "--lost", keyOf(k, first))
	k.want(ExitHold, "Sessions end after an hour", "inbox") // the lost key's approval no longer counts
	k.want(ExitOK, "the gate says allow", "approve", highID, "--key", third, "--yes")
	k.want(ExitOK, "http://localhost:4000/operator/enrol/", "operator", "enrol", "ada", "--webauthn", "--key", third)
	k.want(ExitOK, "http://localhost:4000/approve/"+criticalID, "approve", criticalID, "--web")
}

// keyOf is the id of the enrolled key of a file.
func keyOf(k *typist, file string) string {
	k.t.Helper()
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		k.t.Fatal(err)
	}
	ops, _ := k.desk.Operators(k.t.Context())
	for _, key := range ops.Keys {
		if strings.HasPrefix(string(public), key.Public) {
			return key.ID
		}
	}
	k.t.Fatalf("%s is not enrolled", file)
	return ""
}

const wantInbox = `Rotate the root key  new
  what  critical, 4 files, +120 -31, onto main
  why   how a session is checked changes (auth/session.go:40)
  do    adamant break-glass c2f0000000000000 --reason TEXT

A faster search  5 days
  what  high, 4 files, +120 -31, onto main
  why   how a session is checked changes (auth/session.go:40)
  do    adamant accept-unavailable d3f0000000000000 load --reason TEXT

Sessions end after an hour (coder)  3 hours
  what  high, 4 files, +120 -31, onto main
  why   how a session is checked changes (auth/session.go:40)
  do    adamant approve a1f0000000000000

3 things.
`

func TestInbox(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	if out := k.want(ExitHold, "", "inbox"); out != wantInbox {
		t.Errorf("got\n%s\nwant\n%s", out, wantInbox)
	}
	k.want(ExitHold, `"level":"critical"`, "inbox", "--json")
	for _, id := range []string{highID, criticalID, missingID} {
		k.want(ExitOK, "rejected: not now", "reject", id, "--reason", "not now")
	}
	k.want(ExitOK, "Nothing needs you.", "inbox")
	k.want(ExitUsage, "say why", "reject", highID)
	k.want(ExitOK, "commented", "comment", highID, "look here", "--at", "auth/session.go:40")
	k.want(ExitUsage, "no line number", "comment", highID, "look here", "--at", "auth/session.go:x")
}

func TestCriticalAndMissing(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	key := k.key("laptop")
	k.want(ExitOK, "", "operator", "enrol", "ada", "--new", key)
	k.want(ExitUsage, "is critical: adamant break-glass", "approve", criticalID, "--key", key, "--yes")
	k.want(ExitUsage, "needs a reason of 20", "break-glass", criticalID, "--key", key, "--yes", "--reason", "because")
	k.want(ExitUsage, "no enrolled key verifies its user", "break-glass", criticalID, "--key", key, "--yes", "--reason", "the old key was in a log file")
	k.want(ExitUsage, "does not ask for it", "break-glass", highID, "--key", key, "--yes", "--reason", "the old key was in a log file")
	k.want(ExitUsage, "needs a reason of 20", "accept-unavailable", missingID, "load", "--key", key, "--yes")
	k.want(ExitUsage, "only missing gates can be accepted", "accept-unavailable", missingID, "unit", "--key", key, "--yes")
	k.want(ExitOK, "the gate says allow", "accept-unavailable", missingID, "load", "--key", key, "--yes", "--reason", "we have no load to test with yet")
}

func TestCodes(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	key := k.key("laptop")
	k.want(ExitOK, "", "operator", "enrol", "ada", "--new", key)
	k.want(ExitUsage, "no code generator", "approve", highID, "--code", "123456", "--yes")
	k.answer = func(string) string { return "000000\n" }
	k.want(ExitDeny, "the new generator does not work", "operator", "enrol", "ada", "--totp", "--key", key)
	var secret string
	code := func() string {
		c, err := totp.GenerateCode(secret, k.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	k.answer = func(said string) string {
		secret = regexp.MustCompile(`secret +([A-Z2-7]+)`).FindStringSubmatch(said)[1]
		return code() + "\n"
	}
	k.want(ExitOK, "for changes up to high", "operator", "enrol", "ada", "--totp", "--key", key)
	k.want(ExitOK, "approved by ada (totp)", "approve", highID, "--code", code(), "--yes")
	k.want(ExitUsage, "no enrolled key verifies", "break-glass", criticalID, "--reason", "the old key was in a log file", "--yes")
}

// Nobody signs a verdict that does not follow from its own assessment.
func TestForgedVerdict(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	key := k.key("laptop")
	k.want(ExitOK, "", "operator", "enrol", "ada", "--new", key)
	for _, edit := range [][2]string{{`"level":"high"`, `"level":"low"`}, {`"head":"2222`, `"head":"9222`}, {`"change":"a1f`, `"change":"b1f`}} {
		k.desk.Forge = func(verdict []byte) []byte { return bytes.ReplaceAll(verdict, []byte(edit[0]), []byte(edit[1])) }
		code, stdout, stderr := k.run("approve", highID, "--key", key, "--yes")
		if code == ExitOK || !strings.Contains(stderr, "the verdict of change a1f0000000000000") {
			t.Errorf("%s: exit %d\n%s%s", edit[1], code, stdout, stderr)
		}
	}
	if got := k.desk.Approvals(highID); len(got) != 0 {
		t.Errorf("%d approvals", len(got))
	}
}

func TestNoDaemon(t *testing.T) {
	t.Parallel()
	k := newTypist(t)
	k.socket = filepath.Join(k.dir, "none")
	for _, args := range [][]string{{"inbox"}, {"approve", highID}, {"reject", highID, "--reason", "x"}, {"comment", highID, "x"}, {"operator", "list"}, {"break-glass", highID, "--reason", "x"}} {
		k.want(ExitUsage, "no daemon listens there; start it: adamant up", args...)
	}
	k.socket = ""
	k.want(ExitUsage, "which kernel?", "inbox")
}

// What to do is a command: cut at the edge of the screen it is none.
func TestInboxShowsWholeCommands(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f := &deskFlags{env: &Env{Stdout: &out, Now: time.Now, Getenv: func(string) string { return "" }}}
	next := "adamant break-glass c2f0 --reason TEXT --accept " + strings.Repeat("regression,", 12)
	f.printItems([]desk.Item{{Title: "Rotate", What: strings.Repeat("long ", 40), Why: "why", Next: next, Since: time.Now()}})
	for line := range strings.Lines(out.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "  do    "); ok && text != next || !ok && len([]rune(line)) > textWidth+1 {
			t.Errorf("%q", line)
		}
	}
}
