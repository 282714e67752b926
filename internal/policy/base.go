package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"

	"github.com/adamant-os/adamant/internal/facts"
)

//go:embed base/*.rego
var baseFiles embed.FS

// builtinPath begins the paths of modules that ship with adamant. No file of a repository has such a path.
const builtinPath = "adamant:base/"

// builtins are the modules that ship with adamant, without their tests: the base constitution with its libraries, or only the
// libraries.
func builtins(libraryOnly bool) []facts.Module {
	var out []facts.Module
	for _, m := range Builtin() {
		if IsTest(m.Path) {
			continue
		}
		if !libraryOnly || path.Base(m.Path)[:3] == "lib" {
			out = append(out, m)
		}
	}
	return out
}

// Builtin lists the modules that ship with adamant, tests included, sorted by path.
func Builtin() []facts.Module {
	entries, err := fs.ReadDir(baseFiles, "base")
	if err != nil {
		panic(fmt.Sprintf("policy: reading embedded modules: %v", err)) // the binary is broken
	}
	out := make([]facts.Module, len(entries))
	for i, entry := range entries {
		text, err := baseFiles.ReadFile("base/" + entry.Name())
		if err != nil {
			panic(fmt.Sprintf("policy: reading embedded module %s: %v", entry.Name(), err))
		}
		out[i] = facts.Module{Path: builtinPath + entry.Name(), Text: string(text)}
	}
	return out
}

// Version identifies the built-in constitution: sha256 over its modules, tests left out.
func Version() string {
	h := sha256.New()
	for _, m := range Builtin() {
		if !IsTest(m.Path) {
			fmt.Fprintf(h, "%s %d\n%s", m.Path, len(m.Text), m.Text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
