package check

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// packageJSON is what Detect reads of a package.json.
type packageJSON struct {
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Optional        map[string]string `json:"optionalDependencies"`
	PackageManager  string            `json:"packageManager"`
	Workspaces      json.RawMessage   `json:"workspaces"`
	ESLint          json.RawMessage   `json:"eslintConfig"`
	Prettier        json.RawMessage   `json:"prettier"`
}

func (p *packageJSON) depends(name string) bool {
	return p.Dependencies[name] != "" || p.DevDependencies[name] != ""
}

// javascript proposes checks for each package that is on its own: workspaces are run from the package that names them.
func (d *detector) javascript() {
	var roots []string // with workspaces
	for _, dir := range d.roots("package.json") {
		if example(dir) || slices.ContainsFunc(roots, func(root string) bool { return below(dir, root) }) {
			continue
		}
		file := path.Join(dir, "package.json")
		var p packageJSON
		if err := json.Unmarshal([]byte(d.content(file)), &p); err != nil {
			d.note(file, "cannot be understood, so nothing was detected from it: "+err.Error())
			continue
		}
		w := d.webProject(dir, &p)
		if w == nil {
			continue
		}
		if w.many {
			roots = append(roots, dir)
		} else if len(p.Scripts) == 0 && dir != "." {
			continue // configuration, not a project
		}
		w.unit()
		w.lint()
		w.scripts()
		w.prettier()
	}
}

// example says whether a folder shows how something is used.
func example(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(part string) bool { return part == "examples" || part == "example" })
}

// webProject is one outermost package with its package manager.
type webProject struct {
	*detector
	*packageJSON
	dir     string
	manager string // npm, pnpm, yarn (version 1), berry (later yarn)
	many    bool   // has workspaces
	base    manifest.Check
}

// webProject finds out which manager installs a package; nil when nothing that is known does.
func (d *detector) webProject(dir string, p *packageJSON) *webProject {
	file := path.Join(dir, "package.json")
	w := &webProject{detector: d, packageJSON: p, dir: dir, manager: d.manager(dir, p)}
	if w.manager == "" {
		d.note(file, "its package manager is not known here: declare its checks in .adamant/adamant.yaml (docs/checks.md)")
		return nil
	}
	w.many = len(p.Workspaces) > 0 && string(p.Workspaces) != "null" || w.manager == "pnpm" && d.has(dir, "pnpm-workspace.yaml")
	w.base = manifest.Check{Directory: directory(dir)}
	if len(p.Dependencies)+len(p.DevDependencies)+len(p.Optional) > 0 || w.many {
		w.base.Setup = []string{w.install()}
		w.base.SetupInputs = append(anchoredIn(dir, "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", ".yarnrc.yml", "pnpm-workspace.yaml"),
			"/"+path.Join(dir, "**/package.json"))
		d.note(file, "install scripts of dependencies are not run, since they would run with network; where one is needed (native modules), change setup")
	}
	if w.many && d.nested(dir) > 0 {
		d.note(file, "its workspaces are run from here, each script where it exists")
	}
	return w
}

// manager reads the lock file, then the packageManager field.
func (d *detector) manager(dir string, p *packageJSON) string {
	named, version, _ := strings.Cut(p.PackageManager, "@")
	locks := map[string]string{"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm", "bun.lock": "bun", "bun.lockb": "bun"}
	var found []string
	for _, lock := range []string{"pnpm-lock.yaml", "yarn.lock", "package-lock.json", "npm-shrinkwrap.json", "bun.lock", "bun.lockb"} {
		if d.has(dir, lock) {
			found = append(found, locks[lock])
		}
	}
	manager := "npm"
	switch {
	case len(found) == 1, len(found) > 1 && !slices.Contains(found, named):
		manager = found[0]
	case named != "":
		manager = named
	}
	if len(found) > 1 && len(slices.Compact(slices.Sorted(slices.Values(found)))) > 1 {
		d.note(path.Join(dir, "package.json"), "several lock files ("+strings.Join(found, ", ")+"): "+manager+" is used; remove the others")
	}
	if len(found) == 0 && len(p.Dependencies)+len(p.DevDependencies) > 0 {
		d.note(path.Join(dir, "package.json"), "no lock file: what is installed depends on the day; commit one")
	}
	switch {
	case manager == "yarn" && (d.has(dir, ".yarnrc.yml") || strings.Contains(d.content(path.Join(dir, "yarn.lock")), "__metadata:") || named == "yarn" && version != "" && version[0] > '1'):
		return "berry"
	case slices.Contains([]string{"npm", "pnpm", "yarn"}, manager):
		return manager
	}
	return ""
}

// install is the manager's way to install exactly what the lock file says, without running scripts of dependencies.
func (w *webProject) install() string {
	switch w.manager {
	case "pnpm":
		return "pnpm install --frozen-lockfile --ignore-scripts"
	case "yarn":
		return "yarn install --frozen-lockfile --ignore-scripts --non-interactive"
	case "berry":
		return "YARN_ENABLE_SCRIPTS=false YARN_ENABLE_GLOBAL_CACHE=false yarn install --immutable"
	}
	if w.has(w.dir, "package-lock.json") || w.has(w.dir, "npm-shrinkwrap.json") {
		return "npm ci --ignore-scripts"
	}
	return "npm install --ignore-scripts --no-save"
}

// run is the argv that runs a script of the package with more arguments.
func (w *webProject) run(script string, args ...string) []string {
	switch w.manager {
	case "pnpm":
		return slices.Concat([]string{"pnpm", "run", script}, args) // silent, it hides what scripts of workspaces say
	case "yarn":
		return slices.Concat([]string{"yarn", "--silent", "run", script}, args)
	case "berry":
		return slices.Concat([]string{"yarn", "run", script}, args)
	}
	argv := []string{"npm", "run", "--silent", script}
	if len(args) > 0 {
		argv = append(argv, "--")
	}
	return append(argv, args...)
}

// each is the argv that runs a script in every workspace that has it.
func (w *webProject) each(script string) []string {
	switch w.manager {
	case "pnpm":
		return []string{"pnpm", "--recursive", "--if-present", "run", script}
	case "yarn":
		return []string{"yarn", "workspaces", "run", script}
	case "berry":
		return []string{"yarn", "workspaces", "foreach", "--all", "run", script}
	}
	return []string{"npm", "run", script, "--workspaces", "--if-present"}
}

// tool is the argv that runs an installed program.
func (w *webProject) tool(name string, args ...string) []string {
	start := []string{"npx", "--no-install"}
	switch w.manager {
	case "pnpm":
		start = []string{"pnpm", "exec"}
	case "yarn", "berry":
		start = []string{"yarn", "run"}
	}
	return slices.Concat(start, []string{name}, args)
}

// script is a script that does something; npm's placeholder does not.
func (w *webProject) script(name string) string {
	text := strings.TrimSpace(w.Scripts[name])
	if strings.Contains(text, "no test specified") {
		return ""
	}
	return text
}

// check adds a check with a name for this package.
func (w *webProject) check(name, kind string, command []string, reports ...manifest.Report) {
	c := w.base
	c.Name, c.Kind, c.Command, c.Reports = named(name, w.dir), kind, command, reports
	w.add(c)
}

const (
	junitFile  = "adamant-junit.xml"
	jestFile   = "adamant-jest.json"
	eslintFile = "adamant-eslint.json"
)

// expand follows a script that only runs another one.
func (w *webProject) expand(script string) string {
	for range 3 {
		words := strings.Fields(script)
		if len(words) < 2 || !slices.Contains([]string{"npm", "pnpm", "yarn"}, words[0]) {
			return script
		}
		next := w.script(words[len(words)-1])
		if next == "" {
			return script
		}
		script = next
	}
	return script
}

// lastCommand is the program that the last command of a script runs, with its arguments. plain says that there is nothing
// else: no other command, no variable, no wrapper, no quoting.
func lastCommand(script string) (program string, args []string, plain bool) {
	plain = !strings.ContainsAny(script, "&|;<>$`\"'()*?[")
	if at := strings.LastIndexAny(script, "&|;"); at >= 0 {
		script = script[at+1:]
	}
	words := strings.Fields(script)
	for len(words) > 0 && (strings.Contains(words[0], "=") || slices.Contains([]string{"npx", "cross-env", "c8", "nyc", "env", "dotenv", "--"}, words[0])) {
		words, plain = words[1:], false
	}
	if len(words) == 0 {
		return "", nil, false
	}
	return path.Base(words[0]), words[1:], plain
}

// lint proposes the lint script, read as ESLint's JSON where that is what it runs, or ESLint alone where it is configured.
func (w *webProject) lint() {
	report := manifest.Report{Format: "eslint", Path: path.Join(w.dir, eslintFile)}
	json := []string{"--format", "json", "--output-file", eslintFile}
	script := w.script("lint")
	runner, _, _ := lastCommand(w.expand(script))
	switch {
	case runner == "eslint":
		w.check("npm-lint", "lint", w.run("lint", json...), report)
	case script != "":
		w.check("npm-lint", "lint", w.run("lint"))
	case w.depends("eslint") && w.configuresESLint():
		w.check("npm-lint", "lint", w.tool("eslint", append([]string{"."}, json...)...), report)
	case w.many && w.nestedScript("lint"):
		w.check("npm-lint", "lint", w.each("lint"))
	}
}

func (w *webProject) configuresESLint() bool {
	return len(w.ESLint) > 0 || w.first(w.dir, "eslint.config.js", "eslint.config.mjs", "eslint.config.cjs", "eslint.config.ts", ".eslintrc",
		".eslintrc.js", ".eslintrc.cjs", ".eslintrc.json", ".eslintrc.yml", ".eslintrc.yaml") != ""
}

// scripts proposes type checking, format and build as the package's own scripts do them.
func (w *webProject) scripts() {
	for _, s := range []struct {
		name, kind string
		scripts    []string
	}{
		{"npm-typecheck", "lint", []string{"typecheck", "type-check", "check-types", "check:types", "types:check", "tsc"}},
		{"npm-format", "format", []string{"format:check", "check:format", "fmt:check", "prettier:check", "format-check"}},
		{"npm-build", "build", []string{"build"}},
	} {
		for _, name := range s.scripts {
			if w.script(name) != "" {
				w.check(s.name, s.kind, w.run(name))
				break
			}
			if w.many && w.nestedScript(name) {
				w.check(s.name, s.kind, w.each(name))
				break
			}
		}
	}
}

// prettier proposes the format check where Prettier is configured and no script does it.
func (w *webProject) prettier() {
	taken := slices.ContainsFunc(w.checks, func(c manifest.Check) bool { return c.Name == named("npm-format", w.dir) })
	configured := len(w.Prettier) > 0 || w.first(w.dir, ".prettierrc", ".prettierrc.json", ".prettierrc.yml", ".prettierrc.yaml", ".prettierrc.js",
		".prettierrc.cjs", ".prettierrc.mjs", ".prettierrc.toml", "prettier.config.js", "prettier.config.cjs", "prettier.config.mjs") != ""
	if !taken && configured && w.depends("prettier") {
		w.check("npm-format", "format", w.tool("prettier", "--check", "."))
	}
}

// nested counts the packages below a folder.
func (d *detector) nested(dir string) int {
	n := 0
	for _, other := range d.roots("package.json") {
		if other != dir && below(other, dir) {
			n++
		}
	}
	return n
}

// nestedScript says whether a package below has a script of that name.
func (w *webProject) nestedScript(name string) bool {
	return slices.ContainsFunc(w.roots("package.json"), func(dir string) bool {
		if dir == w.dir || !below(dir, w.dir) {
			return false
		}
		var p packageJSON
		text := w.content(path.Join(dir, "package.json"))
		return json.Unmarshal([]byte(text), &p) == nil && p.Scripts[name] != "" && !strings.Contains(p.Scripts[name], "no test specified")
	})
}
