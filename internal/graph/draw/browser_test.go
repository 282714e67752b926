//go:build browser

package draw

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a chromium that is driven over its debugging pipe (Chrome DevTools Protocol).
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	next    int
	noise   []string // errors and violations of the content security policy
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "--window-size=1200,900", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	stop := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		stop.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_, _ = in.Close(), out.Close()
	})
	return &browser{t: t, in: in, out: bufio.NewReaderSize(out, 1<<20)}
}

// call sends a command and waits for its answer; what the page complains about meanwhile is noted.
func (b *browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.next++
	message := map[string]any{"id": b.next, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	data, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.in.Write(append(data, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		line, err := b.out.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: the browser ended: %v", method, err)
		}
		var got struct {
			ID            int
			Method        string
			Result, Error map[string]any
			Params        json.RawMessage
		}
		if err := json.Unmarshal(line[:len(line)-1], &got); err != nil {
			b.t.Fatal(err)
		}
		switch {
		case got.ID == b.next && got.Error != nil:
			b.t.Fatalf("%s: %v", method, got.Error)
		case got.ID == b.next:
			return got.Result
		case got.Method == "Log.entryAdded" || got.Method == "Runtime.exceptionThrown":
			b.noise = append(b.noise, string(got.Params))
		}
	}
}

// open writes a page to a file and goes there.
func (b *browser) open(html string) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "graph.html")
	if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
		b.t.Fatal(err)
	}
	target, _ := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"].(string)
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", map[string]any{})
	}
	b.call("Page.navigate", map[string]any{"url": "file://" + file})
	b.eval(`new Promise(done => { const look = () => location.href !== 'about:blank' && document.readyState === 'complete' ? done() : setTimeout(look, 20); look(); })`)
}

func (b *browser) eval(script string) string {
	b.t.Helper()
	got := b.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true})
	if wrong := got["exceptionDetails"]; wrong != nil {
		b.t.Fatalf("%s: %v", script, wrong)
	}
	result, _ := got["result"].(map[string]any)
	return fmt.Sprint(result["value"])
}

// TestBrowserPage walks through the page as its documentation describes it.
func TestBrowserPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := monorepo(400)
	b.open(text(t, pageOf(p)))
	boxes := func() int {
		n := 0
		fmt.Sscan(b.eval(`document.querySelectorAll('#stage .b').length`), &n)
		return n
	}
	first := func(script string) string {
		return b.eval(`(() => { const v = document.querySelector('#stage .b'); ` + script + ` })()`)
	}
	press := func(key string) string {
		return `dispatchEvent(new KeyboardEvent('keydown', {key: '` + key + `', bubbles: true}));`
	}

	start := boxes()
	if start < 2 || start > Overview+1 {
		t.Errorf("%d boxes at the start, want an overview of at most %d", start, Overview)
	}
	if got := b.eval(`document.getElementById('counts').textContent`); !strings.Contains(got, fmt.Sprint(start)) || !strings.Contains(got, fmt.Sprint(len(p.Boxes))) {
		t.Errorf("the counts are %q, want %d boxes of %d", got, start, len(p.Boxes))
	}
	b.eval(`document.getElementById('close').click()`)
	closed := boxes()
	first(`v.focus(); v.` + press("Enter"))
	opened := boxes()
	b.eval(`document.getElementById('open').click()`)
	if more := boxes(); closed >= start || opened <= closed || more <= opened {
		t.Errorf("%d boxes, %d closed, %d with one opened, %d with all of them opened", start, closed, opened, more)
	}
	if got := first(`v.` + press(" ") + ` return document.getElementById('side').hidden + ' ' + v.classList.contains('sel') + ' ' + document.querySelectorAll('#side h3').length`); got != "false true 2" {
		t.Errorf("a space shows details: %s", got)
	}
	if got := b.eval(press("Escape") + ` document.getElementById('side').hidden + ' ' + document.querySelectorAll('.sel').length`); got != "true 0" {
		t.Errorf("Escape clears: %s", got)
	}
	name := p.Boxes[len(p.Boxes)-1].Name
	search := fmt.Sprintf(`const i = document.getElementById('find'); i.value = %q; i.dispatchEvent(new Event('input')); i.%s`, name, press("Enter"))
	if got := b.eval(`(() => { ` + search + ` return document.querySelectorAll('#stage .b.hit').length })()`); got != "1" {
		t.Errorf("searching for %s finds %s boxes", name, got)
	}
	at := `document.querySelector('#stage svg > g').getAttribute('transform')`
	before := b.eval(at)
	b.eval(`document.getElementById('in').click()`)
	larger := b.eval(at)
	b.eval(`document.getElementById('fit').click()`)
	if larger == before || b.eval(at) == larger {
		t.Errorf("the view is %s, larger %s, whole again %s", before, larger, b.eval(at))
	}
	if len(b.noise) > 0 {
		t.Errorf("the page complains: %s", strings.Join(b.noise, "\n"))
	}
}

// TestBrowserChanges shows a difference, and only what changed when asked.
func TestBrowserChanges(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(text(t, pageOf(shop())))
	count := func(selector string) string {
		return b.eval(`document.querySelectorAll('#stage ` + selector + `').length`)
	}
	whole := count(".b")
	if got := b.eval(`(() => { const c = document.getElementById('changes'); if (c.hidden) return 'hidden'; c.click(); return c.getAttribute('aria-pressed') })()`); got != "true" {
		t.Errorf("the button for changes: %s", got)
	}
	if changed := count(".b"); changed == "0" || count("path.added") == "0" || count("path.removed") == "0" {
		t.Errorf("%s boxes, %s that changed, %s new and %s gone lines", whole, changed, count("path.added"), count("path.removed"))
	}
	if len(b.noise) > 0 {
		t.Errorf("the page complains: %s", strings.Join(b.noise, "\n"))
	}
}
