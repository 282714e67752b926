package kernel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/sshsig"
)

func TestLedgerKey(t *testing.T) {
	t.Parallel()
	k := &Kernel{dir: t.TempDir()}
	fingerprint := func() string {
		t.Helper()
		signer, err := k.Signer()
		if err != nil {
			t.Fatal(err)
		}
		return sshsig.Fingerprint(signer.(*sshsig.Signer).Key())
	}
	if one, two := fingerprint(), fingerprint(); one != two {
		t.Errorf("%s, then %s", one, two)
	}
	file := filepath.Join(k.dir, keyFile)
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Signer(); err == nil || !strings.Contains(err.Error(), "may be read by others") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err == nil {
		err = os.Chmod(file, 0o600)
		if _, bad := k.Signer(); err != nil || bad == nil {
			t.Errorf("no key: %v %v", err, bad)
		}
	}
}
