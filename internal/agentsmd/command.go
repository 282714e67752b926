package agentsmd

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/manifest"
)

// commands are what proves a change: the checks that look at files here, as a person would type them.
func (p *place) commands() string {
	checks := slices.DeleteFunc(slices.Clone(p.repository.Config.Checks), func(c manifest.Check) bool { return !p.concerns(c) })
	var b strings.Builder
	b.WriteString("## Commands\n\nRun them from the root of the repository.\n\n")
	if setup := setupOf(checks); len(setup) > 0 {
		fmt.Fprintf(&b, "- once: %s\n", strings.Join(setup, ", then "))
	}
	for _, c := range most(checks, maxCommands) {
		line := typed(c)
		fmt.Fprintf(&b, "- %s: %s", plain(c.Kind), code(line))
		if near := p.near(c, line); near != "" {
			fmt.Fprintf(&b, "; this folder alone: %s", code(near))
		}
		b.WriteString("\n")
	}
	if left := len(checks) - maxCommands; left > 0 {
		fmt.Fprintf(&b, "- … and %d more in `.adamant/adamant.yaml`\n", left)
	}
	b.WriteString("- before you say that you are done: `adamant check`, which judges the change as the gate does\n")
	return b.String()
}

// concerns says that a check can say something about files here: it runs in a folder around them or in them, and reads one.
func (p *place) concerns(c manifest.Check) bool {
	if p.folder == "" && len(p.components) == 0 {
		return true
	}
	dir := strings.Trim(c.Directory, "/")
	if dir == "." {
		dir = ""
	}
	module := strings.HasPrefix(typed(c), "go ") || strings.Contains(typed(c), "&& go ")
	return slices.ContainsFunc(p.files, func(f string) bool {
		return (dir == "" || strings.HasPrefix(f, dir+"/")) && (len(c.Inputs) == 0 || p.repository.matches(c.Inputs, f)) && (!module || p.repository.module(f) == dir)
	})
}

// module is the folder of the Go module that a file is in; a command of Go looks into no module but its own.
func (r *Repository) module(file string) string {
	for dir := parent(file); ; dir = parent(dir) {
		if _, ok := slices.BinarySearch(r.Paths, path.Join(dir, "go.mod")); ok || dir == "" {
			return dir
		}
	}
}

// setupOf are the lines that prepare a checkout, each once. A line that may fail only warms a cache.
func setupOf(checks []manifest.Check) []string {
	var out []string
	for _, c := range checks {
		for _, l := range c.Setup {
			if strings.HasSuffix(strings.TrimSpace(l), "|| true") {
				continue
			}
			if l = code(within(c.Directory, l)); !slices.Contains(out, l) && len(out) < maxNames {
				out = append(out, l)
			}
		}
	}
	return out
}

// typed is the command of a check without what only serves machines that read it.
func typed(c manifest.Check) string {
	line := c.Command[0]
	if len(c.Command) > 1 {
		var words []string
		for _, w := range c.Command {
			words = append(words, quoted(w))
		}
		line = strings.Join(words, " ")
	}
	line = strings.TrimSuffix(strings.TrimSpace(line), " 2>&1")
	if len(c.Reports) > 0 {
		line = reporting().ReplaceAllString(line, "")
	}
	if strings.HasPrefix(line, "go test ") || strings.HasPrefix(line, "go vet ") {
		line = strings.Join(slices.DeleteFunc(strings.Fields(line), func(w string) bool {
			return w == "-json" || strings.HasPrefix(w, "-coverprofile=") || strings.HasPrefix(w, "-covermode=")
		}), " ")
	}
	return within(c.Directory, line)
}

// reporting are the options of linters and runners of tests that make them write a report.
var reporting = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`( --junitxml| --output-file| --outputFile(\.\w+)?| --output\.\w+\.path)[= ]\S+|( --output-format| --format)[= ](json|sarif)|` +
		` --reporter=(default|junit|json)| --show-stats=false`)
})

func within(dir, line string) string {
	if dir = strings.Trim(dir, "/"); dir == "" || dir == "." {
		return line
	}
	return "(cd " + quoted(dir) + " && " + line + ")"
}

// near is a command of Go for the packages of this folder alone; "" when there is no such thing.
func (p *place) near(c manifest.Check, line string) string {
	if p.folder == "" || strings.Trim(c.Directory, "/.") != "" || !strings.HasPrefix(line, "go ") || !strings.HasSuffix(line, " ./...") {
		return ""
	}
	if !slices.ContainsFunc(p.files, func(f string) bool { return strings.HasSuffix(f, ".go") && strings.HasPrefix(f, p.folder+"/") }) {
		return ""
	}
	return strings.TrimSuffix(line, "./...") + quoted("./"+p.folder+"/...")
}

// quoted is a word as a shell reads it back.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:,@%+{}", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
