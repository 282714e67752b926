package door

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// proposal is a commit on top of main, made without a working tree, and the push that proposes it.
func (f *fixture) proposal(name, content string) (head git.OID, pack []byte) {
	f.t.Helper()
	blob := f.gitIn(f.seed, content, "hash-object", "-w", "--stdin")
	tree := f.gitIn(f.seed, "100644 blob "+blob+"\t"+name+"\n", "mktree")
	head = git.OID(f.gitIn(f.seed, "", "commit-tree", "-p", "main", "-m", "propose "+name, tree))
	return head, f.packObjects(f.seed, string(head), tree, blob)
}

// midway calls fn between the two halves of a body.
func midway(data []byte, fn func()) io.Reader {
	half := len(data) - 10
	return io.MultiReader(bytes.NewReader(data[:half]), &calling{fn: fn}, bytes.NewReader(data[half:]))
}

type calling struct{ fn func() }

func (c *calling) Read([]byte) (int, error) {
	c.fn()
	return 0, io.EOF
}

// A token that ends while a push is under way ends the push.
func TestTokenEndsMidway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head, pack := f.proposal("x", "1\n")
	before := f.state()
	short := f.token(Grant{Role: RoleCoder, Agent: "a", Write: true, Expires: f.clock.Now().Add(time.Minute)})
	_, answer, err := f.post(t.Context(), short, servicePush, midway(body("", head, "refs/for/main", pack), func() { f.clock.advance(2 * time.Minute) }))
	if err != nil || !strings.Contains(answer, "expired at") {
		t.Errorf("%q, %v", answer, err)
	}
	long, grant, err := f.tokens.Issue(t.Context(), "operator", Grant{Role: RoleCoder, Agent: "a", Write: true, Expires: f.clock.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	_, answer, err = f.post(t.Context(), long, servicePush, midway(body("", head, "refs/for/main", pack), func() {
		if err := f.tokens.Revoke(t.Context(), "operator", grant.ID, "test"); err != nil {
			t.Error(err)
		}
	}))
	if err != nil || !strings.Contains(answer, "was revoked") {
		t.Errorf("%q, %v", answer, err)
	}
	if f.state() != before {
		t.Error("something was left")
	}
	for _, s := range []Secret{short, long} {
		if out, ok := f.try("", "ls-remote", f.remote(s)); ok || !strings.Contains(out, "ask the operator for a new one") {
			t.Error(out)
		}
	}
}

// What follows a pack, damages it, hides in it or is not there leaves nothing.
func TestDamagedPushes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("a")
	head, pack := f.proposal("x", "1\n")
	good := body("", head, "refs/for/main", pack)
	before := f.state()
	flipped := bytes.Clone(good)
	flipped[len(good)-30] ^= 0xff
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a byte behind":    {append(bytes.Clone(good), 'x'), "ng refs/for/main"},
		"much behind":      {append(bytes.Clone(good), make([]byte, 1<<20)...), "ng refs/for/main"},
		"two packs":        {append(bytes.Clone(good), pack...), "ng refs/for/main"},
		"flipped":          {flipped, "ng refs/for/main"},
		"cut":              {good[:len(good)-5], "ng refs/for/main"},
		"no pack":          {good[:len(good)-len(pack)], "no pack follows"},
		"empty pack":       {body("", head, "refs/for/main", f.emptyPack()), "ng refs/for/main"},
		"not what it says": {body("", ones, "refs/for/main", pack), "ng refs/for/main"},
		"pack on deletion": {body(head, "", "refs/heads/agents/a/t", pack), "something follows"},
		"version 9":        {bytes.Replace(good, []byte("PACK\x00\x00\x00\x02"), []byte("PACK\x00\x00\x00\x09"), 1), "version 9"},
		"a billion":        {bytes.Replace(good, []byte("PACK\x00\x00\x00\x02\x00\x00\x00\x03"), []byte("PACK\x00\x00\x00\x02\x40\x00\x00\x00"), 1), "1073741824 objects"},
		"no delete":        {body(twos, "", "refs/heads/agents/a/t", nil), "has moved since"},
		"stale":            {body(twos, head, "refs/heads/agents/a/t", pack), "ng refs/heads/agents/a/t"},
		"old of proposal":  {body(twos, head, "refs/for/main", pack), "always new"},
	} {
		if _, answer := f.pushRaw(s, c.data); !strings.Contains(answer, c.want) {
			t.Errorf("%s: want %q in %q", name, c.want, answer)
		}
		if f.state() != before {
			t.Fatalf("%s: something was left", name)
		}
	}
	if _, answer := f.pushRaw(s, good); !strings.Contains(answer, "ok refs/for/main") {
		t.Errorf("and the good one: %q", answer)
	}
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withLimits(Limits{PushBytes: 1 << 20, Commands: 10_000}))
	s := f.coder("a")
	head, pack := f.proposal("x", "1\n")
	good := body("", head, "refs/for/main", pack)
	bomb := gzipped(t, append(bytes.Clone(good), make([]byte, 64<<20)...))
	before := f.state()
	for name, c := range map[string]struct {
		data     []byte
		encoding string
		want     string
	}{
		"bomb":    {bomb, "gzip", ""},
		"no gzip": {good, "gzip", "not gzip"},
		"unknown": {good, "br", "not known"},
		"cut":     {gzipped(t, good)[:60], "gzip", ""},
		"behind":  {append(gzipped(t, good), "junk"...), "gzip", ""},
	} {
		_, answer, err := f.post(t.Context(), s, servicePush, bytes.NewReader(c.data), "Content-Encoding", c.encoding)
		if err == nil && (!strings.Contains(answer, c.want) || strings.Contains(answer, "ok refs/for/main")) {
			t.Errorf("%s: %q", name, answer)
		}
		if f.state() != before {
			t.Fatalf("%s: something was left", name)
		}
	}
	if _, answer, err := f.post(t.Context(), s, servicePush, bytes.NewReader(gzipped(t, good)), "Content-Encoding", "gzip"); err != nil || !strings.Contains(answer, "ok refs/for/main") {
		t.Errorf("honest gzip: %q, %v", answer, err)
	}
	large := f.clone(s)
	f.commit(large, "large", "x", strings.Repeat(fmt.Sprint(time.Now().UnixNano()), 1))
	f.write(filepath.Join(large, "noise"), noise(3<<20))
	f.commit(large, "noise")
	f.refuses(large, "larger than 1048576 bytes", "origin", "HEAD:refs/for/main")
}

// noise does not compress.
func noise(n int) string {
	var b strings.Builder
	x := uint64(88172645463325252)
	for b.Len() < n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.WriteByte(byte(x))
	}
	return b.String()
}

// git sends a probe and then chunks when a push is larger than http.postBuffer.
func TestProbeAndChunks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	dir := f.clone(f.coder("a"))
	f.write(filepath.Join(dir, "noise"), noise(3<<20))
	f.commit(dir, "noise")
	f.git(dir, "-c", "http.postBuffer=1000", "push", "origin", "HEAD:refs/for/main")
	if status, answer := f.pushRaw(f.coder("b"), []byte("0000")); status != http.StatusOK || answer != "" {
		t.Errorf("%d %q", status, answer)
	}
	if status, _ := f.pushRaw(f.coder("b"), []byte("0000x")); status != http.StatusBadRequest {
		t.Errorf("a probe with something behind: %d", status)
	}
}

// Two tokens push to one branch at the same moment: one wins, the other leaves nothing.
func TestRace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var tokens [2]Secret
	for i := range tokens {
		tokens[i] = f.coder("a")
	}
	for round := range 5 {
		ref := fmt.Sprintf("refs/heads/agents/a/t%d", round)
		var heads [2]git.OID
		var packs [2][]byte
		for i := range tokens {
			heads[i], packs[i] = f.proposal("x", fmt.Sprintf("%d of %d\n", i, round))
		}
		var wait sync.WaitGroup
		var answers [2]string
		for i := range tokens {
			wait.Go(func() {
				_, answer, err := f.post(t.Context(), tokens[i], servicePush, bytes.NewReader(body("", heads[i], ref, packs[i])))
				if err != nil {
					t.Error(err)
				}
				answers[i] = answer
			})
		}
		wait.Wait()
		at := git.OID(f.git(f.kernel.repo.GitDir(), "rev-parse", ref))
		for i := range tokens {
			won := at == heads[i]
			if won != strings.Contains(answers[i], "ok "+ref) {
				t.Errorf("round %d: %d is told %q", round, i, answers[i])
			}
			if _, there := f.try(f.kernel.repo.GitDir(), "cat-file", "-e", string(heads[i])); there != won {
				t.Errorf("round %d: the commit of %d is there: %v", round, i, there)
			}
		}
		if at != heads[0] && at != heads[1] {
			t.Errorf("round %d: %s", round, at)
		}
	}
}

// A recorded request that is sent again does nothing a second time.
func TestReplay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("a")
	head, pack := f.proposal("x", "1\n")
	data := body("", head, "refs/heads/agents/a/t", pack)
	if _, answer := f.pushRaw(s, data); !strings.Contains(answer, "ok refs/heads/agents/a/t") {
		t.Fatal(answer)
	}
	before := f.state()
	if _, answer := f.pushRaw(s, data); !strings.Contains(answer, "ng refs/heads/agents/a/t") {
		t.Error(answer)
	}
	if f.state() != before {
		t.Error("something was left")
	}
}

// A client that goes away takes its git with it.
func TestDisconnect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.coder("a")
	head, pack := f.proposal("x", "1\n")
	data := body("", head, "refs/for/main", pack)
	before := f.state()
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		for f.quarantines() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, _, err := f.post(ctx, s, servicePush, io.MultiReader(bytes.NewReader(data[:len(data)-8]), &calling{func() {
		close(started)
		<-ctx.Done()
	}}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	f.server.Close() // waits for the request
	if f.state() != before {
		t.Error("something was left")
	}
	if out, err := exec.CommandContext(t.Context(), "pgrep", "-f", f.door.config.Dir).Output(); err == nil && len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("processes are left: %s", out)
	}
}

func (f *fixture) quarantines() int {
	entries, err := os.ReadDir(f.door.pushes())
	if err != nil {
		return 0
	}
	return len(entries)
}

// A client that says nothing is not waited for.
func TestIdleClient(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withLimits(Limits{Idle: 200 * time.Millisecond}))
	s := f.coder("a")
	head, pack := f.proposal("x", "1\n")
	data := body("", head, "refs/for/main", pack)
	before := f.state()
	hold := make(chan struct{})
	release := time.AfterFunc(5*time.Minute, func() { close(hold) })
	_, answer, err := f.post(t.Context(), s, servicePush, io.MultiReader(bytes.NewReader(data[:len(data)-8]), &calling{func() { <-hold }}))
	if release.Stop() {
		close(hold)
	} else {
		t.Error("it was waited for")
	}
	if err == nil && strings.Contains(answer, "ok refs/for/main") {
		t.Error(answer)
	}
	f.server.Close()
	if f.state() != before {
		t.Error("something was left")
	}
}

// The deadline of a silent client is no deadline for the work that follows its request, nor for the next one.
func TestWorkOutlastsIdle(t *testing.T) {
	t.Parallel()
	idle := 300 * time.Millisecond
	err := outlasts(t, idle)
	for err != nil && idle < 15*time.Second { // a busy machine may be silent for so long, too
		t.Log(err)
		idle *= 4
		err = outlasts(t, idle)
	}
	if err != nil {
		t.Error(err)
	}
}

// outlasts pushes twice over one connection; each push is worked on for longer than a client may be silent.
func outlasts(t *testing.T, idle time.Duration) error {
	f := newFixture(t, withLimits(Limits{Idle: idle}))
	f.before = func(Push) error { <-time.After(2 * idle); return nil }
	s := f.coder("a")
	for round := range 2 {
		head, pack := f.proposal("x", fmt.Sprint(round))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.server.URL+"/demo.git/"+servicePush, bytes.NewReader(body("", head, "refs/for/main", pack)))
		if err != nil {
			return err
		}
		req.SetBasicAuth("x", s.Reveal())
		req.Header.Set("Content-Type", "application/x-git-receive-pack-request")
		resp, err := f.server.Client().Do(req)
		if err != nil {
			return fmt.Errorf("idle %s, round %d: %w", idle, round, err)
		}
		answer, err := io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil || !strings.Contains(string(answer), "ok refs/for/main") {
			return fmt.Errorf("idle %s, round %d: %q, %w", idle, round, answer, err)
		}
	}
	return nil
}

// The disk is full while git writes the pack: the pusher is told, and nothing is left.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withLimits(Limits{fileBytes: 1 << 20}))
	dir := f.clone(f.coder("a"))
	f.write(filepath.Join(dir, "noise"), noise(3<<20))
	f.commit(dir, "noise")
	f.refuses(dir, "", "origin", "HEAD:refs/for/main")
	small := f.clone(f.coder("a"))
	f.commit(small, "small", "x", "1\n")
	f.git(small, "push", "origin", "HEAD:refs/for/main")
}

// What cannot be recorded is not said to be.
func TestRecordFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.before = func(Push) error { return errors.New("the store is read-only") }
	dir := f.clone(f.coder("a"))
	f.commit(dir, "x", "x", "1\n")
	out, ok := f.try(dir, "push", "origin", "HEAD:refs/for/main")
	if ok || !strings.Contains(out, "not recorded: the store is read-only") {
		t.Error(out)
	}
	if refs := f.git(f.kernel.repo.GitDir(), "for-each-ref", kernel.PrefixChanges); refs != "" || f.quarantines() != 0 {
		t.Error(refs)
	}
}

// A hook that nobody called from a push refuses.
func TestHookAlone(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "0", "x", "999"} {
		var out bytes.Buffer
		env := HookEnv{strings.NewReader(""), &out, &out, func(string) string { return value }}
		if err := RunHook(t.Context(), HookPreReceive, env); err == nil {
			t.Errorf("%q: the hook agrees", value)
		}
	}
}

// Hooks cannot skip a stage, come twice, or bring another decision.
func TestSessionOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	secret := f.coder("a")
	grant, err := f.tokens.Authenticate(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	req := &Request{Commands: []Command{{"refs/for/main", "", ones}}}
	s := &session{door: f.door, ctx: t.Context(), grant: grant, req: req, in: Input{Commands: []CommandFacts{factsOf(req.Commands[0])}}, release: func() {}}
	if s.text, err = s.seal(); err != nil {
		t.Fatal(err)
	}
	other, err := s.seal()
	if err != nil {
		t.Fatal(err)
	}
	commands := wireCommands(req.Commands, 40)
	for name, call := range map[string]hookCall{
		"record first":   {Stage: stageRecord, Sealed: s.text, Commands: commands},
		"content first":  {Stage: stageContent, Sealed: s.text, Commands: commands, Content: &Content{}, Facts: s.in.Commands},
		"unknown":        {Stage: "x", Sealed: s.text, Commands: commands},
		"nothing":        {},
		"no decision":    {Stage: stageBegin, Commands: commands},
		"of another":     {Stage: stageBegin, Sealed: other, Commands: commands},
		"other commands": {Stage: stageBegin, Sealed: s.text, Commands: []wireCommand{{zeros, ones, "refs/heads/main"}}},
		"no commands":    {Stage: stageBegin, Sealed: s.text},
	} {
		if answer := s.handle(call); len(answer.Refusals) == 0 || answer.Work != nil {
			t.Errorf("%s: %+v", name, answer)
		}
	}
	if s.stage != "" {
		t.Errorf("stage %s", s.stage)
	}
}

func TestLimitsOfRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t, withLimits(Limits{Rate: 3, Failures: 2}))
	s := f.coder("a")
	get := func(token, path string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	const list = "/demo.git/info/refs?service=git-upload-pack"
	for range 3 {
		if status := get(s.Reveal(), list); status != http.StatusOK {
			t.Error(status)
		}
	}
	if status := get(s.Reveal(), list); status != http.StatusTooManyRequests {
		t.Error(status)
	}
	f.clock.advance(time.Minute)
	for _, path := range []string{"/", "/other.git/info/refs?service=git-upload-pack", "/demo.git/../../etc/passwd", "/demo.git%2finfo/refs", "/demo.git/HEAD", "/demo.git/objects/info/packs", "/demo.git/info/refs", "/demo.git/info/refs?service=git-shell"} {
		if status := get(s.Reveal(), path); status != http.StatusNotFound && status != http.StatusTooManyRequests {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, want := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests} {
		if status := get("adm_wrong", list); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
}
