//go:build linux

package daemon

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// mount puts a small file system at a folder for the length of the test.
func mount(t *testing.T, dir, size string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Skipf("LEFT OUT: a disk that is really full takes root and mounts: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fill leaves no byte free in a folder, until the returned function is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 64<<10); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

func prose(n int) (string, string) {
	return fmt.Sprintf("docs/page-%d.md", n), fmt.Sprintf("# Page %d\n\nA few words.\n", n)
}

// propose pushes a commit that must be acknowledged.
func (d *den) propose(url, rev string, options ...string) string {
	d.t.Helper()
	id, out, err := d.push(d.t.Context(), url, rev, options...)
	if err != nil || id == "" {
		d.t.Fatalf("push: %v\n%s", err, out)
	}
	return id
}

func (d *den) writer() string {
	d.t.Helper()
	return d.token(door.Grant{Role: door.RolePerson, Name: "ada", Write: true})
}

func (d *den) status() api.Status {
	d.t.Helper()
	var s api.Status
	if err := d.client().Call(d.t.Context(), "GET", api.PathStatus, "", nil, &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// problem is what status says is wrong, in one text.
func (d *den) problem() string { return fmt.Sprint(d.status().Problems) }

const merged, suspended, rejected = string(change.Merged), string(change.Suspended), string(change.Rejected)

// TestJobsDiskFull: NATS gives up for good when its disk is full. Changes that were acknowledged wait, status says why, and they land
// when there is room again.
func TestJobsDiskFull(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	jobs := filepath.Join(d.order.State, "jobs")
	mount(t, jobs, "8m")
	p, _ := d.up()
	c, url := d.commits(2, prose), d.writer()
	free := fill(t, jobs)
	id := d.propose(url, c[0], "topic=a")
	eventually(t, hang, "merged, and status does not say why", func() bool {
		s, err := d.show(id)
		told := d.problem()
		if err == nil && s.Status == merged || strings.Contains(told, "job") {
			t.Logf("with no room the change is %s, %v; status: %s", s.Status, err, told)
			return true
		}
		return false
	})
	free()
	d.await(id, hang, merged)
	d.await(d.propose(url, c[1], "topic=b"), hang, merged)
	eventually(t, hang, "well again", func() bool { return len(d.status().Problems) == 0 })
	p.kill()
}

// TestStateDiskFull: without room for what is pushed the door refuses, and says why; nothing that it acknowledged is lost.
func TestStateDiskFull(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	mount(t, d.order.State, "16m")
	d.up()
	c, url := d.commits(2, prose), d.writer()
	free := fill(t, d.order.State)
	id, out, err := d.push(t.Context(), url, c[0], "topic=a")
	if err == nil && id == "" {
		t.Errorf("accepted without a change:\n%s", out)
	}
	if err != nil && !strings.Contains(out, "space") && !strings.Contains(out, "disk") {
		t.Errorf("refused without saying why: %v\n%s", err, out)
	}
	free()
	if id == "" {
		id = d.propose(url, c[0], "topic=a")
	}
	d.await(id, hang, merged)
}

// TestClockJumps sets the clock back by two hours and forward by a month, while the daemon runs and between two starts.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.down()
	var shift atomic.Int64
	h.now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())).Round(0) }
	h.up()
	land := func(name string) {
		h.edit(name, "docs/"+name+".md", "# A\n\nA word.\n", "Say "+name)
		h.await(h.push(h.writer("ada"), "HEAD", "topic="+name), change.Merged)
	}
	land("before")
	for _, jump := range []time.Duration{-2 * time.Hour, 0} {
		shift.Store(int64(jump))
		land("running" + jump.String())
		h.down()
		h.up()
		land("restarted" + jump.String())
	}
	shift.Store(int64(30 * 24 * time.Hour))
	h.edit("late", "docs/late.md", "# A\n\nA word.\n", "Late")
	var made api.NewToken
	h.call("POST", api.PathTokens, "", door.Grant{Role: door.RolePerson, Name: "ada", Write: true, Expires: h.now().Add(time.Hour)}, &made)
	h.await(h.push(strings.Replace(h.at.Door, "http://", "http://x:"+made.Token+"@", 1), "HEAD", "topic=late"), change.Merged)
}

// TestForeignLocks: another git holds packed-refs, then main itself, for some seconds.
func TestForeignLocks(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	d.up()
	c, url := d.commits(2, prose), d.writer()
	for i, name := range []string{"packed-refs.lock", "refs/heads/main.lock"} {
		lock := filepath.Join(d.order.Kernel, "kernel.git", name)
		if err := os.WriteFile(lock, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		id := d.propose(url, c[i], fmt.Sprintf("topic=t%d", i))
		if err := sleep(t.Context(), 4*time.Second); err != nil {
			t.Fatal(err)
		}
		if s, err := d.show(id); i == 1 && (err != nil || s.Status == merged) {
			t.Errorf("main was locked and the change is %s, %v", s.Status, err)
		}
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
		d.await(id, hang, merged)
	}
}

// TestBrokenChange: operations of one change that cannot be read, or are of a later adamant, are named by status and stop
// nobody else, also after a restart.
func TestBrokenChange(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(string) string{
		"corrupt": func(string) string { return "no operations" },
		"future":  func(ops string) string { return strings.Replace(ops, `"v":1`, `"v":99`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDen(t, nil)
			p, _ := d.up()
			c, url := d.commits(8, streamFile), d.writer()
			id := d.propose(url, c[7], "topic=waits")
			d.await(id, hang, string(change.NeedsOperator))
			ref := strings.Fields(d.git("for-each-ref", "--format=%(refname)", "refs/adamant/changes/"+id[:2]))[0]
			good := d.git("rev-parse", ref)
			d.spoil(ref, mend)
			d.await(d.propose(url, c[0], "topic=a"), hang, merged)
			if text := d.problem(); !strings.Contains(text, id[:8]) || name == "future" && !strings.Contains(text, "update adamant") {
				t.Errorf("status does not name it: %s", text)
			}
			p.kill()
			d.up()
			d.await(d.propose(url, c[1], "topic=b"), hang, merged)
			if text := d.problem(); !strings.Contains(text, id[:8]) {
				t.Errorf("status does not name it after a restart: %s", text)
			}
			d.git("update-ref", ref, good)
			if text := d.problem(); strings.Contains(text, id[:8]) {
				t.Logf("still told: %s", text)
			}
			d.await(id, hang, string(change.NeedsOperator))
			eventually(t, hang, "well again", func() bool { return !strings.Contains(d.problem(), id[:8]) })
		})
	}
}

// spoil replaces the newest operations of a change.
func (d *den) spoil(ref string, mend func(string) string) {
	d.t.Helper()
	listing := d.git("ls-tree", ref)
	var tree bytes.Buffer
	for _, line := range strings.Split(listing, "\n") {
		if blob, ok := strings.CutSuffix(line, "\tops"); ok {
			cmd := exec.CommandContext(d.t.Context(), "git", "--git-dir", filepath.Join(d.order.Kernel, "kernel.git"), "hash-object", "-w", "--stdin")
			cmd.Stdin = strings.NewReader(mend(d.git("cat-file", "blob", strings.Fields(blob)[2])))
			out, err := cmd.Output()
			if err != nil {
				d.t.Fatal(err)
			}
			line = "100644 blob " + strings.TrimSpace(string(out)) + "\tops"
		}
		tree.WriteString(line + "\n")
	}
	cmd := exec.CommandContext(d.t.Context(), "git", "--git-dir", filepath.Join(d.order.Kernel, "kernel.git"), "mktree")
	cmd.Stdin = &tree
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatal(err)
	}
	d.git("update-ref", ref, d.git("commit-tree", "-p", ref+"~1", "-m", "spoilt", strings.TrimSpace(string(out))))
}

// TestLooseKeys: a key that others may read is refused at the start.
func TestLooseKeys(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	p, _ := d.up()
	p.kill()
	keys, err := filepath.Glob(filepath.Join(d.order.Kernel, "*_key"))
	if err != nil || len(keys) == 0 {
		t.Fatalf("no keys in the kernel: %v", err)
	}
	for _, key := range keys {
		if err := os.Chmod(key, 0o644); err != nil {
			t.Fatal(err)
		}
		d.refusesToStart(filepath.Base(key), "chmod")
		if err := os.Chmod(key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.up()
}

// refusesToStart starts a daemon, which must end and say why.
func (d *den) refusesToStart(because ...string) {
	d.t.Helper()
	p := d.start()
	if _, ok := <-p.ready; ok {
		p.kill()
		d.t.Fatalf("it started in spite of %v", because)
	}
	<-p.ended
	for _, want := range because {
		if !strings.Contains(p.log.String(), want) {
			d.t.Errorf("it does not say %q:\n%s", want, p.log)
		}
	}
}

// TestClashingNames: topics and files whose names clash as files do not.
func TestClashingNames(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	d.up()
	c, url := d.commits(4, prose), d.writer()
	seen := map[string]bool{}
	for i, topic := range []string{"a", "a/b", "A", "a.lock"} {
		id, out, err := d.push(t.Context(), url, c[i], "topic="+topic)
		if err != nil {
			t.Logf("topic %s is refused: %s", topic, strings.TrimSpace(out))
			continue
		}
		if seen[id] {
			t.Errorf("topic %s went to a change of another topic", topic)
		}
		seen[id] = true
		d.await(id, hang, merged)
	}
}

// TestReadOnlyKernel: a kernel that cannot be written to is refused at the start, with the reason.
func TestReadOnlyKernel(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	p, _ := d.up()
	p.kill()
	if err := unix.Mount(d.order.Kernel, d.order.Kernel, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("LEFT OUT: a read-only folder that holds for root takes mounts: %v", err)
	}
	defer func() {
		if err := unix.Unmount(d.order.Kernel, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	if err := unix.Mount("", d.order.Kernel, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("LEFT OUT: a read-only folder that holds for root takes mounts: %v", err)
	}
	d.refusesToStart("read-only file system")
}

// TestClientHangs: pushers that never end their request keep nobody else waiting, and not the end of the daemon.
func TestClientHangs(t *testing.T) {
	t.Parallel()
	d := newDen(t, nil)
	p, _ := d.up()
	c, url := d.commits(1, prose), d.writer()
	secret := strings.TrimPrefix(url[:strings.Index(url, "@")], "http://x:")
	var drips sync.WaitGroup
	defer drips.Wait()
	for range 8 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.order.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /sample.git/git-receive-pack HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-git-receive-pack-request\r\nContent-Length: 100000\r\n\r\nfff0", d.order.Listen, secret)
		drips.Go(func() { // so that its silence does not end it
			for _, err := conn.Write([]byte("x")); err == nil; _, err = conn.Write([]byte("x")) {
				if sleep(t.Context(), time.Second) != nil {
					return
				}
			}
		})
	}
	d.await(d.propose(d.token(door.Grant{Role: door.RolePerson, Name: "bob", Write: true}), c[0], "topic=a"), hang, merged)
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("it ended with %v\n%s", err, p.log)
		}
	case <-time.After(hang): // a request may take 10 minutes
		t.Errorf("it waits for its clients\n%s", p.log)
	}
}

// TestRunHangs: a run of the gate that does not end is ended, and its check with it; it counts as a failed run, and others go on.
func TestRunHangs(t *testing.T) {
	t.Parallel()
	patience := 4 * time.Second
	for !runHangs(t, patience) { // every run takes so long on a busy machine
		t.Logf("no run ends within %v", patience)
		if patience *= 4; patience > hang {
			t.Fatal("and so it will be")
		}
	}
}

// runHangs says whether a change that does not hang can be judged within patience.
func runHangs(t *testing.T, patience time.Duration) bool {
	forever := fmt.Sprintf("sleep 86321.%d", os.Getpid()) // no other test's
	d := newDen(t, func(r *gittest.Repo) {
		r.Write(".adamant/adamant.yaml", strings.Replace(config, "test ! -e broken", "test ! -e hang || "+forever, 1))
	})
	d.order.Patience = patience
	p, _ := d.up()
	defer p.kill()
	c, url := d.commits(2, func(n int) (string, string) {
		if n == 0 {
			return "hang", "x\n"
		}
		return prose(n)
	}), d.writer()
	id := d.propose(url, c[0], "topic=hangs")
	other := d.propose(url, c[1], "topic=other")
	if d.await(other, hang, merged, suspended).Status == suspended {
		return false
	}
	eventually(t, hang, "ended", func() bool {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '").Output()
		return err == nil && !strings.Contains(string(out), forever)
	})
	var all api.Changes
	if err := d.client().Call(t.Context(), "GET", api.PathChanges, "", nil, &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all.Changes {
		t.Logf("%s is %s: %s", s.ID[:16], s.Status, s.Why)
		if s.ID[:16] == id && s.Status == merged {
			t.Error("a change that was not judged landed")
		}
	}
	return true
}

// TestCheckKilled: a check that is killed is no pass.
func TestCheckKilled(t *testing.T) {
	t.Parallel()
	d := newDen(t, func(r *gittest.Repo) {
		r.Write(".adamant/adamant.yaml", strings.Replace(config, "test ! -e broken", "test ! -e killed || kill -9 $$", 1))
	})
	d.up()
	c, url := d.commits(2, func(n int) (string, string) {
		if n == 0 {
			return "killed", "x\n"
		}
		return prose(n)
	}), d.writer()
	id := d.propose(url, c[0], "topic=killed")
	d.await(d.propose(url, c[1], "topic=other"), hang, merged)
	s := d.await(id, hang, rejected, string(change.NeedsOperator), suspended, string(change.Reviewing))
	t.Logf("it is %s", s.Status)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	<-ctx.Done()
	if s, err := d.show(id); err != nil || s.Status == merged {
		t.Errorf("a change whose check was killed is %s, %v", s.Status, err)
	}
}
