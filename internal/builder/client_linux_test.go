package builder

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// listen runs the control plane and returns where.
func (s *site) listen(t *testing.T) string {
	t.Helper()
	listener := must((&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func signAs(key ssh.Signer) Sign {
	return func(_ context.Context, namespace, text string) (string, error) {
		armored, err := sshsig.Sign(key, namespace, []byte(text))
		return string(armored), err
	}
}

// note is the target of the site's commit.
var note = manifest.Build{Name: "note", Kind: "custom", Command: []string{`test -f README && cp README "$OUT/note"`}}

func TestClient(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := must(NewClient(s.listen(t)))(t)
	job := s.job()
	built := must(client.Order(t.Context(), job, signAs(s.asker)))(t)
	listed := []manifest.DedicatedBuilder{{Identity: forge, Key: string(ssh.MarshalAuthorizedKey(s.signer))}}
	if who, err := built.Check(job, note, "shop", listed); err != nil || who.String() != forge {
		t.Fatalf("%v, %v", who, err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := client.Fetch(t.Context(), job, built.Artifacts, dir); err != nil {
		t.Fatal(err)
	}
	if text := must(os.ReadFile(built.Artifacts[0].Path))(t); string(text) != "a shop\n" {
		t.Errorf("fetched %q", text)
	}
	if left := must(os.ReadDir(dir))(t); len(left) != 1 {
		t.Errorf("left beside it: %v", left)
	}

	// An answer to something else is not taken, whoever signed it.
	unlisted := []manifest.DedicatedBuilder{{Identity: forge, Key: string(ssh.MarshalAuthorizedKey(s.asker.PublicKey()))}}
	other, longer := note, note
	other.Command, longer.Timeout = []string{"true"}, "1h"
	for name, c := range map[string]struct {
		change func(*Job, *Built)
		target manifest.Build
		listed []manifest.DedicatedBuilder
		want   string
	}{
		"a key that main does not list": {nil, note, unlisted, "main lists no builder"},
		"another builder":               {func(j *Job, _ *Built) { j.Builder += "y" }, note, listed, "it is by"},
		"another order":                 {func(j *Job, _ *Built) { j.Invocation = "BBBBBBBBBBBBBBBB" }, note, listed, "another order"},
		"another commit":                {func(j *Job, _ *Built) { j.Commit = strings.Repeat("0", 40) }, note, listed, "it is about commit"},
		"with a cache":                  {func(j *Job, _ *Built) { j.NoCache = true }, note, listed, "other parameters"},
		"another command":               {nil, other, listed, "not the one that the commit declares"},
		"another limit":                 {nil, longer, listed, "not the one that the commit declares"},
		"one artifact more":             {func(_ *Job, b *Built) { b.Artifacts = append(b.Artifacts, build.Artifact{Name: "x"}) }, note, listed, "other artifacts"},
		"another digest": {func(_ *Job, b *Built) {
			b.Artifacts = []build.Artifact{{Name: "note", SHA256: strings.Repeat("0", 64)}}
		}, note, listed, "does not state"},
		"another name": {func(_ *Job, b *Built) {
			b.Artifacts = []build.Artifact{{Name: "../note", SHA256: b.Artifacts[0].SHA256}}
		}, note, listed, "does not state"},
	} {
		j, b := job, built
		if c.change != nil {
			c.change(&j, &b)
		}
		wrong := (*AnswerError)(nil)
		if _, err := b.Check(j, c.target, "shop", c.listed); !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClientRefused: what went wrong is told by kind.
func TestClientRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := must(NewClient(s.listen(t)))(t)
	stranger, _ := keyOf(t, 3)
	refused := (*RefusedError)(nil)
	if _, err := client.Order(t.Context(), s.job(), signAs(stranger)); !errors.As(err, &refused) || !strings.Contains(err.Error(), "may not ask") {
		t.Errorf("a stranger: %v", err)
	}
	s.source.Write(".adamant/adamant.yaml", "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: shop}\nspec:\n  build:\n    - {name: bad, kind: custom, command: ['echo no >&2; exit 3']}\n")
	job := s.job()
	job.Commit, job.Target = s.source.Commit("bad"), "bad"
	failed := (*FailedError)(nil)
	if _, err := client.Order(t.Context(), job, signAs(s.asker)); !errors.As(err, &failed) || !strings.Contains(failed.Reason, "status 3") || !strings.Contains(failed.Log, "no") {
		t.Errorf("a build that fails: %v", err)
	}
	nobody := must(NewClient("http://127.0.0.1:1"))(t)
	if _, err := nobody.Order(t.Context(), s.job(), signAs(s.asker)); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	for _, at := range []string{"", "host:1", "ftp://host", "relative/path"} {
		if _, err := NewClient(at); err == nil {
			t.Errorf("%q is taken for an address", at)
		}
	}
}

// TestFetchHoldsToDigest: another file, a longer one or one outside of the folder is not left there.
func TestFetchHoldsToDigest(t *testing.T) {
	t.Parallel()
	offered := "a shop\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, offered) }))
	t.Cleanup(server.Close)
	client := must(NewClient(server.URL))(t)
	right := build.Artifact{Name: "bin/note", Size: 7, Mode: 0o755, SHA256: "14fb9e5a0d6e8ad96c3d3bdac6ae0a52a8e0f6ac0bdbde5d9dbbb4d3a14f0aeb"}
	for name, a := range map[string]build.Artifact{
		"another digest": right,
		"longer":         {Name: "note", Size: 3, SHA256: right.SHA256},
		"outside":        {Name: "../note", Size: 7, SHA256: right.SHA256},
		"absolute":       {Name: "/note", Size: 7, SHA256: right.SHA256},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		wrong := (*AnswerError)(nil)
		if err := client.Fetch(t.Context(), Job{Invocation: "A"}, []build.Artifact{a}, dir); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
		_ = filepath.WalkDir(filepath.Dir(dir), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				t.Errorf("%s: left %s", name, path)
			}
			return nil
		})
	}
}
