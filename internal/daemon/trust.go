package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// errNoKeys says that `adamant trust init` was not run: nothing is signed but commits.
var errNoKeys = errors.New("this kernel has no signing keys: adamant trust init")

// trusted is what the daemon signs statements with and logs them to. It is opened when it is first needed, and again when main lists
// other keys: after trust init, and after a rotation has landed.
type trusted struct {
	mu        sync.RWMutex // held for reading by those who sign
	authority *trust.Authority
	log       *projection.Projection
	listed    git.OID // main's trusted_root.json when it was opened, "" = there was none
}

// trustFolder is where a kernel's signing keys are.
func trustFolder(kernelDir string) string { return filepath.Join(kernelDir, "trust") }

// signing calls use with the keys and the log. It is errNoKeys where there are none.
func (d *Daemon) signing(ctx context.Context, use func(*trust.Authority, *projection.Projection) error) error {
	listed, err := d.mainBlob(ctx, trust.Dir+"/"+trust.FileTrustedRoot)
	if err != nil {
		return err
	}
	t := &d.trusted
	t.mu.RLock()
	if t.authority == nil || t.listed != listed {
		t.mu.RUnlock()
		if err := d.openTrust(ctx, listed); err != nil {
			return err
		}
		t.mu.RLock()
	}
	defer t.mu.RUnlock()
	if t.authority == nil {
		return errNoKeys
	}
	return use(t.authority, t.log)
}

// openTrust opens keys and log anew, unless another call has.
func (d *Daemon) openTrust(ctx context.Context, listed git.OID) error {
	t := &d.trusted
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.authority != nil && t.listed == listed {
		return nil
	}
	if err := t.close(ctx); err != nil {
		return err
	}
	var published []byte
	if listed != "" {
		var err error
		if published, err = d.kernel.Repo().Blob(ctx, listed, publishedLimit); err != nil {
			return err
		}
	}
	authority, err := trust.Open(trustFolder(d.kernel.Dir()), trust.Options{Now: d.now, Published: published})
	if errors.Is(err, fs.ErrNotExist) {
		return errNoKeys
	}
	if err != nil {
		return err
	}
	log, err := projection.Open(ctx, d.kernel, authority.LogKey(), projection.Options{Now: d.now, Sign: d.signer})
	if err != nil {
		return err
	}
	t.authority, t.log, t.listed = authority, log, listed
	return nil
}

const publishedLimit = 4 << 20 // bytes of a trusted_root.json

// close is called with the lock held.
func (t *trusted) close(ctx context.Context) error {
	if t.log == nil {
		return nil
	}
	err := t.log.Close(ctx)
	t.authority, t.log = nil, nil
	return err
}

// closeTrust lets go of the log, before the kernel.
func (d *Daemon) closeTrust(ctx context.Context) error {
	d.trusted.mu.Lock()
	defer d.trusted.mu.Unlock()
	return d.trusted.close(ctx)
}

// mainBlob is the object of a file on main, "" when it is not there.
func (d *Daemon) mainBlob(ctx context.Context, path string) (git.OID, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil || main == "" {
		return "", err
	}
	oid, err := d.kernel.Repo().Lookup(ctx, main, path)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("looking for %s on main: %w", path, err)
	}
	return oid, nil
}
