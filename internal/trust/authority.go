package trust

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"

	"github.com/adamant-os/adamant/internal/tlog"
)

// Authority signs for the identities of one repository. It is safe for concurrent use.
type Authority struct {
	dir, repository string
	now             func() time.Time
	published       []byte   // as Open was told
	log             tlog.Key // stays: its log is open with it

	mu       sync.Mutex
	ring     ring
	sessions map[Identity]session
}

// ring is what is signed with at a time.
type ring struct {
	encoded []byte // the trusted root that lists it
	ca, tsa issuing
	ct      crypto.Signer
	log     tlog.Key
	until   time.Time   // the first end among them, zero for none
	file    fs.FileInfo // of the trusted root
}

func (o Options) clock() func() time.Time {
	if o.Now != nil {
		return o.Now
	}
	return time.Now
}

// Open loads the keys in dir. Keys or a folder that others may read are refused: ErrExposed. Where there is no authority,
// the error is fs.ErrNotExist. Options.Repository may be empty; else it must be the one of the keys.
func Open(dir string, o Options) (*Authority, error) {
	a := &Authority{dir: dir, now: o.clock(), published: o.Published, sessions: map[Identity]session{}}
	if err := a.open(o.Repository); err != nil {
		return nil, fmt.Errorf("opening the keys in %s: %w", dir, err)
	}
	return a, nil
}

func (a *Authority) open(repository string) (err error) {
	if a.repository, err = readName(a.dir); err != nil {
		return err
	}
	if repository != "" && repository != a.repository {
		return fmt.Errorf("the keys are those of the repository %q, not of %q", a.repository, repository)
	}
	err = a.load(a.now())
	a.log = a.ring.log
	return err
}

// load reads the folder and takes of each kind the newest key that main knows and that is good now.
func (a *Authority) load(now time.Time) error {
	file, err := os.Stat(filepath.Join(a.dir, FileTrustedRoot))
	if err != nil {
		return err
	}
	_, root, encoded, err := readFolder(a.dir)
	if err != nil {
		return err
	}
	r := ring{encoded: encoded, file: file}
	if err := a.choose(&r, root, now); err != nil {
		return err
	}
	a.ring = r
	clear(a.sessions)
	return nil
}

// refresh reads the folder again when somebody rotated its keys, or the time of one is over: what is signed with an ended key would
// be refused once the new root has landed.
func (a *Authority) refresh(now time.Time) error {
	file, err := os.Stat(filepath.Join(a.dir, FileTrustedRoot))
	if err != nil {
		return err
	}
	seen := a.ring.file
	if os.SameFile(file, seen) && file.ModTime().Equal(seen.ModTime()) && (a.ring.until.IsZero() || now.Before(a.ring.until)) {
		return nil
	}
	return a.load(now)
}

// choose fills a ring.
func (a *Authority) choose(r *ring, root *trustroot.TrustedRoot, now time.Time) error {
	all, err := instances(root)
	if err != nil {
		return fmt.Errorf("%s: %w", FileTrustedRoot, err)
	}
	known, err := a.known()
	if err != nil {
		return err
	}
	for _, kind := range Kinds() {
		best, err := newest(all, kind, known, now)
		if err != nil {
			return err
		}
		key, err := loadKey(a.dir, kind, best.public)
		if err != nil {
			return err
		}
		r.use(best, key, a.repository)
	}
	r.log.Former = formerLogs(all, r.log.Public())
	return nil
}

func (r *ring) use(i instance, key crypto.Signer, repository string) {
	if end := i.window.GetEnd(); end != nil && (r.until.IsZero() || end.AsTime().Before(r.until)) {
		r.until = end.AsTime()
	}
	switch i.kind {
	case kindCA:
		r.ca = issuing{i.cert, key}
	case kindTSA:
		r.tsa = issuing{i.cert, key}
	case kindCT:
		r.ct = key
	case kindLog:
		private, _ := key.(ed25519.PrivateKey) // newKey makes no other; an empty key is refused by the log
		r.log = tlog.Key{Origin: logOrigin(repository), Private: private}
	}
}

// known tells what main's trusted root lists; before there is one, everything counts as known.
func (a *Authority) known() (func(crypto.PublicKey) bool, error) {
	if a.published == nil {
		return func(crypto.PublicKey) bool { return true }, nil
	}
	root, err := parseTrustedRoot(a.published)
	if err != nil {
		return nil, fmt.Errorf("main's %s/%s: %w", Dir, FileTrustedRoot, err)
	}
	listed, err := instances(root)
	if err != nil {
		return nil, fmt.Errorf("main's %s/%s: %w", Dir, FileTrustedRoot, err)
	}
	return func(k crypto.PublicKey) bool {
		for _, i := range listed {
			if equal(i.public, k) {
				return true
			}
		}
		return false
	}, nil
}

func newest(all []instance, kind string, known func(crypto.PublicKey) bool, now time.Time) (instance, error) {
	var best instance
	var unknown bool
	for _, i := range all {
		switch {
		case i.kind != kind || !i.holds(now):
		case !known(i.public):
			unknown = true
		default:
			best = i
		}
	}
	switch {
	case best.public != nil:
		return best, nil
	case unknown:
		return best, fmt.Errorf("%w: main's trusted_root.json does not list the %s key; land the change that adamant trust made", ErrUnpublished, kind)
	}
	return best, fmt.Errorf("no %s key is good now; make new ones: adamant trust rotate", kind)
}

// ErrUnpublished is wrapped by the error of keys that main does not know yet: no verifier would accept their signatures.
var ErrUnpublished = errors.New("the keys are not published yet")

// Repository is the name that its identities carry.
func (a *Authority) Repository() string { return a.repository }

// TrustedRoot is the trusted_root.json (Sigstore TrustedRoot v0.1) of every key that it ever signed with.
func (a *Authority) TrustedRoot() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return bytes.Clone(a.ring.encoded)
}

// LogKey is the key of the transparency log.
func (a *Authority) LogKey() tlog.Key { return a.log }

// Attest signs statement, an in-toto Statement v1, as who and returns the bundle as one line of JSON. The certificate and the key of
// who are kept for their window: bundles made within ten minutes share them.
func (a *Authority) Attest(ctx context.Context, log Logger, who Identity, statement []byte) (bundle []byte, err error) {
	if err := checkStatement(statement); err != nil {
		return nil, fmt.Errorf("attesting as %s: %w", who, err)
	}
	s, err := a.sign(ctx, log, who, sha256.Sum256(pae(statement)))
	if err != nil {
		return nil, fmt.Errorf("attesting as %s: %w", who, err)
	}
	return s.ofStatement(statement)
}

// SignBlob signs an artifact of that SHA-256 as who and returns the bundle as one line of JSON.
func (a *Authority) SignBlob(ctx context.Context, log Logger, who Identity, sha256 [32]byte) (bundle []byte, err error) {
	s, err := a.sign(ctx, log, who, sha256)
	if err != nil {
		return nil, fmt.Errorf("signing as %s: %w", who, err)
	}
	return s.ofBlob()
}

// sign signs, timestamps and logs: in this order, since the log's entry holds the signature and the timestamp must be within the
// certificate's window.
func (a *Authority) sign(ctx context.Context, log Logger, who Identity, digest [sha256.Size]byte) (signed, error) {
	if err := context.Cause(ctx); err != nil {
		return signed{}, err
	}
	now := a.now()
	session, tsa, err := a.session(who, now)
	if err != nil {
		return signed{}, err
	}
	s := signed{digest: digest, cert: session.cert, logID: a.LogKey().ID()}
	if s.signature, err = session.sign(digest); err != nil {
		return signed{}, err
	}
	if s.stamp, err = stamp(tsa, s.signature, now); err != nil {
		return signed{}, err
	}
	if s.rekord, err = newRekord(digest, s.signature, s.cert); err != nil {
		return signed{}, err
	}
	if s.entry, err = log.Log(ctx, s.rekord); err != nil {
		return signed{}, fmt.Errorf("writing to the transparency log: %w", err)
	}
	return s, checkEntry(s.rekord, s.entry)
}

// session is the key of who for the moment, and what stamps its signatures.
func (a *Authority) session(who Identity, now time.Time) (session, issuing, error) {
	if err := who.Check(); err != nil {
		return session{}, issuing{}, err
	}
	if who.Repository != a.repository {
		return session{}, issuing{}, fmt.Errorf("%w here: the keys are those of the repository %q", ErrIdentity, a.repository)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.refresh(now); err != nil {
		return session{}, issuing{}, fmt.Errorf("reading the keys again: %w", err)
	}
	if s, ok := a.sessions[who]; ok && now.Add(time.Second).Before(s.end) && !now.Before(s.start) {
		return s, a.ring.tsa, nil
	}
	for id, s := range a.sessions {
		if !now.Before(s.end) {
			delete(a.sessions, id)
		}
	}
	s, err := certify(a.ring.ca, a.ring.ct, who, now)
	if err != nil {
		return session{}, issuing{}, fmt.Errorf("issuing the certificate: %w", err)
	}
	a.sessions[who] = s
	return s, a.ring.tsa, nil
}
