package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/source"
)

// reservedFolders are read at the start by common agents and may name programs to run. Where main has none, the agent finds an
// empty one that it cannot write to.
var reservedFolders = [...]string{".claude", ".codex", ".cursor", ".gemini"}

const guardLimit = 512 // files and folders of agent configuration that are mounted one by one

// guarded is one file or folder of agent configuration, shown as it is on main.
type guarded struct {
	Path   string `json:"path"`
	Folder bool   `json:"folder,omitempty"`
}

// configuration says whether a file tells coding agents what to do, and names the outermost folder of such files that it is in.
func configuration(file string) (folder string, ok bool) {
	if !instructs(file) {
		return "", false
	}
	for i, c := range file {
		if c == '/' && instructs(file[:i]+"/x") {
			return file[:i], true
		}
	}
	return "", true
}

func instructs(file string) bool {
	return source.TraitsOf(file, nil).Class == source.ClassAgentInstruction
}

// makeGuard copies main's agent configuration to a folder that the agent cannot write to. What the head has and main has not
// is shown empty.
func (w *Workspace) makeGuard(ctx context.Context, dir string, entries []git.Entry) error {
	base := entries
	if w.Head != w.Base {
		files, err := w.store.kernel.Repo().Cone(ctx, w.Base, w.Cone)
		if err != nil {
			return err
		}
		base = files.Entries
	}
	list := w.guardList(entries, base)
	if len(list) > guardLimit {
		return fmt.Errorf("the cone has %d files of agent configuration, more than %d; take a smaller cone", len(list), guardLimit)
	}
	if err := w.copyGuard(ctx, filepath.Join(dir, "guard"), list, base); err != nil {
		return err
	}
	if err := w.mountPoints(filepath.Join(dir, "repo"), list); err != nil {
		return err
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "guard.json"), data, 0o600)
}

// guardList lists what is guarded, outermost first.
func (w *Workspace) guardList(head, base []git.Entry) []guarded {
	set := map[string]bool{}
	for _, name := range reservedFolders {
		set[name] = true
	}
	for _, entry := range slices.Concat(head, base) {
		if entry.Mode == git.ModeTree || entry.Mode == git.ModeSymlink { // a link's target is guarded by its own name
			continue
		}
		folder, ok := configuration(entry.Path)
		switch {
		case ok && folder != "":
			set[folder] = true
		case ok:
			set[entry.Path] = set[entry.Path] || false
		}
	}
	var list []guarded
	for name, folder := range set {
		if !slices.ContainsFunc(w.Grant, func(g string) bool { return below(name, g) || below(g, name) }) && !taken(name, head) {
			list = append(list, guarded{Path: name, Folder: folder})
		}
	}
	slices.SortFunc(list, func(a, b guarded) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// taken says that a reserved folder cannot be there: the head has a file or a link of that name.
func taken(name string, head []git.Entry) bool {
	_, found := slices.BinarySearchFunc(head, name, func(e git.Entry, name string) int { return strings.Compare(e.Path, name) })
	return found && slices.Contains(reservedFolders[:], name)
}

// copyGuard writes main's version of what is guarded: a folder with what is in it, or a file.
func (w *Workspace) copyGuard(ctx context.Context, dir string, list []guarded, base []git.Entry) (err error) {
	var copies []git.Entry
	for _, entry := range base {
		if entry.Mode != git.ModeTree && slices.ContainsFunc(list, func(g guarded) bool { return below(entry.Path, g.Path) }) {
			copies = append(copies, entry)
		}
	}
	c, err := newCheckout(dir, sandbox.Self())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.write(ctx, w.store.kernel.Repo(), copies); err != nil {
		return err
	}
	for _, g := range list {
		if g.Folder {
			err = c.folder(g.Path)
		} else {
			err = c.blank(g.Path)
		}
		if err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o755)
}

// blank makes a file that says nothing, unless main has one.
func (c *checkout) blank(name string) error {
	if _, err := c.root.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := ""
	if path.Ext(name) == ".json" {
		text = "{}\n"
	}
	return c.file(git.Entry{Path: name, Mode: git.ModeFile}, []byte(text))
}

// mountPoints makes the folders that are not in the checkout. git does not record empty ones.
func (w *Workspace) mountPoints(repo string, list []guarded) (err error) {
	c, err := newCheckout(repo, w.Identity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, g := range list {
		if g.Folder {
			if err := c.folder(g.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// TamperedError says that the checkout is not as a sandbox needs it.
type TamperedError struct{ ID, Path, Is string }

func (e *TamperedError) Error() string {
	return fmt.Sprintf("workspace %s: %s is %s, so main's agent configuration cannot be shown there; discard it: adamant workspace gc %s",
		e.ID, e.Path, e.Is, e.ID)
}

// Mounts are what the attempt's sandbox needs of the host. They are made anew for each start, while nothing runs in the
// workspace: what the agent did to the checkout is looked at, so that no mount goes through a link of the agent's.
func (w *Workspace) Mounts() ([]sandbox.Mount, error) {
	mounts := []sandbox.Mount{
		{Source: w.path("repo"), Target: Repo, Writable: !w.Readonly},
		{Source: w.path("home"), Target: Home, Writable: true},
		{Source: w.path("tmp"), Target: Temp, Writable: true},
	}
	mounts = append(mounts, w.stores()...)
	guard, err := w.guardMounts()
	if err != nil {
		return nil, fmt.Errorf("mounting workspace %s: %w", w.ID, err)
	}
	return append(mounts, guard...), nil
}

// stores are the objects that the workspace borrows.
func (w *Workspace) stores() []sandbox.Mount {
	mounts := []sandbox.Mount{{Source: filepath.Join(w.store.kernel.Main().CommonDir(), "objects"), Target: objectsInside}}
	if extra := w.path("extra.git/objects"); len(w.alternates(w.path(""))) > 1 {
		mounts = append(mounts, sandbox.Mount{Source: extra, Target: extraInside})
	}
	return mounts
}

func (w *Workspace) guardMounts() ([]sandbox.Mount, error) {
	data, err := os.ReadFile(w.path("guard.json"))
	if err != nil {
		return nil, err
	}
	var list []guarded
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", w.path("guard.json"), err)
	}
	root, err := os.OpenRoot(w.path("repo"))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var mounts []sandbox.Mount
	for _, g := range list {
		there, err := w.mountable(root, g)
		if err != nil {
			return nil, err
		}
		if there {
			mounts = append(mounts, sandbox.Mount{Source: filepath.Join(w.path("guard"), g.Path), Target: path.Join(Repo, g.Path)})
		}
	}
	return mounts, nil
}

// mountable says whether a guarded path is there, of its kind and behind real folders.
func (w *Workspace) mountable(root *os.Root, g guarded) (bool, error) {
	parts := strings.Split(g.Path, "/")
	for i := range parts {
		name := strings.Join(parts[:i+1], "/")
		info, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		folder := g.Folder || i < len(parts)-1
		if folder != info.IsDir() || !folder && !info.Mode().IsRegular() {
			return false, &TamperedError{w.ID, name, kindOf(info.Mode())}
		}
	}
	return true, nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode.IsRegular():
		return "a file"
	case mode&fs.ModeSymlink != 0:
		return "a symlink"
	}
	return "no file"
}
