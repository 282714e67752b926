package trust

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// person holds a key.
type person struct {
	Key
	signer ssh.Signer
}

func (p person) Sign(_ context.Context, namespace, text string) (string, error) {
	armored, err := sshsig.Sign(p.signer, namespace, []byte(text))
	return string(armored), err
}

func start() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

func newPerson(t testing.TB, name string, seed byte) person {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewKey(name, string(ssh.MarshalAuthorizedKey(signer.PublicKey())), start())
	if err != nil {
		t.Fatal(err)
	}
	return person{key, signer}
}

type files map[string][]byte

func (f files) read(name string) ([]byte, error) {
	if data, ok := f[name]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

const genesis = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// twoVersions is a root and a second one with another operator.
func twoVersions(t testing.TB) (f files, ada, bob person) {
	t.Helper()
	ada, bob = newPerson(t, "ada", 1), newPerson(t, "bob", 2)
	gate := newPerson(t, nameGate, 9)
	first := FirstRoot("shop", genesis, []Key{ada.Key}, gate.Key, start(), start().AddDate(1, 0, 0))
	f, err := (*Chain)(nil).Publish(t.Context(), first, []byte("trusted 1"), ada)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ReadRoot(files(f).read)
	if err != nil {
		t.Fatal(err)
	}
	next := c.Next(start().AddDate(0, 1, 0), start().AddDate(1, 1, 0))
	next.Keys = append(next.Keys, bob.Key)
	next.Roles.Operator.KeyIDs = []string{bob.ID}
	next.end(ada.ID, next.Created)
	next.sort()
	second, err := c.Publish(t.Context(), next, []byte("trusted 2"), ada, bob)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(f, second)
	return f, ada, bob
}

func TestReadRoot(t *testing.T) {
	t.Parallel()
	f, ada, bob := twoVersions(t)
	c, err := ReadRoot(f.read)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Roots) != 2 || c.Current().Version != 2 || string(c.TrustedRoot) != "trusted 2" || c.Fingerprint != digestOf(f[NumberedRoot(1)]) {
		t.Errorf("%+v", c)
	}
	if k, ok := c.Current().key(ada.ID); !ok || k.ValidAt(c.Current().Created) || !k.ValidAt(start()) {
		t.Errorf("ada's key: %+v", k)
	}
	if _, ok := c.GateKey(bob.ID); ok {
		t.Error("an operator's key passes for the gate's")
	}
	gate := c.Current().Roles.Gate.KeyIDs[0]
	if k, ok := c.GateKey(gate); !ok || k.ID != gate {
		t.Error("the gate's key is not found")
	}
}

func TestBuilderLevel(t *testing.T) {
	t.Parallel()
	f, _, _ := twoVersions(t)
	c, err := ReadRoot(f.read)
	if err != nil {
		t.Fatal(err)
	}
	for builder, want := range map[string]int{
		Builder("shop", BuilderWorkstation, "b1").String():  1,
		Builder("shop", BuilderDedicated, "b1").String():    0,
		Builder("other", BuilderWorkstation, "b1").String(): 0,
		"https://adamant.dev/id/shop/builder/workstation/":  0,
	} {
		if got := c.BuilderLevel(builder); got != want {
			t.Errorf("%s has level %d, not %d", builder, got, want)
		}
	}
}

// forge seals a root as somebody who holds the keys of signers and ignores the rules.
func forge(t *testing.T, r Root, signers ...person) []byte {
	t.Helper()
	text, err := manifest.CanonicalDocument(r)
	if err != nil {
		t.Fatal(err)
	}
	s := sealed{Signed: r}
	for _, p := range signers {
		made, err := signRoot(t.Context(), p, string(text))
		if err != nil {
			t.Fatal(err)
		}
		s.Signatures = append(s.Signatures, made)
	}
	data, err := s.file()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Whatever is wrong with the second version is refused, even when those who could sign it did.
func TestReadRootRefuses(t *testing.T) {
	t.Parallel()
	f, ada, bob := twoVersions(t)
	eve := newPerson(t, "eve", 3)
	good, err := parseRoot(f[FileRoot])
	if err != nil {
		t.Fatal(err)
	}
	both := []person{ada, bob}
	for name, c := range map[string]struct {
		change  func(*Root)
		signers []person
		code    string
	}{
		"as it is":              {func(*Root) {}, both, ""},
		"old key alone":         {func(*Root) {}, []person{ada}, CodeRootSignature},
		"new key alone":         {func(*Root) {}, []person{bob}, CodeRootSignature},
		"a stranger":            {func(*Root) {}, []person{eve}, CodeRootSignature},
		"nobody":                {func(*Root) {}, nil, CodeRootSignature},
		"another repository":    {func(r *Root) { r.Repository = "other"; r.Roles.Agent = []Grant{} }, both, CodeRootChain},
		"another genesis":       {func(r *Root) { r.Genesis.Commit = strings.Repeat("1", 40) }, both, CodeRootChain},
		"a version skipped":     {func(r *Root) { r.Version = 3 }, both, CodeRootChain},
		"another history":       {func(r *Root) { r.Prev = strings.Repeat("0", 64) }, both, CodeRootChain},
		"made before":           {func(r *Root) { r.Created = start().Add(-time.Hour) }, both, CodeRootChain},
		"a key dropped":         {func(r *Root) { r.Keys = slices.DeleteFunc(r.Keys, func(k Key) bool { return k.ID == ada.ID }) }, both, CodeRootChain},
		"an old key older":      {func(r *Root) { r.Keys[index(r, ada.ID)].Start = start().Add(-time.Hour) }, both, CodeRootChain},
		"a new key in the past": {func(r *Root) { r.Keys[index(r, bob.ID)].Start = start().Add(-time.Hour) }, both, CodeRootChain},
		"a key without its end": {func(r *Root) { r.Keys[index(r, ada.ID)].End = nil }, both, ""},
		"a gate's key renamed": {func(r *Root) {
			r.Keys[slices.IndexFunc(r.Keys, func(k Key) bool { return k.Name == nameGate })].Name = "ada"
		}, both, CodeRootMalformed},
		"an ended key in a role": {func(r *Root) { r.Roles.Operator.KeyIDs = []string{ada.ID} }, both, CodeRootMalformed},
		"no operator":            {func(r *Root) { r.Roles.Operator = Signatures{KeyIDs: []string{}} }, both, CodeRootMalformed},
		"a threshold too high":   {func(r *Root) { r.Roles.Operator.Threshold = 2 }, both, CodeRootMalformed},
		"the gate signs roots":   {func(r *Root) { r.Roles.Operator.KeyIDs = r.Roles.Gate.KeyIDs }, both, CodeRootMalformed},
		"an operator lands":      {func(r *Root) { r.Roles.Gate.KeyIDs = []string{bob.ID} }, both, CodeRootMalformed},
		"one key twice":          {func(r *Root) { r.Roles.Operator = Signatures{KeyIDs: []string{bob.ID, bob.ID}, Threshold: 2} }, both, CodeRootMalformed},
		"a workstation's L3":     {func(r *Root) { r.Roles.Builder[0].MaxLevel = 3 }, both, CodeRootMalformed},
		"all builders' L3":       {func(r *Root) { r.Roles.Builder[0] = Grant{"https://adamant.dev/id/shop/builder/*", 3} }, both, CodeRootMalformed},
		"build L4":               {func(r *Root) { r.Roles.Builder[0] = Grant{Builder("shop", BuilderDedicated, "b").String(), 4} }, both, CodeRootMalformed},
		"another's agents":       {func(r *Root) { r.Roles.Agent[0].Identity = Agent("other", "*", "", "").String() }, both, CodeRootMalformed},
		"never valid":            {func(r *Root) { r.Expires = r.Created }, both, CodeRootMalformed},
		"a newer format":         {func(r *Root) { r.APIVersion = "adamant.dev/root/v2" }, both, CodeRootMalformed},
		"a key's id of another":  {func(r *Root) { r.Keys[0].Public = r.Keys[1].Public }, both, CodeRootMalformed},
		"a fraction of a second": {func(r *Root) { r.Created = r.Created.Add(time.Millisecond) }, both, CodeRootMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good.Signed
			r.Keys, r.Roles.Builder, r.Roles.Agent = slices.Clone(r.Keys), slices.Clone(r.Roles.Builder), slices.Clone(r.Roles.Agent)
			c.change(&r)
			g := maps.Clone(f)
			g[FileRoot] = forge(t, r, c.signers...)
			g[NumberedRoot(2)] = g[FileRoot]
			g[FileAllowedSigners] = []byte(r.AllowedSigners())
			wantCode(t, g, c.code)
		})
	}
}

func index(r *Root, id string) int {
	return slices.IndexFunc(r.Keys, func(k Key) bool { return k.ID == id })
}

func wantCode(t *testing.T, f files, code string) {
	t.Helper()
	_, err := ReadRoot(f.read)
	var refusal *RootError
	if code == "" && err != nil || code != "" && (!errors.As(err, &refusal) || refusal.Code != code) {
		t.Errorf("want %q: %v", code, err)
	}
}

func TestReadRootFiles(t *testing.T) {
	t.Parallel()
	f, _, _ := twoVersions(t)
	one, two := NumberedRoot(1), NumberedRoot(2)
	for name, c := range map[string]struct {
		change func(files)
		code   string
	}{
		"no root":                 {func(g files) { delete(g, FileRoot) }, CodeRootMissing},
		"no version 1":            {func(g files) { delete(g, one) }, CodeRootFiles},
		"rolled back":             {func(g files) { g[FileRoot] = g[one] }, CodeRootFiles},
		"version 1 twice":         {func(g files) { g[two] = g[one] }, CodeRootChain},
		"no trusted root":         {func(g files) { delete(g, FileTrustedRoot) }, CodeRootFiles},
		"another trusted root":    {func(g files) { g[FileTrustedRoot] = []byte("trusted 1") }, CodeRootFiles},
		"no allowed signers":      {func(g files) { delete(g, FileAllowedSigners) }, CodeRootFiles},
		"another allowed signers": {func(g files) { g[FileAllowedSigners] = append(bytes.Clone(g[FileAllowedSigners]), '\n') }, CodeRootFiles},
		"an unknown field":        {func(g files) { g[one] = bytes.Replace(g[one], []byte(`"signed": {`), []byte(`"signed": {"x": 1,`), 1) }, CodeRootMalformed},
		"another spelling":        {func(g files) { g[one] = append(bytes.Clone(g[one]), '\n') }, CodeRootMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := maps.Clone(f)
			c.change(g)
			wantCode(t, g, c.code)
		})
	}
}

// What is signed right and is not the newest, or not by who it says.
func TestReadRootPassedOff(t *testing.T) {
	t.Parallel()
	f, ada, bob := twoVersions(t)
	eve := newPerson(t, "eve", 3)
	good, err := parseRoot(f[FileRoot])
	if err != nil {
		t.Fatal(err)
	}
	first, err := parseRoot(f[NumberedRoot(1)])
	if err != nil {
		t.Fatal(err)
	}
	again := maps.Clone(f)
	again[FileRoot] = forge(t, good.Signed, ada, bob, eve)
	wantCode(t, again, CodeRootFiles)

	back := files{FileRoot: f[NumberedRoot(1)], NumberedRoot(1): f[NumberedRoot(1)], NumberedRoot(2): f[NumberedRoot(2)],
		FileTrustedRoot: []byte("trusted 1"), FileAllowedSigners: []byte(first.Signed.AllowedSigners())}
	wantCode(t, back, CodeRootFiles)
	delete(back, NumberedRoot(2))
	wantCode(t, back, "") // nothing here knows of a second one: that is for what was seen before to tell

	other := maps.Clone(f)
	renamed := strings.Replace(string(forge(t, good.Signed, eve, bob)), eve.ID, ada.ID, 1)
	s := sealed{}
	if err := json.Unmarshal([]byte(renamed), &s); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(s.Signatures, func(a, b rootSignature) int { return strings.Compare(a.KeyID, b.KeyID) })
	if other[FileRoot], err = s.file(); err != nil {
		t.Fatal(err)
	}
	other[NumberedRoot(2)] = other[FileRoot]
	wantCode(t, other, CodeRootSignature)
}

// The file that we ship makes real ssh-keygen accept what each may sign, and nothing else.
func TestAllowedSigners(t *testing.T) {
	t.Parallel()
	f, ada, bob := twoVersions(t)
	gate := newPerson(t, nameGate, 9)
	allowed := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(allowed, f[FileAllowedSigners], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who       person
		namespace string
		at        time.Time
		good      bool
	}{
		{gate, sshsig.NamespaceGit, start().Add(time.Hour), true},
		{gate, NamespaceRoot, start().Add(time.Hour), false},
		{gate, sshsig.NamespaceGit, start().Add(-time.Hour), false},
		{ada, NamespaceRoot, start().Add(time.Hour), true},
		{ada, NamespaceRoot, start().AddDate(0, 2, 0), false},
		{bob, sshsig.NamespaceApproval, start().AddDate(0, 2, 0), true},
	} {
		armored, err := c.who.Sign(t.Context(), c.namespace, "text")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "sig")
		if err := os.WriteFile(file, []byte(armored), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("ssh-keygen", "-Y", "verify", "-f", allowed, "-I", c.who.Name, "-n", c.namespace, "-s", file,
			"-Overify-time="+c.at.Format(signersTime))
		cmd.Stdin = strings.NewReader("text")
		if out, err := cmd.CombinedOutput(); (err == nil) != c.good {
			t.Errorf("%s in %s at %s: %v: %s", c.who.Name, c.namespace, c.at, err, out)
		}
	}
}

func FuzzReadRoot(f *testing.F) {
	g, _, _ := twoVersions(f)
	f.Add(g[FileRoot])
	f.Add(g[NumberedRoot(1)])
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseRoot(data)
		if err != nil {
			return
		}
		if again, err := s.file(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("two spellings: %v", err)
		}
	})
}

// An end that was announced does not move back; forward it may.
func TestEndMovesForwardOnly(t *testing.T) {
	t.Parallel()
	f, ada, bob := twoVersions(t)
	c, err := ReadRoot(f.read)
	if err != nil {
		t.Fatal(err)
	}
	end := *c.Current().Keys[index(&c.Roots[1], ada.ID)].End
	for name, x := range map[string]struct {
		end  *time.Time
		good bool
	}{
		"as it was": {&end, true},
		"gone":      {nil, false},
		"later":     {after(end, time.Hour), false},
		"earlier":   {after(end, -time.Hour), true},
	} {
		next := c.Next(start().AddDate(0, 2, 0), start().AddDate(1, 2, 0))
		next.Keys[index(&next, ada.ID)].End = x.end
		if _, err := c.Publish(t.Context(), next, c.TrustedRoot, bob); (err == nil) != x.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func after(t time.Time, d time.Duration) *time.Time {
	t = t.Add(d)
	return &t
}

func TestChanges(t *testing.T) {
	t.Parallel()
	f, _, bob := twoVersions(t)
	c, err := ReadRoot(f.read)
	if err != nil {
		t.Fatal(err)
	}
	now := start().AddDate(0, 2, 0)
	next := c.Next(now, now.AddDate(1, 0, 0))
	gate := newPerson(t, nameGate, 8)
	gate.Key.Start = now
	next.SetGate(gate.Key, now)
	next.SetGate(gate.Key, now) // a second time changes nothing
	next.SetBuilder(Builder("shop", BuilderDedicated, "big").String(), 3)
	next.SetBuilder(Builder("shop", BuilderWorkstation, "*").String(), 0)
	if next.EndOperator("SHA256:none", now) {
		t.Error("a key that no operator has was ended")
	}
	if _, err := c.Publish(t.Context(), next, c.TrustedRoot, bob); err != nil {
		t.Fatal(err)
	}
	if got := next.BuilderLevel(Builder("shop", BuilderDedicated, "big").String()); got != 3 {
		t.Errorf("level %d", got)
	}
	if got := next.BuilderLevel(Builder("shop", BuilderWorkstation, "b").String()); got != 0 {
		t.Errorf("level %d", got)
	}
	old, _ := next.key(c.Current().Roles.Gate.KeyIDs[0])
	if old.ValidAt(now) || !old.ValidAt(now.Add(-time.Second)) || len(next.Roles.Gate.KeyIDs) != 1 || next.Roles.Gate.KeyIDs[0] != gate.ID {
		t.Errorf("the gate's keys: %+v, %+v", old, next.Roles.Gate)
	}
	if !slices.Equal(c.Roots[1].Roles.Gate.KeyIDs, []string{old.ID}) {
		t.Error("the root before was changed")
	}
}
