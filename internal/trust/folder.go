package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
)

// named is authority.json. It is written last: without it there is no authority yet.
type named struct {
	V          int    `json:"v"`
	Repository string `json:"repository"`
}

// Init makes the keys in dir, which is made 0700 and must hold no authority yet: fs.ErrExist.
func Init(dir string, o Options) (*Authority, error) {
	if err := initialise(dir, o); err != nil {
		return nil, fmt.Errorf("making the keys in %s: %w", dir, err)
	}
	return Open(dir, o)
}

func initialise(dir string, o Options) error {
	if err := prepare(dir, o.Repository); err != nil {
		return err
	}
	root := &trustroot.TrustedRoot{MediaType: trustedRootType}
	for _, kind := range Kinds() {
		if err := addKey(root, dir, o.Repository, kind, o.clock()()); err != nil {
			return err
		}
	}
	return store(dir, o.Repository, root)
}

// Adopt makes dir the folder of a repository whose keys are lost, and whose trusted_root.json is published: Rotate then makes new ones of
// all kinds. It must hold no authority yet: fs.ErrExist.
func Adopt(dir string, o Options, trustedRoot []byte) error {
	root, err := parseTrustedRoot(trustedRoot)
	if err == nil {
		err = prepare(dir, o.Repository)
	}
	if err == nil {
		err = store(dir, o.Repository, root)
	}
	if err != nil {
		return fmt.Errorf("taking the trusted root over into %s: %w", dir, err)
	}
	return nil
}

// prepare makes a folder that has no authority.
func prepare(dir, repository string) error {
	if err := Gate(repository).Check(); err != nil {
		return err
	}
	if err := makeFolder(dir); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, fileAuthority)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%w: there is an authority; adamant trust rotate gives it new keys", fs.ErrExist))
	}
	return nil
}

const fileAuthority = "authority.json"

// store writes what the keys are, and last whose.
func store(dir, repository string, root *trustroot.TrustedRoot) error {
	if _, err := storeRoot(dir, root); err != nil {
		return err
	}
	text, err := json.Marshal(named{V: 1, Repository: repository})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, fileAuthority), append(text, '\n'))
}

func storeRoot(dir string, root *trustroot.TrustedRoot) ([]byte, error) {
	data, err := encode(root, "  ")
	if err != nil {
		return nil, err
	}
	return data, writeFile(filepath.Join(dir, FileTrustedRoot), data)
}

// readFolder reads what the folder says beside its keys.
func readFolder(dir string) (repository string, root *trustroot.TrustedRoot, encoded []byte, err error) {
	if repository, err = readName(dir); err != nil {
		return "", nil, nil, err
	}
	if encoded, err = readPrivate(filepath.Join(dir, FileTrustedRoot), fileLimit); err != nil {
		return "", nil, nil, err
	}
	if root, err = parseTrustedRoot(encoded); err != nil {
		err = fmt.Errorf("%s: %w", FileTrustedRoot, err)
	}
	return repository, root, encoded, err
}

func readName(dir string) (string, error) {
	if err := checkFolder(dir); err != nil {
		return "", err
	}
	data, err := readPrivate(filepath.Join(dir, fileAuthority), keyLimit)
	if err != nil {
		return "", err
	}
	var n named
	if err := json.Unmarshal(data, &n); err != nil {
		return "", fmt.Errorf("%s: %w", fileAuthority, err)
	}
	if n.V != 1 {
		return "", fmt.Errorf("%s has version %d; this adamant knows version 1: use a newer one", fileAuthority, n.V)
	}
	if err := Gate(n.Repository).Check(); err != nil {
		return "", fmt.Errorf("%s: %w", fileAuthority, err)
	}
	return n.Repository, nil
}
