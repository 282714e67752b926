package builder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/peercred"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// Stated is a statement that the signer signed.
type Stated struct {
	Statement json.RawMessage `json:"statement"`
	Signature string          `json:"signature"` // SSHSIG in NamespaceStatement
}

const recordLimit = 16 << 20 // bytes of a record

// Signer states records.
type Signer struct {
	identity string
	version  string
	key      ssh.Signer
	control  int
}

// NewSigner reads the key, which nobody else may read.
func NewSigner(c Config, version string) (*Signer, error) {
	info, err := os.Stat(c.Key)
	if err != nil {
		return nil, fmt.Errorf("open the builder's key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open the builder's key: others may read %s (mode %04o): chmod 600", c.Key, info.Mode().Perm())
	}
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return nil, fmt.Errorf("open the builder's key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("open the builder's key: %w", err)
	}
	return &Signer{identity: c.Identity, version: version, key: key, control: c.Control}, nil
}

// State states a record: what is signed is made here, of a record and of nothing else, with this builder's name.
func (s *Signer) State(text []byte) (Stated, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var record build.Record
	if err := d.Decode(&record); err != nil {
		return Stated{}, fmt.Errorf("read a record: %w", err)
	}
	if record.Job.Dirty {
		return Stated{}, errors.New("read a record: a dedicated builder builds commits only")
	}
	statement, err := record.Statement(s.identity, s.version)
	if err != nil {
		return Stated{}, err
	}
	signature, err := sshsig.Sign(s.key, NamespaceStatement, statement)
	if err != nil {
		return Stated{}, fmt.Errorf("sign a statement: %w", err)
	}
	return Stated{statement, string(signature)}, nil
}

// Serve answers on a unix socket until ctx ends, and nobody but the control plane.
func (s *Signer) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		ConnContext: peercred.Note, Handler: http.HandlerFunc(s.answer)}
	return serveUntil(ctx, server, listener)
}

func (s *Signer) answer(w http.ResponseWriter, r *http.Request) {
	if uid, ok := peercred.User(r.Context()); !ok || uid != s.control {
		http.Error(w, "this socket is the control plane's", http.StatusForbidden)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, recordLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	stated, err := s.State(text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answer(w, http.StatusOK, stated)
}

// askSigner has a record stated.
func askSigner(ctx context.Context, socket string, record *build.Record) (Stated, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return Stated{}, fmt.Errorf("encode a record: %w", err)
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://signer/v1/state", bytes.NewReader(text))
	if err != nil {
		return Stated{}, err
	}
	response, err := client.Do(request)
	if err != nil {
		return Stated{}, fmt.Errorf("ask the signer: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, recordLimit))
	if err != nil {
		return Stated{}, fmt.Errorf("ask the signer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return Stated{}, fmt.Errorf("the signer refuses: %s", bytes.TrimSpace(body))
	}
	var out Stated
	return out, json.Unmarshal(body, &out)
}

// serveUntil serves until ctx ends, and lets requests under way finish.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
