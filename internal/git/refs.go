package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// Ref is a reference and the object it names.
type Ref struct {
	Name string
	OID  OID
}

// RefUpdate moves one reference. An empty Old means that it must not exist yet, an empty New deletes it, and New equal to
// Old only verifies that it stands there; both empty verifies that there is none.
type RefUpdate struct {
	Name     string
	Old, New OID
}

// RefMovedError says that a reference was not where a transaction expected it. Nothing was moved. Empty means "no such
// reference".
type RefMovedError struct {
	Name       string
	Want, Have OID
}

func (e *RefMovedError) Error() string {
	place := func(id OID) string {
		if id == "" {
			return "missing"
		}
		return "at " + id.Short()
	}
	return fmt.Sprintf("%s is %s, not %s: somebody moved it; read it again and retry", e.Name, place(e.Have), place(e.Want))
}

// RefLockedError says that another process holds a reference, or died holding it. Nothing was moved.
type RefLockedError struct {
	Name string // empty when all packed references are locked
	Lock string // the lock file
}

func (e *RefLockedError) Error() string {
	name := e.Name
	if name == "" {
		name = "packed-refs"
	}
	return fmt.Sprintf("%s is locked by %s; retry, and if no git runs in this repository, remove that file", name, e.Lock)
}

// RefClashError says that two references cannot exist at the same time, as a and a/b. Nothing was moved.
type RefClashError struct {
	Name, With string
}

func (e *RefClashError) Error() string {
	return fmt.Sprintf("%s cannot exist beside %s: one name is the folder of the other; choose another name", e.Name, e.With)
}

// ErrInterrupted is wrapped by UpdateRefs' error when git did not end by itself: references may have moved, all, some or
// none, and their locks may be left. Read them again.
var ErrInterrupted = errors.New("git was interrupted; read the references again")

// Refs lists references, sorted by name. A prefix is a whole name or a folder of names ("refs/heads" or "refs/heads/");
// none means all. A reference that cannot be read is an error, never left out.
func (r *Repo) Refs(ctx context.Context, prefixes ...string) ([]Ref, error) {
	for _, prefix := range prefixes {
		if err := checkRefName(strings.TrimSuffix(prefix, "/")); err != nil && prefix != "refs/" {
			return nil, fmt.Errorf("listing references: %w", err)
		}
	}
	args := append([]string{"for-each-ref", "--format=%(objectname) %(refname)", "--"}, prefixes...)
	c := r.refs(args...)
	c.strict = true // git warns of references that it leaves out
	var refs []Ref
	err := c.stream(ctx, func(out *bufio.Reader) error {
		var err error
		refs, err = r.parseRefs(out)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing references: %w", err)
	}
	return refs, nil
}

// parseRefs reads "oid name" lines. Overlapping prefixes list a name once.
func (r *Repo) parseRefs(out *bufio.Reader) ([]Ref, error) {
	var refs []Ref
	for {
		line, err := out.ReadString('\n')
		if errors.Is(err, io.EOF) && line == "" {
			break
		}
		if err != nil {
			return nil, err
		}
		id, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !r.isOID(id) || !strings.HasPrefix(name, "refs/") {
			return nil, fmt.Errorf("git for-each-ref wrote %q", line)
		}
		refs = append(refs, Ref{Name: name, OID: OID(id)})
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(refs), nil
}

// Ref returns the object that a reference names, "" when there is no such reference.
func (r *Repo) Ref(ctx context.Context, name string) (OID, error) {
	if err := checkRefName(name); err != nil {
		return "", err
	}
	refs, err := r.Refs(ctx, name)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	for _, ref := range refs {
		if ref.Name == name {
			return ref.OID, nil
		}
	}
	return "", nil
}

// UpdateRefs moves references in one transaction: all or none, unless the machine or git dies in the middle. Git renames
// them into place in the order given, deletions last. What stopped it is a *RefMovedError, *RefLockedError or
// *RefClashError where it is one of these. The moves are on disk when it returns. No hook runs. Once started it is not cut
// short by ctx.
func (r *Repo) UpdateRefs(ctx context.Context, updates []RefUpdate) error {
	if ctx.Err() != nil {
		return fmt.Errorf("moving references: %w", context.Cause(ctx))
	}
	input, err := r.transaction(updates)
	if err != nil || len(updates) == 0 {
		return err
	}
	c := r.store("update-ref", "--no-deref", "--stdin", "-z")
	c.stdin = input
	if err := c.finish(ctx); err != nil {
		return fmt.Errorf("moving %s: %w", describe(updates), r.explainUpdate(ctx, updates, err))
	}
	return r.syncRefs(updates)
}

func describe(updates []RefUpdate) string {
	if len(updates) == 1 {
		return updates[0].Name
	}
	return fmt.Sprintf("%d references from %s to %s", len(updates), updates[0].Name, updates[len(updates)-1].Name)
}

// transaction writes the commands of update-ref --stdin -z.
func (r *Repo) transaction(updates []RefUpdate) (*bytes.Buffer, error) {
	var b bytes.Buffer
	for _, u := range updates {
		if err := r.checkUpdate(u); err != nil {
			return nil, err
		}
		switch {
		case u.Old == u.New:
			fmt.Fprintf(&b, "verify %s\x00%s\x00", u.Name, u.Old)
		case u.Old == "":
			fmt.Fprintf(&b, "create %s\x00%s\x00", u.Name, u.New)
		case u.New == "":
			fmt.Fprintf(&b, "delete %s\x00%s\x00", u.Name, u.Old)
		default:
			fmt.Fprintf(&b, "update %s\x00%s\x00%s\x00", u.Name, u.New, u.Old)
		}
	}
	return &b, nil
}

func (r *Repo) checkUpdate(u RefUpdate) error {
	if err := checkRefName(u.Name); err != nil {
		return err
	}
	for _, id := range []OID{u.Old, u.New} {
		if id == "" {
			continue
		}
		if err := r.check(id); err != nil {
			return fmt.Errorf("moving %s: %w", u.Name, err)
		}
	}
	return nil
}

// checkRefName applies the rules of git check-ref-format to a full name below refs/.
func checkRefName(name string) error {
	bad := func(why string) error { return fmt.Errorf("%q is not a reference name: %s", name, why) }
	switch {
	case !strings.HasPrefix(name, "refs/"):
		return bad("it does not start with refs/")
	case len(name) > 1024:
		return bad("it is longer than 1024 bytes")
	case strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c) }):
		return bad(`it holds a space, a control character or one of ~^:?*[\`)
	case strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, "."):
		return bad(`it holds "..", "@{" or ends in a dot`)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return bad("a part of it is empty, starts with a dot or ends in .lock")
		}
	}
	return nil
}

// What git says about a transaction that it refuses; its messages are pinned to English by LC_ALL.
var (
	lockMessage  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`Unable to create '(.+)': File exists`) })
	clashMessage = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`'(\S+)' exists; cannot create '(\S+)'`) })
	pairMessage  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`cannot process '(\S+)' and '(\S+)' at the same time`)
	})
	refMessage = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`cannot lock ref '(\S+)'`) })
)

// explainUpdate says in types why a transaction was refused.
func (r *Repo) explainUpdate(ctx context.Context, updates []RefUpdate, err error) error {
	var failed *commandError
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &failed):
		return fmt.Errorf("%w: %w", ErrInterrupted, err)
	case errors.As(err, &exit) && !exit.Exited() || errors.Is(err, exec.ErrWaitDelay):
		return fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	var name string
	if m := refMessage().FindStringSubmatch(failed.stderr); m != nil {
		name = m[1]
	}
	if m := lockMessage().FindStringSubmatch(failed.stderr); m != nil {
		return &RefLockedError{Name: name, Lock: m[1]}
	}
	if m := clashMessage().FindStringSubmatch(failed.stderr); m != nil {
		return &RefClashError{Name: m[2], With: m[1]}
	}
	if m := pairMessage().FindStringSubmatch(failed.stderr); m != nil {
		return &RefClashError{Name: m[1], With: m[2]}
	}
	return r.findMoved(ctx, updates, name, err)
}

// findMoved compares what the transaction expected of the reference that git named with what there is.
func (r *Repo) findMoved(ctx context.Context, updates []RefUpdate, name string, err error) error {
	for _, u := range updates {
		if u.Name != name {
			continue
		}
		have, readErr := r.Ref(context.WithoutCancel(ctx), name)
		if readErr != nil {
			return errors.Join(err, readErr)
		}
		if have != u.Old {
			return &RefMovedError{Name: name, Want: u.Old, Have: have}
		}
	}
	return r.explain(ctx, err)
}

// syncRefs brings the renames to the disk: git fsyncs the files of references, not the folders that name them.
func (r *Repo) syncRefs(updates []RefUpdate) error {
	done := map[string]bool{}
	for _, u := range updates {
		dir := filepath.Dir(filepath.Join(r.commonDir, filepath.FromSlash(u.Name)))
		if u.Old == u.New || done[dir] {
			continue
		}
		done[dir] = true
		if err := atomicfile.SyncDir(dir); err != nil && !errors.Is(err, os.ErrNotExist) { // a deletion removes empty folders
			return fmt.Errorf("moving %s: %w", u.Name, err)
		}
	}
	return nil
}
