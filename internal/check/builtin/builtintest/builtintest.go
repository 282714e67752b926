// Package builtintest is what the tests of built-in checks share: trees made of strings.
package builtintest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/facts"
)

// Tree is a tree in memory: path to content. Content "\x00REASON" makes the file unreadable for that reason.
type Tree map[string]string

// Paths lists the files.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t)) }

// Read returns a file's content.
func (t Tree) Read(_ context.Context, path string) ([]byte, error) {
	text, ok := t[path]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	for _, reason := range []string{builtin.TooLarge, builtin.Binary, builtin.Submodule, builtin.Symlink, builtin.LFSPointer} {
		if text == "\x00"+reason {
			return nil, &builtin.UnreadError{Path: path, Reason: reason}
		}
	}
	return []byte(text), nil
}

// Input is the change from base to merged, without renames.
func Input(base, merged map[string]string) builtin.Input {
	in := builtin.Input{Base: Tree(base), Merged: Tree(merged)}
	paths := map[string]bool{}
	for path := range base {
		paths[path] = true
	}
	for path := range merged {
		paths[path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		before, old := base[path]
		after, kept := merged[path]
		switch {
		case !old:
			in.Files = append(in.Files, facts.File{Path: path, Status: "added"})
		case !kept:
			in.Files = append(in.Files, facts.File{Path: path, Status: "deleted"})
		case before != after:
			in.Files = append(in.Files, facts.File{Path: path, Status: "modified"})
		}
	}
	return in
}

// Run runs a check on the change from base to merged and fails the test when it cannot be carried out.
func Run(t testing.TB, check builtin.Check, base, merged map[string]string) builtin.Result {
	t.Helper()
	result, err := check.Run(t.Context(), Input(base, merged))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// Places renders the findings of the merged side as "path:line:column rule".
func Places(result builtin.Result) []string {
	var places []string
	for _, f := range result.Merged {
		places = append(places, fmt.Sprintf("%s:%d:%d %s", f.Path, f.Line, f.Column, f.Rule))
	}
	return places
}
