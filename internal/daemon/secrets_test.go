package daemon

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/change"
)

// needles are what of the kernel's private keys could turn up elsewhere: a piece of each secret in each spelling.
func (h *house) needles() map[string][]byte {
	h.t.Helper()
	out := map[string][]byte{}
	must(h.t, filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && strings.HasSuffix(path, ".git") {
				return fs.SkipDir
			}
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("PRIVATE KEY")) {
			return nil // sockets
		}
		name, secret := filepath.Base(path), scalar(h.t, data)
		out[name+" as bytes"] = secret[:16]
		out[name+" in hexadecimal"] = []byte(hex.EncodeToString(secret[:16]))
		out[name+" in base64"] = []byte(base64.StdEncoding.EncodeToString(secret[:15]))
		out[name+" in PEM"] = inPEM(data, secret)
		return nil
	}))
	return out
}

// scalar is the secret of a key in a file.
func scalar(t *testing.T, file []byte) []byte {
	t.Helper()
	key, err := ssh.ParseRawPrivateKey(file)
	must(t, err)
	switch k := key.(type) {
	case *ed25519.PrivateKey:
		return k.Seed()
	case ed25519.PrivateKey:
		return k.Seed()
	case *ecdsa.PrivateKey:
		raw, err := k.Bytes()
		must(t, err)
		return raw
	}
	t.Fatalf("a key of the kind %T", key)
	return nil
}

// inPEM is how 12 bytes of a secret stand in a PEM file, within one of its lines of 48.
func inPEM(file, secret []byte) []byte {
	block, _ := pem.Decode(file)
	at := (bytes.Index(block.Bytes, secret) + 2) / 3 * 3
	if at/48 != (at+11)/48 {
		at = (at/48 + 1) * 48
	}
	return []byte(base64.StdEncoding.EncodeToString(block.Bytes[at : at+12]))
}

// objects are all objects of a repository, in the clear.
func objects(t *testing.T, dir string) []byte {
	t.Helper()
	out, err := exec.Command("git", "-C", dir, "cat-file", "--batch-all-objects", "--batch", "--unordered").Output()
	must(t, err)
	return out
}

// files are the plain files under a folder, but for its repositories and keys.
func files(t *testing.T, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		case entry.IsDir() && (strings.HasSuffix(name, ".git") || name == "trust" && filepath.Dir(path) == dir):
			return fs.SkipDir
		case !entry.Type().IsRegular() || name == "ledger_key":
			return nil
		}
		data, err := os.ReadFile(path)
		out.Write(data)
		return err
	}))
	return out.Bytes()
}

func search(t *testing.T, where string, hay []byte, needles map[string][]byte) (found int) {
	t.Helper()
	for name, needle := range needles {
		if bytes.Contains(hay, needle) {
			t.Logf("%s holds %s", where, name)
			found++
		}
	}
	return found
}

// lines are a log in memory.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) text() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.all.Bytes())
}

// TestKeysStayWhereTheyAre: after a landing that was judged, signed, logged and attested, the private keys are in no object of a
// repository (ledger, log, attestations and evidence are such), in no log line, and in no file beside them.
func TestKeysStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	log := &lines{}
	h := newHouse(t, func(h *house) {
		h.log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		h.clone.Write(".adamant/adamant.yaml", openConfig)
		h.clone.Commit("genesis")
	})
	h.layRoot(newOperatorKey(t))
	h.edit("words", "README.md", "more words\n", "Say more")
	h.await(h.push(h.writer("ada"), "HEAD", "topic=words"), change.Merged)
	h.attested()

	needles := h.needles()
	if len(needles) != 4*5 { // ledger, CA, CT, TSA and log
		t.Fatalf("%d needles", len(needles))
	}
	places := map[string][]byte{
		"the repository kernel.git": objects(t, h.kernelGit()), "main.git": objects(t, filepath.Join(h.dir, "main.git")),
		"the clone": objects(t, h.clone.Dir), "the log": log.text(), "the kernel's folder": files(t, h.dir), "the state": files(t, h.state),
	}
	for where, hay := range places {
		if len(hay) == 0 && where != "the state" {
			t.Errorf("%s is empty: nothing was searched", where)
		}
		if search(t, where, hay, needles) > 0 {
			t.Errorf("%s holds a private key", where)
		}
	}
}

// TestKeysAreFound: the search finds what it is for.
func TestKeysAreFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	needles := h.needles()
	for name, needle := range needles {
		h.clone.Write("leak/"+strings.ReplaceAll(name, " ", "-"), "x\n"+string(needle)+"\ny")
	}
	h.clone.Commit("A leak")
	if found := search(t, "the clone", objects(t, h.clone.Dir), needles); found != len(needles) || found == 0 {
		t.Errorf("%d of %d leaks found", found, len(needles))
	}
}
