// Package builder is a builder of its own: a machine, a virtual machine or at least a set of users that does nothing but build. Three
// parties, none of which trusts the one below: the signer holds the key and states what a record says (another process and user,
// reached over a socket that asks the system who is there); the control plane takes signed jobs, builds and makes the records (package
// build); a build is a stranger in a sandbox.
//
// It promises that a job names a commit and a target and nothing else, so that nobody slips a parameter in; that the signer states
// nothing but records of builds, with the builder's own name; and that Doctor says of each clause of SLSA Build L3 whether it holds
// here, by trying. It never decides what its provenance is worth: root.json and admission do. docs/builder.md describes it.
package builder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/trust"
)

// The namespaces of SSH signatures: of a job by who may ask, and of a statement by the signer.
const (
	NamespaceJob       = "adamant-build-job"
	NamespaceStatement = "adamant-build-statement"
)

// Config is builder.json, written by `adamant builder install`. Only root, or the user who runs the builder, may write to it.
type Config struct {
	Identity string   `json:"identity"` // https://adamant.dev/id/<repository>/builder/dedicated/<name>
	Source   string   `json:"source"`   // URL or absolute path of the repository that jobs are about
	Listen   string   `json:"listen"`   // address of serve: host:port, or the absolute path of a unix socket
	Dir      string   `json:"dir"`      // serve's folder
	Socket   string   `json:"socket"`   // the signer's
	Key      string   `json:"key"`      // the signer's SSH key file; serve need not be able to read it
	Control  int      `json:"control"`  // user id of serve, the only one that the signer answers
	Askers   []string `json:"askers"`   // lines of authorized_keys: who may ask for builds
}

const configLimit = 1 << 20

// ReadConfig reads builder.json.
func ReadConfig(path string) (Config, error) {
	var c Config
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("read the builder's configuration: %w", err)
	}
	if len(data) > configLimit {
		return c, fmt.Errorf("read %s: more than %d bytes", path, configLimit)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("read %s: %w", path, err)
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}

// Check says what is wrong with a configuration.
func (c Config) Check() error {
	id, err := trust.ParseIdentity(c.Identity)
	if err != nil {
		return err
	}
	if id.Role != trust.RoleBuilder || id.Mode != trust.BuilderDedicated {
		return fmt.Errorf("identity is %s: a dedicated builder's is %s", c.Identity, trust.Builder(id.Repository, trust.BuilderDedicated, "NAME"))
	}
	for name, path := range map[string]string{"dir": c.Dir, "socket": c.Socket, "key": c.Key} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%s is %q: an absolute path is needed", name, path)
		}
	}
	switch {
	case c.Source == "" || c.Listen == "":
		return errors.New("source and listen are needed")
	case c.Control < 0:
		return fmt.Errorf("control is %d: no user has that id", c.Control)
	case len(c.Askers) == 0:
		return errors.New("askers is empty: nobody could ask for a build")
	}
	_, err = c.askers()
	return err
}

// askers are the keys that may ask.
func (c Config) askers() (map[string]bool, error) {
	out := map[string]bool{}
	for _, line := range c.Askers {
		key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
			return nil, errors.Join(err, fmt.Errorf("askers: %.20q is not one line of an SSH public key", line))
		}
		out[string(key.Marshal())] = true
	}
	return out, nil
}
