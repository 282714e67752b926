package notary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// Folder is where a kernel keeps its signing keys.
func Folder(kernelDir string) string { return filepath.Join(kernelDir, "trust") }

// ErrNoKeys says that nothing can be signed yet.
var ErrNoKeys = errors.New("this kernel has no signing keys: adamant trust init")

// Local is a Notary that holds the kernel itself.
type Local struct {
	Notary
	kernel *kernel.Kernel
	log    *projection.Projection
}

// Open takes the kernel in dir, which no daemon may hold (*kernel.HeldError), and opens its keys (ErrNoKeys). Close gives it back.
func Open(ctx context.Context, dir string, now func() time.Time) (*Local, error) {
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	l := &Local{kernel: k}
	if err := l.open(ctx, now); err != nil {
		return nil, errors.Join(err, k.Close())
	}
	return l, nil
}

func (l *Local) open(ctx context.Context, now func() time.Time) error {
	published, err := Published(ctx, l.kernel)
	if err != nil {
		return err
	}
	l.Authority, err = trust.Open(Folder(l.kernel.Dir()), trust.Options{Now: now, Published: published})
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoKeys
	}
	if err != nil {
		return err
	}
	if _, err := l.kernel.Acquire(ctx); err != nil {
		return err
	}
	signer, err := l.kernel.Signer()
	if err != nil {
		return err
	}
	if l.log, err = projection.Open(ctx, l.kernel, l.Authority.LogKey(), projection.Options{Now: now, Sign: signer}); err != nil {
		return err
	}
	l.Log, l.Ledger = l.log, l.kernel.Ledger()
	l.Store = attest.NewStore(l.kernel.Repo(), l.kernel, attest.Options{Sign: signer, Now: now})
	return nil
}

// Close publishes the log and gives the kernel back.
func (l *Local) Close(ctx context.Context) error {
	return errors.Join(l.log.Publish(ctx), l.log.Close(ctx), l.kernel.Close())
}

const publishedLimit = 4 << 20 // bytes of a trusted_root.json

// Published is the trusted_root.json that a kernel's main has, nil if it has none.
func Published(ctx context.Context, k *kernel.Kernel) ([]byte, error) {
	main, err := k.Ref(ctx, kernel.RefMain)
	if err != nil || main == "" {
		return nil, err
	}
	oid, err := k.Repo().Lookup(ctx, main, trust.Dir+"/"+trust.FileTrustedRoot)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the trusted root on main: %w", err)
	}
	return k.Repo().Blob(ctx, oid, publishedLimit)
}
