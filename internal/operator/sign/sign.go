// Package sign makes the operator's signatures with keys that stay where they are: in an SSH agent, or in a file that
// ssh-keygen reads. It never sees a private key or a passphrase, and never says what may be signed.
package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// Key is a key that can sign.
type Key struct {
	Method  string // ssh or sk-ssh
	Public  string // as in authorized_keys, without comment
	Comment string
	sign    func(ctx context.Context, namespace, text string) (string, error)
}

// Sign returns the armored SSHSIG of text.
func (k Key) Sign(ctx context.Context, namespace, text string) (string, error) {
	return k.sign(ctx, namespace, text)
}

// Agent lists the keys of the agent that listens on socket, in its order, leaving out those that adamant does not accept. The
// agent is asked anew for every signature.
func Agent(ctx context.Context, socket string) ([]Key, error) {
	var out []Key
	err := withAgent(ctx, socket, func(a agent.ExtendedAgent) error {
		held, err := a.List()
		if err != nil {
			return err
		}
		for _, k := range held {
			method, line, err := operator.ParseSSHKey(k.String())
			if err != nil {
				continue // a certificate, or a kind that does not sign here
			}
			out = append(out, Key{Method: method, Public: line, Comment: k.Comment, sign: inAgent(socket, k)})
		}
		return nil
	})
	return out, err
}

func withAgent(ctx context.Context, socket string, use func(agent.ExtendedAgent) error) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("asking the SSH agent: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = use(agent.NewClient(conn))
	if err := errors.Join(err, context.Cause(ctx)); err != nil {
		return fmt.Errorf("asking the SSH agent: %w", errors.Join(err, conn.Close()))
	}
	return conn.Close()
}

func inAgent(socket string, key *agent.Key) func(context.Context, string, string) (string, error) {
	return func(ctx context.Context, namespace, text string) (signature string, err error) {
		err = withAgent(ctx, socket, func(a agent.ExtendedAgent) error {
			public, err := ssh.ParsePublicKey(key.Blob)
			if err != nil {
				return err
			}
			armored, err := sshsig.Sign(agentSigner{a, public}, namespace, []byte(text))
			signature = string(armored)
			return err
		})
		return signature, err
	}
}

// File is the key of a file: a private key, or the public half of one that an agent holds. ssh-keygen signs with it, and asks
// for passphrase, PIN and touch on the terminal.
func File(path string) (Key, error) {
	public := strings.TrimSuffix(path, ".pub") + ".pub"
	info, err := os.Stat(public)
	if err == nil && info.Size() > 64<<10 {
		err = errors.New("it is longer than any key")
	}
	if err != nil {
		return Key{}, fmt.Errorf("reading the public half of the key: %w; make it: ssh-keygen -y -f %s > %s", err, strings.TrimSuffix(path, ".pub"), public)
	}
	data, err := os.ReadFile(public)
	if err != nil {
		return Key{}, fmt.Errorf("reading the public half of the key: %w", err)
	}
	method, line, err := operator.ParseSSHKey(string(data))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", public, err)
	}
	sign := func(ctx context.Context, namespace, text string) (string, error) {
		return keygen(ctx, path, namespace, text)
	}
	return Key{Method: method, Public: line, Comment: path, sign: sign}, nil
}

func keygen(ctx context.Context, path, namespace, text string) (string, error) {
	cmd := exec.CommandContext(ctx, "ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", path)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("signing with ssh-keygen -Y sign -f %s: %w: %s", path, err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}
