package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/trust"
)

type appender struct{ log *tlog.Log }

func (l appender) Log(ctx context.Context, rekord []byte) (tlog.Entry, error) {
	entries, err := l.log.Append(ctx, rekord)
	if err != nil {
		return tlog.Entry{}, err
	}
	return entries[0], nil
}

// TestServed: who signs by a token is told as whom, and that the bundle is checked with another root.
func TestServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := trust.Init(filepath.Join(dir, "trust"), trust.Options{Repository: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	log, err := tlog.Open(filepath.Join(dir, "log"), a.LogKey())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	var out bytes.Buffer
	s := &signing{deskFlags: deskFlags{env: &Env{Stdout: &out, Dir: dir}}}
	signed, err := s.served(a.SignBlob(t.Context(), appender{log}, trust.Operator("shop", "ada"), sha256.Sum256(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.deliver(signed, "file.sigstore.json", "file"); err != nil {
		t.Fatal(err)
	}
	const want = `file.sigstore.json
identity https://adamant.dev/id/shop/operator/ada
issuer   https://adamant.dev/issuer/shop
check it: adamant verify-artifact file --bundle file.sigstore.json --identity "https://adamant.dev/id/shop/operator/ada" --issuer "https://adamant.dev/issuer/shop" --trusted-root ITS_TRUSTED_ROOT
`
	if out.String() != want {
		t.Errorf("it says\n%s", &out)
	}
	refused := errors.New("refused")
	if _, err := s.served(nil, refused); !errors.Is(err, refused) {
		t.Error(err)
	}
	if _, err := s.served([]byte("{}"), nil); err == nil {
		t.Error("a bundle of nobody is served")
	}
}
