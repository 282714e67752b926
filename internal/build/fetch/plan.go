package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// plan is all that one lock file decides: what the package manager is given to read, how it is started, and the only requests that
// are answered to it.
type plan struct {
	ecosystem Ecosystem
	lock      string // path in the source
	digest    string // sha256:<hex> of it

	project map[string][]byte // files that the package manager sees below /src, by slash path in the source
	argv    []string
	dir     string   // folder of the project in the source, where argv runs
	env     []string // besides what every package manager gets
	out     string   // absolute folder inside that is kept; empty: the folders called node_modules below /src
	places  []Place  // of out
	use     []string // Layer.Env
	routes  map[string]route
	pages   func(ctx context.Context, add func(path string, to route)) error // adds routes that a registry must be asked for; may be nil
}

// route answers one path: with a page that was made here, or with an item of the lock file.
type route struct {
	page []byte
	kind string // content type of page
	item *item
}

// item is a file that a lock file pins.
type item struct {
	name, version string
	file          string // for people and records; may be empty
	url           string
	line          int
	pin           pin
}

// pin is what a lock file states about a file.
type pin interface {
	// check returns the digests of the file at path, by in-toto's names, or an error when they are not what is stated.
	check(path string) (map[string]string, error)
	String() string
}

// project is the folder of a source that is fetched for. Symbolic links that lead out of the source are not followed.
type project struct {
	root *os.Root
	dir  string // slash path
}

// maxLock bounds a lock file or manifest, in bytes.
const maxLock = 64 << 20

// read reads a file of the source by its slash path from the top.
func (p project) read(name string) ([]byte, error) {
	file, err := p.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLock+1))
	if err == nil && len(text) > maxLock {
		err = fmt.Errorf("it has more than %d bytes", maxLock)
	}
	if err != nil {
		return nil, &Error{Path: name, Reason: err.Error()}
	}
	return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), nil
}

// find reads a file of the project; nil when there is none.
func (p project) find(name string) ([]byte, error) {
	text, err := p.read(path.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if text == nil && err == nil {
		text = []byte{}
	}
	return text, err
}

// has tells whether the project has a file.
func (p project) has(name string) bool {
	info, err := p.root.Stat(path.Join(p.dir, name))
	return err == nil && info.Mode().IsRegular()
}

// plans reads the lock files of a project. An ecosystem that has none gives no plan.
func (f *Fetcher) plans(p project) ([]*plan, error) {
	var all []*plan
	for _, read := range []func(project) (*plan, error){f.goPlan, f.npmPlan, f.pypiPlan} {
		plan, err := read(p)
		if err != nil {
			return nil, err
		}
		if plan != nil {
			all = append(all, plan)
		}
	}
	return all, nil
}

// digestOf is sha256:<hex>.
func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}
