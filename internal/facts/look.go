package facts

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/source"
)

// The reasons why a file's content was not looked at.
const (
	UnreadTooLarge  = "too-large"
	UnreadBinary    = "binary"
	UnreadSubmodule = "submodule"
	UnreadLFS       = "lfs-pointer"
)

var statuses = map[git.Status]string{
	git.Added: "added", git.Deleted: "deleted", git.Modified: "modified", git.Renamed: "renamed", git.TypeChanged: "typechanged",
}

// look is what one changed file gives to the document.
type look struct {
	file          File
	before, after []document.Document
}

// version is one side of a changed file.
type version struct {
	path   string
	mode   git.Mode
	data   []byte // nil when there is no such side or it is unread
	unread string
}

func (v version) exists() bool { return v.mode != git.ModeNone && v.mode != "" }

// analyse reads the code of one side; nil when there is none to read.
func (v version) analyse(language, class string) *source.Analysis {
	if !v.exists() || v.unread != "" || v.mode == git.ModeSymlink {
		return nil
	}
	return source.Analyse(language, class, v.path, v.data)
}

// look reads both versions of a file and says what they are and what changed.
func (c *Collected) look(ctx context.Context, change git.FileChange) (look, error) {
	before, err := c.version(ctx, cmp.Or(change.OldPath, change.Path), change.OldMode, change.Before)
	if err != nil {
		return look{}, err
	}
	after, err := c.version(ctx, change.Path, change.NewMode, change.After)
	if err != nil {
		return look{}, err
	}
	f := File{
		Path: SpellPath(change.Path), Status: statuses[change.Status], Before: string(change.Before), After: string(change.After),
		Added: change.Added, Deleted: change.Deleted, Size: int64(len(after.data)), Unread: cmp.Or(after.unread, before.unread),
	}
	f.Binary = change.Binary || f.Unread == UnreadBinary
	if change.OldPath != "" {
		f.OldPath = SpellPath(change.OldPath)
	}
	if before.exists() {
		f.OldMode = string(before.mode)
	}
	if after.exists() {
		f.Mode = string(after.mode)
	}
	if after.mode == git.ModeSymlink {
		f.Symlink = validText(string(after.data))
	}
	for _, h := range change.Hunks {
		if h.NewLines > 0 {
			f.Lines = append(f.Lines, LineRange{From: h.NewStart, To: h.NewStart + h.NewLines - 1})
		}
	}
	c.understand(&f, before, after)
	return look{file: f, before: documents(f.OldPath, f.Path, before), after: documents("", f.Path, after)}, nil
}

// version reads one side.
func (c *Collected) version(ctx context.Context, path string, mode git.Mode, oid git.OID) (version, error) {
	v := version{path: path, mode: mode}
	switch {
	case !v.exists():
		return v, nil
	case mode == git.ModeGitlink:
		v.unread = UnreadSubmodule
		return v, nil
	}
	content, _ := c.Contents()
	data, err := content.Blob(ctx, oid)
	var tooLarge *git.TooLargeError
	switch {
	case errors.As(err, &tooLarge):
		v.unread = UnreadTooLarge
		return v, nil
	case err != nil:
		return v, fmt.Errorf("reading %s: %w", SpellPath(path), err)
	}
	v.data = data
	v.unread = WhyUnread(data)
	return v, nil
}

// binaryHead is how much of a file git looks at to call it binary, in bytes.
const binaryHead = 8000

// WhyUnread recognises content that is not text. Binary is what git calls binary: a NUL in the first 8,000 bytes.
func WhyUnread(data []byte) string {
	head := data[:min(len(data), binaryHead)]
	switch {
	case bytes.HasPrefix(head, []byte("version https://git-lfs.github.com/spec/")):
		return UnreadLFS
	case bytes.IndexByte(head, 0) >= 0:
		return UnreadBinary
	}
	return ""
}

// understand fills in language, class, owner, effect and code delta. Attributes and catalog are base's.
func (c *Collected) understand(f *File, before, after version) {
	current := after
	if !after.exists() {
		current = before
	}
	f.Language, f.Class = c.classify(current)
	oldLanguage, oldClass := f.Language, f.Class
	if before.exists() && after.exists() {
		oldLanguage, oldClass = c.classify(before)
		if oldClass != f.Class {
			f.OldClass = oldClass
		}
	}
	if entity, ok := c.Governance.Catalog.ComponentOf(current.path); ok {
		f.Component = entity.Ref
	}
	if entity, ok := c.Governance.Catalog.ComponentOf(before.path); ok && before.exists() && entity.Ref != f.Component {
		f.OldComponent = entity.Ref
	}
	f.Privacy = c.privacy(f, after)
	f.Effect = source.EffectCode
	old, new := before.analyse(oldLanguage, oldClass), after.analyse(f.Language, f.Class)
	if (hasCode(f.Class) || hasCode(oldClass)) && (old != nil || new != nil) { // tests that cannot be read any more are gone
		f.Code = source.Compare(old, new, f.Lines)
	}
	if f.Unread != "" || current.mode == git.ModeSymlink || before.mode == git.ModeSymlink {
		return
	}
	f.Effect = effect(f, before, after, oldClass, old, new)
	if before.exists() && after.exists() {
		f.Versions = source.CompareVersions(after.path, before.data, after.data)
	}
	if f.Class == source.ClassSource && f.Effect == source.EffectCode {
		growth := source.Grow(before.data, after.data)
		f.Growth = &growth
	}
}

// hasCode says whether imports, tests and suppressions are looked for in a class of files.
func hasCode(class string) bool {
	switch class {
	case source.ClassSource, source.ClassTest, source.ClassInfra, source.ClassConfig, source.ClassPolicy:
		return true
	}
	return false
}

// effect proves what it can. An added or deleted file has an effect unless it is prose that nothing executes.
func effect(f *File, before, after version, oldClass string, old, new *source.Analysis) string {
	switch {
	case old == nil || new == nil:
		if after.mode == git.ModeExec {
			return source.EffectCode
		}
		return source.EffectOf(old, new)
	case before.mode != after.mode || f.Class != oldClass:
		return source.EffectCode
	case f.Before == f.After && f.OldPath != "":
		return source.EffectCode // a moved file is another import path, another package, another URL
	case f.Before == f.After:
		return source.EffectNone
	}
	return source.EffectOf(old, new)
}

// classify looks as far into a binary file as WhyUnread did. A NUL makes no code harmless: a script with one is still a script.
func (c *Collected) classify(v version) (language, class string) {
	if v.unread != UnreadBinary {
		return source.Classify(v.path, v.data[:min(len(v.data), 4096)], c.Governance.Attributes)
	}
	if language, class = source.Classify(v.path, nil, c.Governance.Attributes); class == source.ClassTest {
		return language, class
	}
	return source.Classify(v.path, v.data[:min(len(v.data), binaryHead)], c.Governance.Attributes)
}

// documents parses one side of a file for the constitution.
func documents(oldPath, path string, v version) []document.Document {
	if !v.exists() || v.unread != "" || v.mode == git.ModeSymlink {
		return nil
	}
	docs := document.Parse(v.path, v.data)
	for i := range docs {
		docs[i].Path = cmp.Or(oldPath, path)
	}
	return docs
}

// validText makes text from a commit or a symlink safe for JSON.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
