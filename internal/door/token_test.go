package door

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newTokens(t *testing.T) (*Tokens, *memory, *clock) {
	t.Helper()
	c, m := &clock{now: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)}, &memory{}
	return NewTokens(m, c.Now, rand.Reader), m, c
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	tokens, journal, c := newTokens(t)
	wish := Grant{Role: RoleCoder, Agent: "coder-1", Task: "t-1", Topic: "x", Write: true, Expires: c.Now().Add(time.Hour)}
	secret, grant, err := tokens.Issue(t.Context(), "operator", wish)
	if err != nil {
		t.Fatal(err)
	}
	if text := secret.Reveal(); !strings.HasPrefix(text, "adm_") || len(text) != 47 {
		t.Errorf("%d characters", len(text))
	}
	if all := strings.Join(journal.entries, "\n") + fmt.Sprint(secret, grant) + fmt.Sprintf("%v %#v %+v", secret, secret, grant); strings.Contains(all, secret.Reveal()) {
		t.Error("the token is written down")
	}
	if g, err := tokens.Authenticate(secret.Reveal()); err != nil || g.ID != grant.ID {
		t.Errorf("%+v, %v", g, err)
	}
	for _, wrong := range []string{"", "adm_", secret.Reveal() + "A", strings.ToLower(secret.Reveal()), "adm_" + strings.Repeat("A", 43), secret.Reveal() + "\n"} {
		if _, err := tokens.Authenticate(wrong); err == nil {
			t.Errorf("%q opens the door", wrong)
		}
	}
	replayed := NewTokens(journal, c.Now, rand.Reader)
	for _, e := range journal.entries {
		kind, rest, _ := strings.Cut(e, " ")
		_, body, _ := strings.Cut(rest, " ")
		if err := replayed.Apply(kind, json.RawMessage(body)); err != nil {
			t.Fatal(err)
		}
	}
	if g, err := replayed.Authenticate(secret.Reveal()); err != nil || g.Task != "t-1" {
		t.Errorf("after a restart: %+v, %v", g, err)
	}
	c.advance(time.Hour)
	var auth *AuthError
	if _, err := tokens.Authenticate(secret.Reveal()); !errors.As(err, &auth) || !strings.Contains(err.Error(), "expired at 2026-11-23T05:00:00Z") {
		t.Errorf("%v", err)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	tokens, journal, c := newTokens(t)
	secret, grant, err := tokens.Issue(t.Context(), "operator", Grant{Role: RolePerson, Name: "ann", Expires: c.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	journal.fail = errors.New("disk full")
	if err := tokens.Revoke(t.Context(), "operator", grant.ID, "lost"); err == nil {
		t.Error("a revocation that is not on disk counts")
	}
	journal.fail = nil
	for range 2 {
		if err := tokens.Revoke(t.Context(), "operator", grant.ID, "lost"); err != nil {
			t.Error(err)
		}
	}
	if len(journal.entries) != 2 {
		t.Errorf("%d entries", len(journal.entries))
	}
	if _, err := tokens.Authenticate(secret.Reveal()); err == nil || !strings.Contains(err.Error(), "was revoked") {
		t.Errorf("%v", err)
	}
	if list := tokens.List(); len(list) != 1 || list[0].State != "revoked" || list[0].Reason != "lost" {
		t.Errorf("%+v", list)
	}
	if err := tokens.Revoke(t.Context(), "operator", "none", ""); !errors.Is(err, ErrUnknownToken) {
		t.Errorf("%v", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	t.Parallel()
	tokens, journal, c := newTokens(t)
	later := c.Now().Add(time.Hour)
	for name, wish := range map[string]Grant{
		"no role":            {Expires: later},
		"unknown role":       {Role: "root", Expires: later},
		"agent without name": {Role: RoleCoder, Expires: later},
		"person as agent":    {Role: RolePerson, Agent: "a", Expires: later},
		"bad name":           {Role: RoleCoder, Agent: "A/..", Expires: later},
		"bad task":           {Role: RoleCoder, Agent: "a", Task: "x/y", Expires: later},
		"task without agent": {Role: RolePerson, Task: "t", Expires: later},
		"writing reviewer":   {Role: RoleReviewer, Agent: "a", Write: true, Expires: later},
		"force without":      {Role: RoleCoder, Agent: "a", Force: true, Expires: later},
		"no end":             {Role: RoleCoder, Agent: "a"},
		"past":               {Role: RoleCoder, Agent: "a", Expires: c.Now()},
		"for ever":           {Role: RoleCoder, Agent: "a", Expires: c.Now().AddDate(2, 0, 0)},
	} {
		if _, _, err := tokens.Issue(t.Context(), "operator", wish); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	journal.fail = errors.New("disk full")
	if _, _, err := tokens.Issue(t.Context(), "operator", Grant{Role: RolePerson, Expires: later}); err == nil {
		t.Error("a grant that is not on disk counts")
	}
	if len(tokens.List()) != 0 {
		t.Error("something was granted")
	}
	for _, bad := range []string{"{", `{"id":"x","sha256":"zz"}`, `{"id":"","sha256":"` + strings.Repeat("00", 32) + `"}`} {
		if err := tokens.Apply(KindNew, json.RawMessage(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestTokenFile(t *testing.T) {
	t.Parallel()
	secret, err := newSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "token")
	if err := WriteTokenFile(path, secret); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadTokenFile(path); err != nil || got != secret {
		t.Errorf("%v", err)
	}
	if err := WriteTokenFile(path, secret); err == nil {
		t.Error("a file was replaced")
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTokenFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%04o: %v", mode, err)
		}
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{other, t.TempDir(), path + "x"} {
		if _, err := ReadTokenFile(bad); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	key, now := []byte("k"), time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	commands := []wireCommand{{zeros, ones, "refs/for/main"}, {ones, twos, "refs/heads/agents/a/t"}}
	text, err := seal(key, sealed{Session: "s", Token: "t", Commands: commands, Expires: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := unseal(key, text, now)
	if err != nil || s.Token != "t" || !s.matches([]wireCommand{commands[1], commands[0]}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s.matches(commands[:1]) || s.matches([]wireCommand{commands[0], {ones, ones, commands[1].Ref}}) {
		t.Error("it matches other commands")
	}
	if _, err := unseal([]byte("other"), text, now); !errors.Is(err, errSeal) {
		t.Errorf("another key: %v", err)
	}
	if _, err := unseal(key, text, now.Add(time.Minute)); err == nil {
		t.Error("it never ends")
	}
	for i := range text {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := unseal(key, string(changed), now); err == nil {
			t.Fatalf("byte %d can be changed", i)
		}
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	m := newMeter(60, 2, c.Now)
	one, ok1 := m.enter("a")
	two, ok2 := m.enter("a")
	_, ok3 := m.enter("a")
	_, other := m.enter("b")
	if !ok1 || !ok2 || ok3 || !other {
		t.Error("at once", ok1, ok2, ok3, other)
	}
	one()
	one()
	if _, ok := m.enter("a"); !ok {
		t.Error("a place that was left is not free")
	}
	two()
	m = newMeter(60, 1000, c.Now)
	n := 0
	for leave, ok := m.enter("a"); ok; leave, ok = m.enter("a") {
		leave()
		n++
	}
	if n != 60 || !m.spent("a") || m.spent("b") {
		t.Errorf("%d in a minute", n)
	}
	c.advance(-time.Hour) // a clock that goes back frees nothing and blocks nobody for ever
	c.advance(time.Hour + time.Second)
	if _, ok := m.enter("a"); !ok {
		t.Error("nothing leaked in a second")
	}
	c.advance(10 * time.Minute)
	m.spent("c")
	if len(m.keys) > 2 {
		t.Errorf("%d keys are kept", len(m.keys))
	}
}

// The checksum is found at the end however the bytes come, and nothing may follow it.
func TestTrailer(t *testing.T) {
	t.Parallel()
	for _, hexLen := range []int{40, 64} {
		sum := newTrailer(hexLen)
		sum.hash.Write([]byte("PACK and what is in it"))
		good := sum.hash.Sum([]byte("PACK and what is in it"))
		for _, step := range []int{1, 3, 19, 20, 21, 32, 33, len(good), 1000} {
			feed := func(data []byte) error {
				t := newTrailer(hexLen)
				for len(data) > 0 {
					n, err := t.Write(data[:min(step, len(data))])
					if err != nil {
						return err
					}
					data = data[n:]
				}
				return t.verify()
			}
			for name, bad := range map[string][]byte{"behind": append(bytes.Clone(good), 'x'), "cut": good[:len(good)-1], "short": good[:5], "twice": append(bytes.Clone(good), good...)} {
				if err := feed(bad); !errors.Is(err, errTrailer) {
					t.Errorf("%d digits, steps of %d, %s: %v", hexLen, step, name, err)
				}
			}
			if err := errors.Join(feed(good), feed(nil)); err != nil {
				t.Errorf("%d digits, steps of %d: %v", hexLen, step, err)
			}
		}
	}
}
