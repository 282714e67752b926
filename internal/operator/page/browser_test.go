//go:build browser

package page

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// chromium is a browser that is driven over its debugging pipe (Chrome DevTools Protocol).
type chromium struct {
	t       *testing.T
	in      *os.File
	session string

	mu      sync.Mutex
	next    int
	waiting map[int]chan message
	noise   []string // errors, violations of the policy, console output
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	Session string `json:"sessionId,omitempty"`
}

// newChromium starts the browser and opens a tab.
func newChromium(t *testing.T) *chromium {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is needed: apt-get install chromium")
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+profile, "--window-size=820,1000", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = errors.Join(theirIn.Close(), theirOut.Close())
	c := &chromium{t: t, in: ourOut, waiting: map[int]chan message{}}
	done := make(chan struct{})
	go func() { defer close(done); c.read(ourIn) }()
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = ourOut.Close()
		<-done
		_ = ourIn.Close()
		err := os.RemoveAll(profile)
		for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); { // its helpers write until they are gone, too
			err = os.RemoveAll(profile)
		}
		if err != nil {
			t.Error(err)
		}
	})
	var target struct{ TargetID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "WebAuthn"} {
		c.call(domain+".enable", nil, nil)
	}
	return c
}

func (c *chromium) read(from *os.File) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, 64<<20)
	scanner.Split(func(data []byte, _ bool) (int, []byte, error) {
		if end := bytes.IndexByte(data, 0); end >= 0 {
			return end + 1, data[:end], nil
		}
		return 0, nil, nil
	})
	for scanner.Scan() {
		var m message
		if json.Unmarshal(scanner.Bytes(), &m) != nil {
			continue
		}
		c.mu.Lock()
		if answer := c.waiting[m.ID]; m.ID != 0 && answer != nil {
			delete(c.waiting, m.ID)
			answer <- m
		} else if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" || m.Method == "Runtime.consoleAPICalled" {
			c.noise = append(c.noise, string(m.Params))
		}
		c.mu.Unlock()
	}
}

func (c *chromium) call(method string, params, result any) {
	c.t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		c.t.Fatal(err)
	}
	if params == nil {
		raw = []byte("{}")
	}
	answer := make(chan message, 1)
	c.mu.Lock()
	c.next++
	m := message{ID: c.next, Method: method, Params: raw, Session: c.session}
	c.waiting[m.ID] = answer
	c.mu.Unlock()
	data, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(append(data, 0)); err != nil {
		c.t.Fatal(err)
	}
	select {
	case got := <-answer:
		if got.Error != nil {
			c.t.Fatalf("%s: %s", method, got.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(got.Result, result); err != nil {
				c.t.Fatal(err)
			}
		}
	case <-time.After(time.Minute):
		c.t.Fatalf("%s: no answer", method)
	}
}

// eval runs script, waiting for promises, and gives its value as text.
func (c *chromium) eval(script string) string {
	c.t.Helper()
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	c.call("Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &out)
	if out.ExceptionDetails != nil {
		c.t.Fatalf("%s: %s", script, out.ExceptionDetails.Text)
	}
	return fmt.Sprint(out.Result.Value)
}

func (c *chromium) open(url string) {
	c.t.Helper()
	c.call("Page.navigate", map[string]any{"url": url}, nil)
	c.eval(`new Promise((done) => { const look = () => location.href !== 'about:blank' && document.readyState === 'complete' ? done() : setTimeout(look, 20); look(); })`)
}

// press clicks the button and gives what the page then says.
func (c *chromium) press() string {
	c.t.Helper()
	return c.eval(`new Promise((done) => {
		document.getElementById('sign').click();
		const look = () => { const o = document.getElementById('outcome'); o.className ? done(o.className + ': ' + o.textContent) : setTimeout(look, 20); };
		look();
	})`)
}

// authenticator plugs in a virtual security key.
func (c *chromium) authenticator(verifies bool) string {
	c.t.Helper()
	var out struct{ AuthenticatorID string }
	c.call("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{"protocol": "ctap2", "transport": "usb", "hasResidentKey": true,
		"hasUserVerification": verifies, "isUserVerified": verifies, "automaticPresenceSimulation": true}}, &out)
	return out.AuthenticatorID
}

// picture saves what the page looks like when ADAMANT_PICTURES names a folder.
func (c *chromium) picture(name string) {
	c.t.Helper()
	dir := os.Getenv("ADAMANT_PICTURES")
	if dir == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		c.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		var out struct{ Data string }
		c.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &out)
		data, err := base64.StdEncoding.DecodeString(out.Data)
		if err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), data, 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
}

// start serves the pages on localhost.
func start(t *testing.T) (server, string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	origin := "http://localhost:" + port
	s, h := newServer(t, origin)
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return s, origin
}

// invite orders a browser's key, as the owner or by nobody.
func invite(t *testing.T, s server, nonce string) (desk.Enrolled, error) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	text, err := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionEnrol, Operator: "ada", Label: "the blue key", Method: gate.MethodWebAuthn,
		Nonce: strings.Repeat(nonce, 32), At: now, Expires: now.Add(10 * time.Minute)}.Text()
	if err != nil {
		t.Fatal(err)
	}
	return s.Order(t.Context(), desk.Enrolment{Proof: desk.Proof{Statement: text, Method: operator.MethodOwner}}, true)
}

func enrolHere(t *testing.T, c *chromium, s server) {
	t.Helper()
	invited, err := invite(t, s, "1")
	if err != nil {
		t.Fatal(err)
	}
	c.open(invited.URL)
	c.picture("enrol")
	if got := c.press(); !strings.HasPrefix(got, "good: Enrolled a key of ada") {
		t.Fatal(got)
	}
	if n := c.eval(`document.querySelectorAll('#codes li').length`); n != "10" {
		t.Errorf("%s recovery codes", n)
	}
	c.picture("enrolled")
}

func (c *chromium) quiet() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, said := range c.noise {
		if !strings.Contains(said, "favicon") && !strings.Contains(said, "status of 403") {
			c.t.Errorf("the browser complained: %s", said)
		}
	}
}

// An operator enrols a security key with PIN in a real browser, approves a high change, and breaks the glass.
func TestBrowser(t *testing.T) {
	s, origin := start(t)
	c := newChromium(t)
	c.authenticator(true)
	enrolHere(t, c, s)
	if v := s.Verdict(highID); v.Decision != gate.Hold {
		t.Fatal(v.Decision)
	}
	c.open(origin + "/approve/" + highID)
	c.picture("approve")
	if got := c.press(); got != "good: Approved by ada (webauthn); the gate says allow" {
		t.Fatal(got)
	}
	c.picture("approved")
	c.open(origin + "/approve/" + criticalID)
	c.picture("critical-asks")
	c.open(origin + "/approve/" + criticalID + "?reason=the+old+key+was+in+a+log+file")
	c.picture("critical")
	if got := c.press(); got != "good: Approved by ada (webauthn); the gate says allow" {
		t.Fatal(got)
	}
	if v := s.Verdict(criticalID); !v.Approvals[0].MFA || v.Decision != gate.Allow {
		t.Errorf("%s, %+v", v.Decision, v.Approvals)
	}
	c.open(origin + "/approve/" + missingID + "?accept=load&reason=we+have+no+load+to+test+with")
	c.picture("missing")
	if got := c.press(); !strings.Contains(got, "the gate says allow") {
		t.Error(got)
	}
	c.quiet()
}

// A key that is only touched approves a high change and never a critical one, and what the page shows is what is signed.
func TestBrowserWithoutPIN(t *testing.T) {
	s, origin := start(t)
	c := newChromium(t)
	c.authenticator(false)
	enrolHere(t, c, s)
	c.open(origin + "/approve/" + criticalID + "?reason=the+old+key+was+in+a+log+file")
	if got := c.eval(`document.querySelector('.problem').textContent`); !strings.Contains(got, "No browser's key that may do this") {
		t.Error(got)
	}
	c.open(origin + "/approve/" + highID)
	c.eval(`document.getElementById('sign').dataset.text = document.getElementById('sign').dataset.text.replace('"head":"2222', '"head":"9222')`)
	if got := c.press(); !strings.HasPrefix(got, "bad: It would not count: there is a new patch set") {
		t.Error(got)
	}
	c.open(origin + "/approve/" + highID)
	if got := c.press(); !strings.HasPrefix(got, "good: Approved by ada") {
		t.Error(got)
	}
	c.quiet()
}

// The policy of the page keeps scripts out that are not its own.
func TestBrowserKeepsScriptsOut(t *testing.T) {
	_, origin := start(t)
	c := newChromium(t)
	c.open(origin + "/approve/" + highID)
	got := c.eval(`new Promise((done) => {
		document.addEventListener('securitypolicyviolation', (e) => done(e.violatedDirective));
		const s = document.createElement('script');
		s.textContent = 'window.taken = true';
		document.body.append(s);
		setTimeout(() => done('ran: ' + window.taken), 1000);
	})`)
	if !strings.HasPrefix(got, "script-src") {
		t.Error(got)
	}
}
