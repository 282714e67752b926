package report

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/finding"
)

// place is where a test failed; the zero value is nowhere.
type place struct {
	path         string
	line, column int
}

// known returns the repository path of a file that a report names, false when it is none of ours.
func (o *Options) known(dir, file string) (string, bool) {
	path, ok := finding.Relative(o.Root, dir, file)
	if !ok || path == "." || o.Exists != nil && !o.Exists(path) || dependency(path) {
		return "", false
	}
	return path, true
}

// dependency says whether a path is of code that was installed into the checkout.
func dependency(path string) bool {
	return strings.Contains("/"+path, "/node_modules/") || strings.Contains("/"+path, "/site-packages/")
}

// mention finds file:line, file:line:column, file(line) and Python's File "file", line N.
var mention = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`File "([^"\n]+)", line (\d+)|((?:[A-Za-z]:)?[\w./\\@+~-]*\w\.[A-Za-z]\w*)(?::|\()(\d+)(?:[:,](\d+))?`)
})

// find returns the first place in text that lies in the repository.
func (o *Options) find(dir, text string) place {
	text = strings.ReplaceAll(text, "file://", "")
	for _, m := range mention().FindAllStringSubmatch(text, 50) {
		file, line := m[1]+m[3], m[2]+m[4]
		n, err := strconv.Atoi(line)
		if err != nil || n == 0 {
			continue
		}
		if path, ok := o.known(dir, file); ok {
			column, _ := strconv.Atoi(m[5]) // absent or absurd: the whole line
			return place{path, n, column}
		}
	}
	return place{}
}

// GoModules maps import paths to folders by the modules of a repository: module path to repository-relative folder
// ("" or "." for the root). The longest module path wins. Use it for Options.GoPackage.
func GoModules(modules map[string]string) func(importPath string) (string, bool) {
	return func(importPath string) (string, bool) {
		best, folder, found := "", "", false
		for module, dir := range modules {
			inside := importPath == module || strings.HasPrefix(importPath, module+"/")
			if inside && (!found || len(module) > len(best)) {
				best, folder, found = module, dir, true
			}
		}
		if !found {
			return "", false
		}
		return finding.Relative("", folder, "."+strings.TrimPrefix(importPath, best))
	}
}
