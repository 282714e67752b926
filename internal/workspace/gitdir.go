package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// plain are the settings of every git directory of a workspace: files are taken as they are.
const plain = `	filemode = true
	symlinks = true
	ignoreCase = false
	precomposeUnicode = false
	autocrlf = false
	protectHFS = true
	protectNTFS = true
	attributesFile = /dev/null
`

// verbatim overrules the .gitattributes of the checkout: what converts a file on its way in or out of git is off.
const verbatim = "* -text -eol -filter -ident -working-tree-encoding\n"

// agentConfig is the configuration of the agent's own repository.
func agentConfig(format string, sparse bool) string {
	var b strings.Builder
	b.WriteString(coreSection(format, "\tbare = false\n\tlogAllRefUpdates = true\n"+plain, sparse))
	b.WriteString("[user]\n\tname = agent\n\temail = agent@localhost\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n")
	return b.String()
}

// pullConfig is the configuration of the git directory of a pull.
func pullConfig(format string, sparse bool) string {
	const off = "\tbare = false\n\tworktree = " + Repo + "\n\tlogAllRefUpdates = false\n\thooksPath = /dev/null\n\tfsmonitor = false\n" +
		"\tuntrackedCache = false\n\texcludesFile = /dev/null\n\tfsync = none\n\tlooseCompression = 1\n\tquotePath = false\n" + plain
	return coreSection(format, off, sparse) + "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[pack]\n\twindow = 0\n[uploadpack]\n\tallowAnySHA1InWant = false\n"
}

func coreSection(format, settings string, sparse bool) string {
	version, extensions := 0, ""
	if format == "sha256" {
		version, extensions = 1, "[extensions]\n\tobjectFormat = sha256\n"
	}
	text := fmt.Sprintf("[core]\n\trepositoryFormatVersion = %d\n%s", version, settings)
	if sparse {
		text += "\tsparseCheckout = true\n\tsparseCheckoutCone = true\n[index]\n\tsparse = true\n"
	}
	return text + extensions
}

// patterns renders the sparse-checkout file of a cone (git sparse-checkout, "internals").
func patterns(cone []string) string {
	var b strings.Builder
	b.WriteString("/*\n!/*/\n")
	above := map[string]bool{}
	for _, folder := range cone {
		for i, c := range folder {
			if c == '/' {
				above[folder[:i]] = true
			}
		}
	}
	parents := make([]string, 0, len(above))
	for parent := range above {
		parents = append(parents, parent)
	}
	sort.Strings(parents)
	for _, parent := range parents {
		fmt.Fprintf(&b, "/%s/\n!/%s/*/\n", escapeGlob(parent), escapeGlob(parent))
	}
	for _, folder := range cone {
		fmt.Fprintf(&b, "/%s/\n", escapeGlob(folder))
	}
	return b.String()
}

func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// coneOf reads a sparse-checkout file in cone form; ok is false when it is of another form.
func coneOf(text string) (cone []string, ok bool) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 2 || lines[0] != "/*" || lines[1] != "!/*/" {
		return nil, false
	}
	above := map[string]bool{}
	var dirs []string
	for _, line := range lines[2:] {
		switch {
		case strings.HasPrefix(line, "!/") && strings.HasSuffix(line, "/*/") && len(line) > 5:
			above[unescapeGlob(line[2:len(line)-3])] = true
		case strings.HasPrefix(line, "/") && strings.HasSuffix(line, "/") && len(line) > 2:
			dirs = append(dirs, unescapeGlob(line[1:len(line)-1]))
		default:
			return nil, false
		}
	}
	for _, dir := range dirs {
		if !above[dir] {
			cone = append(cone, dir)
		}
	}
	cone, err := folders(cone)
	return cone, err == nil && len(cone) > 0
}

func unescapeGlob(name string) string {
	return strings.NewReplacer(`\\`, `\`, `\*`, `*`, `\?`, `?`, `\[`, `[`).Replace(name)
}

// repository is a git directory that is written, not made by git: that takes one process less.
type repository struct {
	config     string
	head       string
	refs       map[string]git.OID
	alternates []string
	cone       []string
	exclude    []string // lines of info/exclude
	index      []byte
}

// write makes the git directory at dir.
func (r repository) write(dir string) error {
	for _, sub := range []string{"", "objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags", "refs/adamant", "info", "hooks"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	files := map[string]string{
		"config":                  r.config,
		"HEAD":                    r.head,
		"objects/info/alternates": strings.Join(r.alternates, "\n") + "\n",
		"info/attributes":         verbatim,
		"info/exclude":            strings.Join(r.exclude, "\n") + "\n",
		"index":                   string(r.index),
	}
	if len(r.cone) > 0 {
		files["info/sparse-checkout"] = patterns(r.cone)
	}
	for name, id := range r.refs {
		files[name] = string(id) + "\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
