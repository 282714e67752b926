package sign

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/sshsig"
)

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// newAgent starts a real agent that holds the keys of files.
func newAgent(t *testing.T, files ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "ssh-agent", "-D", "-a", socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it says where it listens
		t.Fatal(err)
	}
	for _, file := range files {
		add := exec.Command("ssh-add", "-q", file)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return socket
}

// Real keys of every plain kind sign, by ssh-keygen and by ssh-agent, and real ssh-keygen accepts what the agent signed.
func TestRealKeys(t *testing.T) {
	t.Parallel()
	for kind, bits := range map[string]string{"ed25519": "256", "ecdsa": "384", "rsa": "2048"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "key")
			run(t, "ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "a comment", "-f", file)
			byFile, err := File(file)
			if err != nil {
				t.Fatal(err)
			}
			socket := newAgent(t, file)
			held, err := Agent(t.Context(), socket)
			if err != nil || len(held) != 1 || held[0].Public != byFile.Public || held[0].Method != "ssh" {
				t.Fatalf("%+v, %v; the file has %s", held, err, byFile.Public)
			}
			for way, key := range map[string]Key{"file": byFile, "agent": held[0]} {
				signature, err := key.Sign(t.Context(), operator.NamespaceApproval, "words")
				if err != nil {
					t.Fatalf("%s: %v", way, err)
				}
				if _, err := sshsig.Verify([]byte(signature), operator.NamespaceApproval, []byte("words")); err != nil {
					t.Errorf("%s: %v", way, err)
				}
				wantKeygen(t, dir, key.Public, signature, "words")
			}
		})
	}
}

// wantKeygen lets ssh-keygen verify a signature.
func wantKeygen(t *testing.T, dir, public, signature, text string) {
	t.Helper()
	allowed, sig := filepath.Join(dir, "allowed"), filepath.Join(dir, "sig")
	for file, data := range map[string]string{allowed: "ada " + public + "\n", sig: signature} {
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "ada", "-n", operator.NamespaceApproval, "-s", sig)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen refuses it: %v: %s", err, out)
	}
}

func TestWhatCannotSign(t *testing.T) {
	t.Parallel()
	if _, err := File(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "ssh-keygen -y") {
		t.Error(err)
	}
	if _, err := Agent(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no agent, no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Agent(ctx, newAgent(t)); err == nil {
		t.Error("cancelled, no error")
	}
}
