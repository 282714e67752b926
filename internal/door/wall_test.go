package door

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// shot is one hostile request.
type shot struct {
	method, path string
	token        string // what is presented; empty = nothing
	header       []string
	body         []byte
	raw          []byte // written to a connection as it is; the rest is not looked at
}

// class is one kind of attack. All that it makes must be refused, and leave nothing.
type class struct {
	name  string
	share int // of the shots
	make  func(w *wall, r *rand.Rand) shot
}

// wall is a door under attack: agent a is the attacker, agent v has something to lose.
type wall struct {
	*fixture
	a, v, reader, bound, expired, revoked, named string
	victims                                      []string // objects of v
	theirs, theirBlob                            string   // v's commit and file
	replayed, kept                               []byte   // pushes that went well before
	keptHead                                     git.OID
	good                                         git.OID // a proposal that would be taken
	goodPack                                     []byte
	packs                                        map[string]wallPush
	bombs                                        [][]byte // gzip
}

type wallPush struct {
	head git.OID
	pack []byte
}

func (w *wall) post(token string, payload []byte, header ...string) shot {
	return shot{method: http.MethodPost, path: "/demo.git/" + servicePush, token: token, body: payload,
		header: append([]string{"Content-Type", "application/x-" + servicePush + "-request"}, header...)}
}

func (w *wall) fetch(token string, payload []byte, header ...string) shot {
	return shot{method: http.MethodPost, path: "/demo.git/" + servicePull, token: token, body: payload,
		header: append([]string{"Content-Type", "application/x-" + servicePull + "-request"}, header...)}
}

func newWall(t *testing.T) *wall {
	f := newFixture(t, withLimits(Limits{PushBytes: 4 << 20, ReadBytes: 1 << 20, ObjectBytes: 256 << 10, Objects: 500, Commits: 20, Rate: 1 << 30,
		Failures: 1 << 30, PerToken: 64, Time: 5 * time.Minute, Idle: time.Minute, CPU: 10 * time.Second}))
	w := &wall{fixture: f, packs: map[string]wallPush{}}
	a, v := f.coder("a"), f.coder("v")
	w.a, w.v = a.Reveal(), v.Reveal()
	w.reader = f.token(Grant{Role: RoleReviewer, Agent: "r"}).Reveal()
	w.bound = f.token(Grant{Role: RoleCoder, Agent: "a", Task: "only", Write: true}).Reveal()
	w.named = f.token(Grant{Role: RolePerson, Name: "ann", Write: true, Emails: []string{"ann@example.com"}}).Reveal()
	w.expired = f.token(Grant{Role: RoleCoder, Agent: "a", Write: true, Expires: f.clock.Now().Add(time.Second)}).Reveal()
	revoked, grant, err := f.tokens.Issue(t.Context(), "operator", Grant{Role: RoleCoder, Agent: "a", Write: true, Expires: f.clock.Now().Add(time.Hour)})
	if err != nil || f.tokens.Revoke(t.Context(), "operator", grant.ID, "") != nil {
		t.Fatal(err)
	}
	w.revoked = revoked.Reveal()
	f.clock.advance(time.Minute)
	dir := f.clone(v)
	f.commit(dir, "of v", "plan.txt", "only v knows\n", "d/x", "y\n")
	f.git(dir, "push", "-q", "origin", "HEAD:refs/heads/agents/v/t", "HEAD:refs/for/main")
	w.theirs, w.theirBlob = f.git(dir, "rev-parse", "HEAD"), f.git(dir, "rev-parse", "HEAD:plan.txt")
	w.victims = f.objectsBut("--all", "^refs/heads/main")
	w.arm(a)
	return w
}

// arm prepares packs, and the pushes that are replayed.
func (w *wall) arm(a Secret) {
	f := w.fixture
	w.good, w.goodPack = f.proposal("good", "1\n")
	w.keptHead = w.good
	w.kept = body("", w.good, "refs/heads/agents/a/kept", w.goodPack)
	if _, answer := f.pushRaw(a, w.kept); !strings.Contains(answer, "ok ") {
		f.t.Fatal(answer)
	}
	w.replayed = w.kept
	for _, n := range []int{8, 32} {
		w.bombs = append(w.bombs, gzipped(f.t, body("", w.good, "refs/for/main", append(bytes.Clone(w.goodPack), make([]byte, n<<20)...))))
	}
	w.packs["empty"] = wallPush{pack: f.emptyPack()}
	tree := func(entries string) string { return f.gitIn(f.seed, entries, "mktree", "--missing") }
	commit := func(tree string, args ...string) git.OID {
		return git.OID(f.gitIn(f.seed, "", append([]string{"commit-tree", "-m", "x", tree}, args...)...))
	}
	one := func(name string, head git.OID, ids ...string) {
		w.packs[name] = wallPush{head, f.packObjects(f.seed, append(ids, string(head))...)}
	}
	blob := f.gitIn(f.seed, "b\n", "hash-object", "-w", "--stdin")
	large := f.gitIn(f.seed, noise(300<<10), "hash-object", "-w", "--stdin")
	zero := f.gitIn(f.seed, strings.Repeat("\x00", 32<<20), "hash-object", "-w", "--stdin")
	secret := f.gitIn(f.seed, "TOKEN=ghp_"+strings.Repeat("Zz9Yy8Xx", 4)+"abcd\n", "hash-object", "-w", "--stdin")
	file := func(name, id string) string { return "100644 blob " + id + "\t" + name + "\n" }
	for name, id := range map[string]string{"large": large, "zip bomb": zero, "secret": secret} {
		t := tree(file("x", id))
		one(name, commit(t, "-p", "main"), t, id)
	}
	stolen := tree(file("stolen", w.theirBlob))
	one("borrowed file", commit(stolen, "-p", "main"), stolen)
	missing := tree(file("missing", twos))
	one("missing file", commit(missing, "-p", "main"), missing)
	one("missing tree", commit(missing, "-p", "main"))
	plain := tree(file("x", blob))
	one("unrelated", commit(plain), plain, blob)
	one("other history", commit(plain, "-p", "main"), plain, blob)
	w.armTrees(blob)
	w.armMany(plain, blob)
}

// armTrees makes trees that git's own commands would not.
func (w *wall) armTrees(blob string) {
	f := w.fixture
	raw := func(entries ...string) string {
		var b bytes.Buffer
		for _, name := range entries {
			fmt.Fprintf(&b, "100644 %s\x00", name)
			for i := 0; i < len(blob); i += 2 {
				n, err := strconv.ParseUint(blob[i:i+2], 16, 8)
				if err != nil {
					f.t.Fatal(err)
				}
				b.WriteByte(byte(n))
			}
		}
		return f.gitIn(f.seed, b.String(), "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
	}
	for i, entries := range [][]string{{".git"}, {".GIT"}, {"git~1"}, {".."}, {"."}, {"a/b"}, {"a", "a"}, {"b", "a"}, {""}} {
		t := raw(entries...)
		head := git.OID(f.gitIn(f.seed, "", "commit-tree", "-m", "x", "-p", "main", t))
		w.packs[fmt.Sprint("evil tree ", i)] = wallPush{head, f.packObjects(f.seed, string(head), t, blob)}
	}
	odd := f.gitIn(f.seed, "tree "+f.git(f.seed, "rev-parse", "main^{tree}")+"\nauthor x\ncommitter y\n\nm\n", "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
	w.packs["evil commit"] = wallPush{git.OID(odd), f.packObjects(f.seed, odd)}
	tag := f.gitIn(f.seed, "object "+f.git(f.seed, "rev-parse", "main")+"\ntype commit\ntag t\ntagger A <a@b> 1 +0000\n\nm\n", "hash-object", "-t", "tag", "-w", "--stdin")
	w.packs["tag"] = wallPush{git.OID(tag), f.packObjects(f.seed, tag)}
	w.packs["blob"] = wallPush{git.OID(blob), f.packObjects(f.seed, blob)}
}

func (w *wall) armMany(tree, blob string) {
	f := w.fixture
	ids, head := []string{tree, blob}, f.git(f.seed, "rev-parse", "main")
	for range 21 {
		head = f.gitIn(f.seed, "", "commit-tree", "-m", "x", "-p", head, tree)
		ids = append(ids, head)
	}
	w.packs["many commits"] = wallPush{git.OID(head), f.packObjects(f.seed, ids...)}
	var entries strings.Builder
	ids = nil
	for i := range 501 {
		id := f.gitIn(f.seed, fmt.Sprint(i), "hash-object", "-w", "--stdin")
		ids = append(ids, id)
		fmt.Fprintf(&entries, "100644 blob %s\tf%d\n", id, i)
	}
	t := f.gitIn(f.seed, entries.String(), "mktree")
	c := f.gitIn(f.seed, "", "commit-tree", "-m", "x", "-p", "main", t)
	w.packs["many objects"] = wallPush{git.OID(c), f.packObjects(f.seed, append(ids, t, c)...)}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// raw writes a request by hand.
func (w *wall) raw(token, head string, payload []byte) shot {
	u, err := url.Parse(w.server.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	text := fmt.Sprintf("POST /demo.git/%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-%s-request\r\n%s\r\n", servicePush, u.Host, token, servicePush, head)
	return shot{raw: append([]byte(text), payload...)}
}

// fire sends a shot and returns the status and the answer. A shot that is not answered within the deadline is a hang.
func (w *wall) fire(ctx context.Context, s shot) (int, string, error) {
	if s.raw != nil {
		return w.fireRaw(ctx, s.raw)
	}
	ctx, cancel := context.WithTimeout(ctx, hangTime)
	defer cancel()
	u, err := url.Parse(w.server.URL)
	if err != nil {
		return 0, "", err
	}
	path, query, _ := strings.Cut(s.path, "?")
	req := (&http.Request{Method: s.method, URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Opaque: "//" + u.Host + path, RawQuery: query}, Host: u.Host,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(s.body)), ContentLength: int64(len(s.body))}).WithContext(ctx)
	if s.token != "" {
		req.SetBasicAuth("x", s.token)
	}
	for i := 0; i < len(s.header); i += 2 {
		req.Header.Set(s.header[i], s.header[i+1])
	}
	resp, err := w.server.Client().Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, string(data), err
}

const hangTime = 10 * time.Minute

func (w *wall) fireRaw(ctx context.Context, data []byte) (int, string, error) {
	u, err := url.Parse(w.server.URL)
	if err != nil {
		return 0, "", err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(hangTime)); err != nil {
		return 0, "", err
	}
	if _, err := conn.Write(data); err != nil {
		return 0, "", nil // refused before it was all sent
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return 0, "", nil
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 1<<20))
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return 0, "", err
	}
	return 0, string(answer), nil
}

// went says that an answer gives something away: a push that was taken, or objects.
func went(s shot, answer string) bool {
	return strings.Contains(answer, "ok refs/") || strings.Contains(answer, "PACK\x00\x00\x00\x02")
}

type outcome struct {
	shots, refused, cut, through int
	sample                       string // an answer
	slowest                      time.Duration
}

// TestWall attacks the door. ADAMANT_WALL is how often; make test-wall does it 10,000 times.
func TestWall(t *testing.T) {
	total := 300
	if text := os.Getenv("ADAMANT_WALL"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		total = n
	}
	w := newWall(t)
	w.warm()
	shares := 0
	for _, c := range classes() {
		shares += c.share
	}
	before, routines := w.wholeState(), runtime.NumGoroutine()
	runtime.GC() // what the preparation left
	var peak atomic.Uint64
	stop := watchHeap(&peak)
	began, all := time.Now(), outcome{}
	table := []string{fmt.Sprintf("%-26s %7s %8s %6s %8s %9s", "class", "shots", "refused", "cut", "through", "slowest")}
	for i, c := range classes() {
		o := w.attack(t, c, max(1, (total*c.share+shares-1)/shares), uint64(i))
		table = append(table, row(c.name, o))
		t.Logf("%s: %q", c.name, o.sample[:min(len(o.sample), 300)])
		all.shots, all.refused, all.cut, all.through = all.shots+o.shots, all.refused+o.refused, all.cut+o.cut, all.through+o.through
		all.slowest = max(all.slowest, o.slowest)
		if after := w.wholeState(); after != before {
			t.Fatalf("%s: something moved or was left:\n%s", c.name, difference(before, after))
		}
	}
	stop()
	table = append(table, row("all", all), fmt.Sprintf("0 references moved, 0 objects left, 0 quarantines left; heap at most %d MiB; %s", peak.Load()>>20, time.Since(began).Round(time.Second)))
	t.Log("\n" + strings.Join(table, "\n"))
	if limit := uint64(150 << 20); peak.Load() > limit {
		t.Errorf("the heap grew to %d bytes", peak.Load())
	}
	w.server.CloseClientConnections()
	settled(t, routines)
	if _, answer := w.pushRaw(Secret(w.a), body("", w.good, "refs/for/main", w.goodPack)); !strings.Contains(answer, "ok refs/for/main") {
		t.Errorf("the door does not open any more: %q", answer)
	}
}

func row(name string, o outcome) string {
	return fmt.Sprintf("%-26s %7d %8d %6d %8d %9s", name, o.shots, o.refused, o.cut, o.through, o.slowest.Round(time.Millisecond))
}

// settled waits until no more is running than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 6000 {
		if runtime.NumGoroutine() <= before+8 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

func watchHeap(peak *atomic.Uint64) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (w *wall) attack(t *testing.T, c class, n int, stream uint64) outcome {
	var mu sync.Mutex
	var o outcome
	var group sync.WaitGroup
	jobs := make(chan int)
	for range 4 {
		group.Go(func() {
			for i := range jobs {
				s := c.make(w, rand.New(rand.NewPCG(uint64(i), stream)))
				began := time.Now()
				_, answer, err := w.fire(t.Context(), s)
				took := time.Since(began)
				mu.Lock()
				if o.shots++; o.sample == "" {
					o.sample = answer
				}
				o.slowest = max(o.slowest, took)
				switch {
				case went(s, answer):
					o.through++
					t.Errorf("%s %d went through: %q", c.name, i, clip(answer))
				case err != nil || answer == "":
					o.cut++
				default:
					o.refused++
				}
				if took >= hangTime {
					t.Errorf("%s %d hangs", c.name, i)
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	group.Wait()
	w.quiet(t)
	return o
}

// quiet waits until the door has cleaned up after clients that went away.
func (w *wall) quiet(t *testing.T) {
	for range 6000 {
		if w.quarantines() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("quarantines stay")
}

// warm lets every token look once, so that its view is there.
func (w *wall) warm() {
	for _, token := range []string{w.a, w.v, w.reader, w.bound, w.named} {
		w.git("", "ls-remote", w.remote(Secret(token)))
	}
}

// wholeState is everything that may not change, the views included.
func (w *wall) wholeState() string {
	out := []string{w.state()}
	entries, err := os.ReadDir(w.door.views.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		dir := w.door.views.dir + "/" + e.Name()
		out = append(out, e.Name(), w.git(dir, "for-each-ref"), strings.Join(slices.Sorted(strings.Lines(w.git(dir, "count-objects", "-v"))), ""))
	}
	return strings.Join(out, "\n")
}

func difference(a, b string) string {
	was := map[string]bool{}
	for line := range strings.Lines(a) {
		was[line] = true
	}
	var out strings.Builder
	for line := range strings.Lines(b) {
		if !was[line] {
			out.WriteString("+ " + line)
		}
	}
	return out.String()
}
