package trust

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sshsig"
)

const maxRoots = 1000

// Chain is every version of a repository's root, each checked.
type Chain struct {
	Roots       []Root // version 1 first
	TrustedRoot []byte // the bytes of trusted_root.json, which the newest root names
	Fingerprint string // SHA-256 of roots/1.json, hex: what an outsider pins
	newest      []byte // the file
}

// Current is the newest root.
func (c *Chain) Current() Root { return c.Roots[len(c.Roots)-1] }

// File is root.json.
func (c *Chain) File() []byte { return bytes.Clone(c.newest) }

// GateKey finds the key with that SSH fingerprint if it is or was the gate's: no key leaves the newest root.
func (c *Chain) GateKey(id string) (key Key, ok bool) {
	key, ok = c.Current().key(id)
	return key, ok && key.Name == nameGate
}

// BuilderLevel is the highest SLSA Build level that the newest root lets provenance of that builder claim, 0 for one it does not know.
func (c *Chain) BuilderLevel(builder string) int { return c.Current().BuilderLevel(builder) }

// RootError says why the files of the trust root are refused. Code is stable: docs/formats/reasons.md.
type RootError struct {
	Code string
	File string // relative to Dir
	Why  string
	Err  error
}

func (e *RootError) Error() string {
	if e.Err != nil {
		return Dir + "/" + e.File + ": " + e.Why + ": " + e.Err.Error()
	}
	return Dir + "/" + e.File + ": " + e.Why
}
func (e *RootError) Unwrap() error { return e.Err }

// The codes of a RootError.
const (
	CodeRootMissing   = "ROOT_MISSING"   // there is no root.json
	CodeRootMalformed = "ROOT_MALFORMED" // a file is not in its format
	CodeRootSignature = "ROOT_SIGNATURE" // too few keys signed, or a signature does not verify
	CodeRootChain     = "ROOT_CHAIN"     // a version does not continue the one before
	CodeRootFiles     = "ROOT_FILES"     // a file is missing, or another one than the newest root says
)

// sealed is the file of a root.
type sealed struct {
	Signed     Root            `json:"signed"`
	Signatures []rootSignature `json:"signatures"` // sorted by key
}

type rootSignature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // armored SSHSIG over the canonical JSON of signed
}

// file is the one spelling of a root's file.
func (s sealed) file() ([]byte, error) {
	data, err := manifest.CanonicalDocument(s)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, data, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

func parseRoot(data []byte) (sealed, error) {
	var s sealed
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if err := s.Signed.Check(); err != nil {
		return s, err
	}
	again, err := s.file()
	if err == nil && !bytes.Equal(again, data) {
		err = errors.New("it is not spelled as adamant writes it")
	}
	return s, err
}

// signedBy demands that a role's threshold of keys signed, and that no signature is wrong.
func (s sealed) signedBy(signers Root) error {
	text, err := manifest.CanonicalDocument(s.Signed)
	if err != nil {
		return err
	}
	role := signers.Roles.Operator
	good := map[string]bool{}
	for _, sig := range s.Signatures {
		if !slices.Contains(role.KeyIDs, sig.KeyID) {
			continue // of the version before or after
		}
		made, err := sshsig.Verify([]byte(sig.Sig), NamespaceRoot, text)
		if err != nil {
			return fmt.Errorf("the signature by %s: %w", sig.KeyID, err)
		}
		if sshsig.Fingerprint(made.Key) != sig.KeyID {
			return fmt.Errorf("the signature by %s was made by %s", sig.KeyID, sshsig.Fingerprint(made.Key))
		}
		good[sig.KeyID] = true
	}
	if len(good) < role.Threshold {
		return fmt.Errorf("%d of the operators' keys of version %d signed, %d have to", len(good), signers.Version, role.Threshold)
	}
	return nil
}

// continues says what a version takes away that the one before had.
func (r Root) continues(before Root, file []byte) error {
	switch {
	case r.Prev != digestOf(file):
		return errors.New("prev is not the digest of the version before")
	case r.Repository != before.Repository || r.Genesis != before.Genesis:
		return errors.New("the repository or its genesis is another one")
	case r.Created.Before(before.Created):
		return errors.New("it was created before the version before")
	}
	for _, old := range before.Keys {
		k, ok := r.key(old.ID)
		switch {
		case !ok || k.Name != old.Name || k.Start != old.Start:
			return fmt.Errorf("the key %s is gone, or has another name or start; keys get an end instead", old.ID)
		case old.End != nil && (k.End == nil || k.End.After(*old.End)):
			return fmt.Errorf("the key %s lives longer than version %d said", old.ID, before.Version)
		}
	}
	for _, k := range r.Keys {
		if _, old := before.key(k.ID); !old && k.Start.Before(before.Created) {
			return fmt.Errorf("the new key %s begins before version %d was made", k.ID, before.Version)
		}
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ReadRoot reads root.json, roots/<n>.json, trusted_root.json and allowed_signers, whose names are relative to Dir, and checks all: the
// signatures of every version by the thresholds of itself and of the one before, the numbers, the chain of digests, one repository
// and one genesis, no key that leaves or lives longer. It does not look at the clock: whether Current has expired is the caller's to
// ask. read bounds what it returns, and of a file that is not there it returns an error that wraps fs.ErrNotExist. A refusal is a
// *RootError.
func ReadRoot(read func(name string) ([]byte, error)) (*Chain, error) {
	newest, err := read(FileRoot)
	if err != nil {
		return nil, &RootError{CodeRootMissing, FileRoot, "reading it", err}
	}
	last, err := parseRoot(newest)
	if err != nil {
		return nil, &RootError{CodeRootMalformed, FileRoot, "it is no root", err}
	}
	c := &Chain{newest: newest}
	for n := 1; n <= last.Signed.Version; n++ {
		if err := c.next(n, read); err != nil {
			return nil, err
		}
	}
	return c, c.checkFiles(newest, read)
}

// next reads version n and adds it.
func (c *Chain) next(n int, read func(string) ([]byte, error)) error {
	name := NumberedRoot(n)
	data, err := read(name)
	if err != nil {
		return &RootError{CodeRootFiles, name, "reading it", err}
	}
	s, err := parseRoot(data)
	if err != nil {
		return &RootError{CodeRootMalformed, name, "it is no root", err}
	}
	if s.Signed.Version != n {
		return &RootError{CodeRootChain, name, fmt.Sprintf("it is version %d", s.Signed.Version), nil}
	}
	if n == 1 {
		c.Fingerprint = digestOf(data)
	} else if err := s.Signed.continues(c.Current(), c.newest); err != nil {
		return &RootError{CodeRootChain, name, "it does not continue the version before", err}
	} else if err := s.signedBy(c.Current()); err != nil {
		return &RootError{CodeRootSignature, name, "the version before does not vouch for it", err}
	}
	if err := s.signedBy(s.Signed); err != nil {
		return &RootError{CodeRootSignature, name, "it does not vouch for itself", err}
	}
	c.Roots, c.newest = append(c.Roots, s.Signed), data
	return nil
}

// checkFiles holds the files without a signature to what the newest root says.
func (c *Chain) checkFiles(newest []byte, read func(string) ([]byte, error)) error {
	if !bytes.Equal(newest, c.newest) {
		return &RootError{CodeRootFiles, FileRoot, "it is not " + NumberedRoot(len(c.Roots)), nil}
	}
	after := NumberedRoot(len(c.Roots) + 1)
	if _, err := read(after); !errors.Is(err, fs.ErrNotExist) {
		return &RootError{CodeRootFiles, after, "it is newer than " + FileRoot, err}
	}
	var err error
	if c.TrustedRoot, err = read(FileTrustedRoot); err != nil {
		return &RootError{CodeRootFiles, FileTrustedRoot, "reading it", err}
	}
	if digestOf(c.TrustedRoot) != c.Current().TrustedRoot {
		return &RootError{CodeRootFiles, FileTrustedRoot, "it is not the one that " + FileRoot + " names", nil}
	}
	signers, err := read(FileAllowedSigners)
	if err != nil {
		return &RootError{CodeRootFiles, FileAllowedSigners, "reading it", err}
	}
	if string(signers) != c.Current().AllowedSigners() {
		return &RootError{CodeRootFiles, FileAllowedSigners, "it is not what " + FileRoot + " makes it; adamant trust export writes it", nil}
	}
	return nil
}

// AllowedSigners is the file of that name for ssh-keygen and git (gpg.ssh.allowedSignersFile): the gate may sign commits, operators
// commits, approvals and roots, each within its window.
func (r Root) AllowedSigners() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made from %s version %d by adamant trust; not to be edited.\n", FileRoot, r.Version)
	for _, k := range r.Keys {
		spaces := strings.Join([]string{sshsig.NamespaceGit, sshsig.NamespaceApproval, NamespaceRoot}, ",")
		if k.Name == nameGate {
			spaces = sshsig.NamespaceGit
		}
		fmt.Fprintf(&b, "%s namespaces=%q,valid-after=%q", k.Name, spaces, k.Start.Format(signersTime))
		if k.End != nil {
			fmt.Fprintf(&b, ",valid-before=%q", k.End.Format(signersTime))
		}
		fmt.Fprintf(&b, " %s\n", k.Public)
	}
	return b.String()
}

const signersTime = "20060102150405Z" // UTC, as ssh-keygen(1) has it

// Signer is an operator's key, wherever it is: a file, an agent, hardware.
type Signer interface {
	// Sign returns the armored SSHSIG of text.
	Sign(ctx context.Context, namespace, text string) (string, error)
}

// Publish signs r, the first root or the one after c's newest, and returns the files that it changes by name, relative to Dir. The files
// are read back and checked before they are returned.
func (c *Chain) Publish(ctx context.Context, r Root, trustedRoot []byte, signers ...Signer) (map[string][]byte, error) {
	r.TrustedRoot = digestOf(trustedRoot)
	text, err := manifest.CanonicalDocument(r)
	if err != nil {
		return nil, fmt.Errorf("signing version %d of the root: %w", r.Version, err)
	}
	s := sealed{Signed: r}
	for _, key := range signers {
		made, err := signRoot(ctx, key, string(text))
		if err != nil {
			return nil, fmt.Errorf("signing version %d of the root: %w", r.Version, err)
		}
		s.Signatures = append(s.Signatures, made)
	}
	slices.SortFunc(s.Signatures, func(a, b rootSignature) int { return strings.Compare(a.KeyID, b.KeyID) })
	data, err := s.file()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		FileRoot: data, NumberedRoot(r.Version): data, FileTrustedRoot: trustedRoot, FileAllowedSigners: []byte(r.AllowedSigners()),
	}
	return files, c.check(s, files)
}

func signRoot(ctx context.Context, key Signer, text string) (rootSignature, error) {
	armored, err := key.Sign(ctx, NamespaceRoot, text)
	if err != nil {
		return rootSignature{}, err
	}
	made, err := sshsig.Parse([]byte(armored))
	if err != nil {
		return rootSignature{}, err
	}
	return rootSignature{KeyID: sshsig.Fingerprint(made.Key), Sig: armored}, nil
}

// check reads a new version back behind those of c.
func (c *Chain) check(s sealed, files map[string][]byte) error {
	next := &Chain{}
	if c != nil {
		next = &Chain{Roots: slices.Clone(c.Roots), newest: c.newest}
	}
	read := func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	if _, err := parseRoot(files[FileRoot]); err != nil {
		return &RootError{CodeRootMalformed, FileRoot, "it would be no root", err}
	}
	if err := next.next(len(next.Roots)+1, read); err != nil {
		return err
	}
	return next.checkFiles(files[FileRoot], read)
}

// Next is the version after the newest one, not signed yet, with what change makes of it.
func (c *Chain) Next(created, expires time.Time) Root {
	r := c.Current()
	r.Version, r.Created, r.Expires, r.Prev = r.Version+1, second(created), second(expires), digestOf(c.newest)
	r.Keys = slices.Clone(r.Keys)
	r.Roles.Builder, r.Roles.Agent = slices.Clone(r.Roles.Builder), slices.Clone(r.Roles.Agent)
	r.Roles.Operator.KeyIDs, r.Roles.Gate.KeyIDs = slices.Clone(r.Roles.Operator.KeyIDs), slices.Clone(r.Roles.Gate.KeyIDs)
	return r
}
