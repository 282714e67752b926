package door

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/git"
)

const (
	scanBytes  = 8 << 20 // bytes of a file that is looked at for credentials
	leakCount  = 50      // credentials that are listed
	copiesSeen = 1000    // of the target's newest commits that are compared with what is pushed
)

// fileAt is a content under a name: what is allowed may depend on the name.
type fileAt struct {
	path string
	id   git.OID
}

// found is what the quarantine holds.
type found struct {
	commands []CommandFacts
	content  Content
	notices  []string // for the pusher
}

// inspection looks at a push in its quarantine.
type inspection struct {
	repo    *git.Repo
	work    work
	scanner *secrets.Scanner
	found   found

	sent       map[git.OID]bool // objects in quarantine
	commits    map[git.OID]bool // looked at
	files      map[fileAt]bool  // looked at
	identities map[Identity]bool
}

// inspect finds out everything that the policy wants to know. It runs in the hook, whose git sees the quarantine.
func inspect(ctx context.Context, w work, quarantine string) (found, error) {
	if deletes := !slices.ContainsFunc(w.Commands, func(c CommandFacts) bool { return c.Kind != "delete" }); deletes {
		return found{commands: w.Commands, content: noContent()}, nil
	}
	if !filepath.IsAbs(quarantine) {
		return found{}, errors.New("git names no quarantine")
	}
	repo, err := git.Open(ctx, w.Dir, git.WithObjects(quarantine))
	if err != nil {
		return found{}, err
	}
	i := &inspection{repo: repo, work: w, sent: map[git.OID]bool{}, commits: map[git.OID]bool{}, files: map[fileAt]bool{},
		identities: map[Identity]bool{}}
	i.found.commands = slices.Clone(w.Commands)
	i.found.content = noContent()
	err = i.all(ctx, quarantine)
	return i.found, errors.Join(err, repo.Close())
}

func noContent() Content { return Content{Identities: []Identity{}, Secrets: []Leak{}} }

func (i *inspection) all(ctx context.Context, quarantine string) error {
	if err := i.weigh(ctx, quarantine); err != nil {
		return err
	}
	var err error
	if i.scanner, err = secrets.NewScanner(ctx, &tree{repo: i.repo, at: i.work.Main}); err != nil {
		return fmt.Errorf("reading .gitleaks.toml at main: %w", err)
	}
	for n := range i.found.commands {
		if err := i.command(ctx, &i.found.commands[n], i.work.Targets[n]); err != nil {
			return fmt.Errorf("looking at %s: %w", i.found.commands[n].Ref, err)
		}
	}
	return nil
}

// weigh counts and measures the objects that were sent.
func (i *inspection) weigh(ctx context.Context, quarantine string) error {
	c := &i.found.content
	return i.repo.Stored(ctx, quarantine, func(o git.ObjectInfo) error {
		i.sent[o.OID] = true
		c.Objects++
		c.Bytes += o.Size
		c.Largest = max(c.Largest, o.Size)
		return nil
	})
}

func (i *inspection) command(ctx context.Context, f *CommandFacts, target git.OID) error {
	if f.Kind == "delete" {
		return nil
	}
	infos, err := i.repo.Info(ctx, []git.OID{f.New})
	if err != nil {
		return err
	}
	if infos[0].Type != "commit" {
		return fmt.Errorf("%s is a %s, not a commit", f.New.Short(), infos[0].Type)
	}
	if err := i.history(ctx, f, target); err != nil {
		return err
	}
	return i.walk(ctx, f, target)
}

// history compares the commits with the branch and with the target.
func (i *inspection) history(ctx context.Context, f *CommandFacts, target git.OID) error {
	bases, err := i.repo.MergeBases(ctx, f.New, target)
	if err != nil {
		return err
	}
	f.Unrelated = len(bases) == 0
	if f.Kind != "update" {
		return nil
	}
	f.FastForward, err = i.repo.IsAncestor(ctx, f.Old, f.New)
	var missing *git.MissingError
	if errors.As(err, &missing) {
		return nil // the branch is not there, which the door sees
	}
	return err
}

// walk looks at every commit that the target has not: those that the token pushed before as well, since the policy may have
// changed.
func (i *inspection) walk(ctx context.Context, f *CommandFacts, target git.OID) error {
	not := []git.OID{target, i.work.Main}
	copies, err := i.copies(ctx, f, target)
	if err != nil {
		return err
	}
	opt := git.LogOptions{From: f.New, Not: slices.Compact(not), Max: i.work.Commits + 1, Changes: git.ChangesRaw}
	for entry, err := range i.repo.Log(ctx, opt) {
		if err != nil {
			return err
		}
		f.Commits++
		if len(entry.Parents) > 1 {
			f.Merges++
		}
		if copies[signOf(entry.Commit)] {
			f.Rewritten++
		}
		if err := i.commit(ctx, entry); err != nil {
			return fmt.Errorf("commit %s: %w", entry.OID.Short(), err)
		}
	}
	return nil
}

// sign tells commits apart by what survives a rewriting. The whole message belongs to it: a landing commit has the author, date
// and subject of what was proposed, but trailers of its own, and who builds on what was proposed rewrites nothing.
type sign struct {
	name, email, message string
	when                 int64
}

func signOf(c git.Commit) sign {
	return sign{c.Author.Name, c.Author.Email, strings.TrimSpace(c.Message), c.Author.When.Unix()}
}

// copies lists the newest commits of the target that the push has not.
func (i *inspection) copies(ctx context.Context, f *CommandFacts, target git.OID) (map[sign]bool, error) {
	out := map[sign]bool{}
	for entry, err := range i.repo.Log(ctx, git.LogOptions{From: target, Not: []git.OID{f.New}, Max: copiesSeen}) {
		if err != nil {
			return nil, err
		}
		out[signOf(entry.Commit)] = true
	}
	return out, nil
}

func (i *inspection) commit(ctx context.Context, entry git.LogEntry) error {
	if i.commits[entry.OID] {
		return nil
	}
	i.commits[entry.OID] = true
	i.found.content.Commits++
	i.identity(entry.OID, "author", entry.Author)
	i.identity(entry.OID, "committer", entry.Committer)
	for _, change := range entry.Changes {
		if len(entry.Parents) > 1 && !i.sent[change.After] {
			continue // a merge brings what is known from the other side
		}
		if err := i.file(ctx, entry.OID, change); err != nil {
			return fmt.Errorf("%s: %w", printable(change.Path, 200), err)
		}
	}
	return nil
}

func (i *inspection) identity(id git.OID, kind string, who git.Signature) {
	key := Identity{Kind: kind, Name: who.Name, Email: who.Email}
	if !i.identities[key] {
		i.identities[key] = true
		key.Commit = id
		i.found.content.Identities = append(i.found.content.Identities, key)
	}
}

// file looks for credentials that a file has and had not before.
func (i *inspection) file(ctx context.Context, commit git.OID, change git.FileChange) error {
	at := fileAt{change.Path, change.After}
	if change.After == "" || change.NewMode == git.ModeGitlink || i.files[at] || i.found.content.Cut {
		return nil
	}
	i.files[at] = true
	text, ok, err := i.text(ctx, change.After)
	if err != nil {
		return err
	}
	if !ok {
		i.found.notices = append(i.found.notices, fmt.Sprintf("note: %s is larger than %d bytes and was not searched for credentials", change.Path, scanBytes))
		return nil
	}
	after, err := i.scanner.Scan(change.Path, text)
	if err != nil || len(after) == 0 {
		return err
	}
	known, err := i.knownBefore(ctx, change)
	for _, s := range after {
		if !known[s.ID] {
			i.leak(Leak{commit, printable(change.Path, 300), s.Line, s.Rule, s.Title, s.InSource})
		}
	}
	return err
}

// leak lists a credential. Too many to list are a reason of their own.
func (i *inspection) leak(l Leak) {
	c := &i.found.content
	if len(c.Secrets) == leakCount {
		c.Cut = true
		return
	}
	c.Secrets = append(c.Secrets, l)
}

func (i *inspection) knownBefore(ctx context.Context, change git.FileChange) (map[string]bool, error) {
	known := map[string]bool{}
	if change.Before == "" || change.OldMode == git.ModeGitlink {
		return known, nil
	}
	text, ok, err := i.text(ctx, change.Before)
	if err != nil || !ok {
		return known, err
	}
	before, err := i.scanner.Scan(change.Path, text)
	for _, s := range before {
		known[s.ID] = true
	}
	return known, err
}

// text reads a blob that may hold text; ok is false for one that is too large.
func (i *inspection) text(ctx context.Context, id git.OID) (text []byte, ok bool, err error) {
	text, err = i.repo.Blob(ctx, id, scanBytes)
	var large *git.TooLargeError
	switch {
	case errors.As(err, &large):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0:
		return nil, true, nil // binary
	}
	return text, true, nil
}

// tree is main's tip for the scanner's configuration, which is read by name.
type tree struct {
	repo *git.Repo
	at   git.OID
}

// Paths lists nothing: nobody looks for files here.
func (t *tree) Paths() []string { return nil }

// Read returns a file of main's tip.
func (t *tree) Read(ctx context.Context, path string) ([]byte, error) {
	id, err := t.repo.Lookup(ctx, t.at, path)
	var missing *git.MissingError
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return t.repo.Blob(ctx, id, scanBytes)
}
