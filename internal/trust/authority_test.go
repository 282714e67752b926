package trust

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/tlog"
)

// clock is one that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

var artifact = sha256.Sum256([]byte("an artifact"))

func mustSign(t testing.TB, a *Authority, log Logger) []byte {
	t.Helper()
	data, err := a.SignBlob(t.Context(), log, Gate("shop"), artifact)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func reopen(t *testing.T, a *Authority, o Options) *Authority {
	t.Helper()
	a, err := Open(a.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A rotation is prepared, lands, and ends; what was signed before each of these moments stays good with the newest root.
func TestRotate(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	o := Options{Repository: "shop", Now: at.Now}
	a := newAuthority(t, o)
	log := newLogger(t, a)
	o.Published = a.TrustedRoot()
	a = reopen(t, a, o)
	made := [][]byte{mustSign(t, a, log)}

	at.now = at.now.Add(time.Hour)
	rotated, err := Rotate(a.dir, o, 48*time.Hour, "ca", "ct", "tsa")
	if err != nil {
		t.Fatal(err)
	}
	a = reopen(t, a, o)
	before := mustSign(t, a, log) // not landed: the old keys
	if err := accepts(t, o.Published, before, artifact, Gate("shop")); err != nil {
		t.Errorf("with the root that main has: %v", err)
	}
	a = reopen(t, a, Options{Now: at.Now, Published: rotated})
	at.now = at.now.Add(time.Second)
	after := mustSign(t, a, log)
	if err := accepts(t, o.Published, after, artifact, Gate("shop")); err == nil {
		t.Error("the keys did not change")
	}
	made = append(made, before, after)
	for i, data := range made {
		if err := accepts(t, rotated, data, artifact, Gate("shop")); err != nil {
			t.Errorf("bundle %d with the newest root: %v", i, err)
		}
	}

	at.now = at.now.Add(72 * time.Hour)
	if _, err := Open(a.dir, o); !errors.Is(err, ErrUnpublished) {
		t.Errorf("the old keys' time is over and the new ones are unknown: %v", err)
	}
	if _, err := Rotate(a.dir, o, 0); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Glob(filepath.Join(a.dir, "*.pem"))
	if err != nil || len(keys) != 4 {
		t.Errorf("%d private keys are left, not 4: %v", len(keys), keys)
	}
}

// A daemon that runs while the keys are rotated away at once signs nothing more with them; one whose keys end neither.
func TestRotateWhileOpen(t *testing.T) {
	t.Parallel()
	at := &clock{start()}
	o := Options{Repository: "shop", Now: at.Now}
	a := newAuthority(t, o)
	log := newLogger(t, a)
	o.Published = a.TrustedRoot()
	a = reopen(t, a, o)
	mustSign(t, a, log)
	at.now = at.now.Add(time.Minute)
	if _, err := Rotate(a.dir, o, time.Minute, "tsa"); err != nil {
		t.Fatal(err)
	}
	mustSign(t, a, log) // the overlap
	at.now = at.now.Add(time.Minute)
	if _, err := a.SignBlob(t.Context(), log, Gate("shop"), artifact); !errors.Is(err, ErrUnpublished) {
		t.Errorf("the timestamp key has ended: %v", err)
	}
	b := newAuthority(t, Options{Now: at.Now})
	log = newLogger(t, b)
	b = reopen(t, b, Options{Now: at.Now, Published: b.TrustedRoot()})
	mustSign(t, b, log)
	if _, err := Rotate(b.dir, o, 0, "ca"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.SignBlob(t.Context(), log, Gate("shop"), artifact); !errors.Is(err, ErrUnpublished) {
		t.Errorf("the CA's key has ended at once: %v", err)
	}
}

// An end that was announced is not put off by the next rotation, but brought forward by a shorter overlap.
func TestEndsStay(t *testing.T) {
	t.Parallel()
	at := &clock{start()}
	a := newAuthority(t, Options{Now: at.Now})
	for _, overlap := range []time.Duration{time.Hour, 48 * time.Hour, 2 * time.Hour} {
		if _, err := Rotate(a.dir, Options{Now: at.Now}, overlap, "ct"); err != nil {
			t.Fatal(err)
		}
	}
	b := reopen(t, a, Options{Now: at.Now})
	uses, err := Uses(b.TrustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	for _, u := range uses {
		if u.Kind == kindCT && u.End != nil {
			ends = append(ends, u.End.Sub(start()).String())
		}
	}
	if got := strings.Join(ends, " "); got != "1h0m0s 2h0m0s 2h0m0s" {
		t.Errorf("ends after %s", got)
	}
}

// The log's key follows at the next start, with the former one to read older checkpoints by.
func TestRotateLog(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, Options{})
	dir := t.TempDir()
	open := func(key tlog.Key) (logger, func()) {
		log, err := tlog.Open(dir, key)
		if err != nil {
			t.Fatal(err)
		}
		return logger{log}, func() { _ = log.Close() }
	}
	log, end := open(a.LogKey())
	first := mustSign(t, a, log)
	rotated, err := Rotate(a.dir, Options{}, time.Hour, "log")
	if err != nil {
		t.Fatal(err)
	}
	second := mustSign(t, a, log)
	end()
	b := reopen(t, a, Options{Published: rotated})
	log, end = open(b.LogKey())
	defer end()
	for i, data := range [][]byte{first, second, mustSign(t, b, log)} {
		if err := accepts(t, b.TrustedRoot(), data, artifact, Gate("shop")); err != nil {
			t.Errorf("bundle %d: %v", i, err)
		}
	}
	if b.LogKey().ID() == a.LogKey().ID() || len(b.LogKey().Former) != 1 {
		t.Error("the key did not change")
	}
}

// A kernel that was restored has no keys: it takes the published root over and rotates. Old bundles stay good.
func TestAdopt(t *testing.T) {
	t.Parallel()
	lost := newAuthority(t, Options{})
	old := mustSign(t, lost, newLogger(t, lost))
	dir := filepath.Join(t.TempDir(), "trust")
	if err := Adopt(dir, Options{Repository: "shop"}, lost.TrustedRoot()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without keys: %v", err)
	}
	rotated, err := Rotate(dir, Options{}, 0, Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(dir, Options{Published: rotated})
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range [][]byte{old, mustSign(t, a, newLogger(t, a))} {
		if err := accepts(t, rotated, data, artifact, Gate("shop")); err != nil {
			t.Errorf("bundle %d: %v", i, err)
		}
	}
	if err := Adopt(dir, Options{Repository: "shop"}, rotated); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over keys: %v", err)
	}
	if err := Adopt(filepath.Join(t.TempDir(), "x"), Options{Repository: "shop"}, []byte("?")); err == nil {
		t.Error("no root is adopted")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string) error
		o     Options
		want  error
		says  string
	}{
		"no folder":          {func(_ *testing.T, dir string) error { return os.RemoveAll(dir) }, Options{}, fs.ErrNotExist, ""},
		"unfinished":         {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, fileAuthority)) }, Options{}, fs.ErrNotExist, ""},
		"an open folder":     {func(_ *testing.T, dir string) error { return os.Chmod(dir, 0o750) }, Options{}, ErrExposed, "chmod 700"},
		"an open key":        {func(t *testing.T, dir string) error { return os.Chmod(oneKey(t, dir, kindCA), 0o604) }, Options{}, ErrExposed, "chmod 600"},
		"a key gone":         {func(t *testing.T, dir string) error { return os.Remove(oneKey(t, dir, kindTSA)) }, Options{}, fs.ErrNotExist, ""},
		"a key linked":       {linkKey, Options{}, nil, "is no file"},
		"another's key":      {swapKey, Options{}, nil, "holds another key"},
		"another repository": {func(*testing.T, string) error { return nil }, Options{Repository: "other"}, nil, "are those of the repository"},
		"an unpublished root": {func(*testing.T, string) error { return nil },
			Options{Published: []byte(`{"mediaType":"` + trustedRootType + `"}`)}, ErrUnpublished, "land the change"},
		"no root published": {func(*testing.T, string) error { return nil }, Options{Published: []byte("?")}, nil, "main's"},
		"a newer version": {func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, fileAuthority), []byte(`{"v":2,"repository":"shop"}`), 0o600)
		}, Options{}, nil, "newer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t, Options{})
			if err := c.spoil(t, a.dir); err != nil {
				t.Fatal(err)
			}
			_, err := Open(a.dir, c.o)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want %v with %q: %v", c.want, c.says, err)
			}
		})
	}
}

func oneKey(t *testing.T, dir, kind string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, kind+"-*.pem"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v: %v", found, err)
	}
	return found[0]
}

func linkKey(t *testing.T, dir string) error {
	file := oneKey(t, dir, kindCT)
	other := filepath.Join(t.TempDir(), "key")
	return errors.Join(os.Rename(file, other), os.Symlink(other, file))
}

func swapKey(t *testing.T, dir string) error {
	return os.Rename(oneKey(t, dir, kindCT), oneKey(t, dir, kindCA))
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, Options{})
	if _, err := Init(a.dir, Options{Repository: "shop"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := Init(t.TempDir()+"/x", Options{Repository: "not a word"}); !errors.Is(err, ErrIdentity) {
		t.Error(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(open, Options{Repository: "shop"}); !errors.Is(err, ErrExposed) {
		t.Error(err)
	}
}

// liar is a log that says something else than it did.
type liar struct {
	logger
	change func(*tlog.Entry)
}

func (l liar) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	e, err := l.logger.Log(ctx, rekord)
	l.change(&e)
	return e, err
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, Options{})
	log := newLogger(t, a)
	for name, c := range map[string]struct {
		who       Identity
		statement string
		log       Logger
		says      string
	}{
		"another repository": {Gate("other"), string(statementOf(artifact)), log, "the keys are those"},
		"nobody":             {Identity{}, string(statementOf(artifact)), log, "no identity"},
		"no JSON":            {Gate("shop"), "?", log, "no JSON"},
		"another type":       {Gate("shop"), strings.Replace(string(statementOf(artifact)), "v1", "v0.1", 1), log, "_type"},
		"no predicate type":  {Gate("shop"), strings.Replace(string(statementOf(artifact)), "https://slsa.dev/provenance/v1", "", 1), log, "predicateType"},
		"no subject":         {Gate("shop"), `{"_type":"` + statementType + `","predicateType":"x"}`, log, "no subject"},
		"no digest":          {Gate("shop"), `{"_type":"` + statementType + `","predicateType":"x","subject":[{"name":"a"}]}`, log, "no digest"},
		"too long":           {Gate("shop"), strings.Repeat(" ", MaxStatement+1), log, "more than"},
		"a log that lies": {Gate("shop"), string(statementOf(artifact)),
			liar{log, func(e *tlog.Entry) { e.Root[0] ^= 1 }}, "the log's proof"},
	} {
		t.Run(name, func(t *testing.T) {
			if data, err := a.Attest(t.Context(), c.log, c.who, []byte(c.statement)); err == nil || data != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("want %q: %v", c.says, err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.SignBlob(ctx, log, Gate("shop"), artifact); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Certificates are shared for their window and by nobody else.
func TestSessions(t *testing.T) {
	t.Parallel()
	at := &clock{start()}
	a := newAuthority(t, Options{Now: at.Now})
	cert := func(who Identity) string {
		s, _, err := a.session(who, at.now)
		if err != nil {
			t.Fatal(err)
		}
		return string(s.cert)
	}
	first := cert(Gate("shop"))
	if cert(Operator("shop", "ada")) == first {
		t.Error("two identities share a certificate")
	}
	at.now = at.now.Add(leafWindow - 2*time.Second)
	if cert(Gate("shop")) != first {
		t.Error("a new certificate within the window")
	}
	at.now = at.now.Add(2 * time.Second)
	second := cert(Gate("shop"))
	if second == first || len(a.sessions) != 1 {
		t.Errorf("the window is over; %d sessions are kept", len(a.sessions))
	}
	at.now = start() // the clock went back
	if cert(Gate("shop")) == second {
		t.Error("a certificate that is not valid yet")
	}
}
