package check

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/adamant-os/adamant/internal/manifest"
)

// pyproject is what Detect reads of a pyproject.toml.
type pyproject struct {
	Build struct {
		Requires []string `toml:"requires"`
		Backend  string   `toml:"build-backend"`
	} `toml:"build-system"`
	Project struct {
		Name     string              `toml:"name"`
		Optional map[string][]string `toml:"optional-dependencies"`
	} `toml:"project"`
	Groups map[string]any `toml:"dependency-groups"`
	Tool   map[string]any `toml:"tool"`
}

// python proposes pytest, ruff and black where they are configured.
func (d *detector) python() {
	var projects []string // folders of projects that answer for what is below
	for _, dir := range d.pythonRoots() {
		if slices.ContainsFunc(projects, func(root string) bool { return below(dir, root) }) {
			continue
		}
		p := &pythonProject{detector: d, dir: dir}
		file := path.Join(dir, "pyproject.toml")
		if err := toml.Unmarshal([]byte(d.content(file)), &p.pyproject); err != nil {
			d.note(file, "cannot be understood, so nothing was detected from it: "+err.Error())
			continue
		}
		if p.onItsOwn() {
			projects = append(projects, dir)
			p.pytest()
		}
		p.ruff()
		p.black()
	}
}

// pythonRoots are folders that may hold a Python project, outer ones first.
func (d *detector) pythonRoots() []string {
	var dirs []string
	for _, name := range []string{"pyproject.toml", "setup.py", "setup.cfg", "pytest.ini", "tox.ini", "requirements.txt", "Pipfile"} {
		dirs = append(dirs, d.roots(name)...)
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(cmp.Compare(depth(a), depth(b)), cmp.Compare(a, b)) })
	return slices.Compact(dirs)
}

func depth(dir string) int {
	if dir == "." {
		return 0
	}
	return 1 + strings.Count(dir, "/")
}

// onItsOwn says whether a folder is a project: it can be installed, configures pytest, or there is none below it. Else it
// only configures tools for the projects below.
func (p *pythonProject) onItsOwn() bool {
	if p.isPackage() || p.Project.Name != "" || p.tool("poetry") || p.configuresPytest() {
		return true
	}
	return !slices.ContainsFunc(p.pythonRoots(), func(dir string) bool {
		return dir != p.dir && below(dir, p.dir) && p.first(dir, "pyproject.toml", "setup.py", "setup.cfg", "pytest.ini") != ""
	})
}

// pythonProject is one outermost Python project.
type pythonProject struct {
	*detector
	pyproject
	dir string
}

func (p *pythonProject) file(name string) string { return path.Join(p.dir, name) }

func (p *pythonProject) tool(name string) bool { _, ok := p.Tool[name]; return ok }

// pytest proposes the tests where pytest is configured, or where there are files that only it would find.
func (p *pythonProject) pytest() {
	if !p.usesPytest() {
		if p.first(p.dir, "tox.ini", "noxfile.py") != "" {
			p.note(p.file(p.first(p.dir, "tox.ini", "noxfile.py")), "no pytest configuration or tests seen: declare how tests are run (docs/checks.md)")
		}
		return
	}
	setup, install, ok := p.environment()
	if !ok {
		return
	}
	command := install + ".venv/bin/python -m pytest --junitxml=" + junitFile
	reports := []manifest.Report{{Format: "junit", Path: p.file(junitFile)}}
	if p.mentions("pytest-cov") {
		command += " --cov --cov-report=xml:adamant-coverage.xml"
		reports = append(reports, manifest.Report{Format: "cobertura", Path: p.file("adamant-coverage.xml")})
	}
	c := p.check("python-unit", "unit", command, setup)
	c.Reports = reports
	p.add(c)
}

func (p *pythonProject) check(name, kind, command string, setup []string) manifest.Check {
	return manifest.Check{
		Name: named(name, p.dir), Kind: kind, Directory: directory(p.dir), Command: []string{command}, Setup: setup, Env: p.env(),
		SetupInputs: anchoredIn(p.dir, "pyproject.toml", "setup.py", "setup.cfg", "uv.lock", "poetry.lock", "*requirements*.txt", "requirements/**"),
	}
}

// env lets packages that take their version from git be installed without one.
func (p *pythonProject) env() map[string]string {
	for _, tool := range []string{"setuptools_scm", "setuptools-scm", "hatch-vcs", "hatch_vcs"} {
		if p.mentions(tool) {
			return map[string]string{"SETUPTOOLS_SCM_PRETEND_VERSION": "0.0.0"}
		}
	}
	return nil
}

func (p *pythonProject) configuresPytest() bool {
	return p.has(p.dir, "pytest.ini") || p.tool("pytest") || strings.Contains(p.content(p.file("setup.cfg")), "[tool:pytest]") ||
		strings.Contains(p.content(p.file("tox.ini")), "[pytest]") || p.has(p.dir, "conftest.py")
}

func (p *pythonProject) usesPytest() bool {
	return p.configuresPytest() || slices.ContainsFunc(p.files, func(file string) bool {
		base := path.Base(file)
		return below(file, p.dir) && !aside(path.Dir(file)) && (strings.HasPrefix(base, "test_") && strings.HasSuffix(base, ".py") ||
			strings.HasSuffix(base, "_test.py") || base == "conftest.py")
	})
}

// environment is how a virtual environment with everything but the project itself is made, and how the project of the
// merged tree is put into it: without network, so that no copy of base's source is ever what gets tested.
func (p *pythonProject) environment() (setup []string, install string, ok bool) {
	const pip = ".venv/bin/python -m pip install -q "
	tools := p.tools()
	const local = "--no-deps --no-build-isolation -e . && "
	switch {
	case p.has(p.dir, "uv.lock"):
		setup = []string{"uv sync -q --frozen --all-groups --all-extras --no-install-project", "uv pip install -q " + tools}
		install = "uv pip install -q --offline " + local
	case p.has(p.dir, "poetry.lock"):
		setup = []string{"POETRY_VIRTUALENVS_IN_PROJECT=true poetry install --no-interaction --no-root", pip + tools}
		install = pip + "--no-index " + local
	case p.has(p.dir, "Pipfile"):
		p.note(p.file("Pipfile"), "Pipenv is not run: declare the tests under checks in .adamant/adamant.yaml (docs/checks.md)")
		return nil, "", false
	default:
		setup = []string{"python3 -m venv .venv", pip + tools + p.requirements()}
		install = pip + "--no-index " + local
	}
	if !p.isPackage() {
		install = ""
	}
	return setup, install, true
}

// isPackage says whether the project can be installed.
func (p *pythonProject) isPackage() bool {
	if p.tool("uv") {
		if uv, ok := p.Tool["uv"].(map[string]any); ok && uv["package"] == false {
			return false
		}
	}
	if poetry, ok := p.Tool["poetry"].(map[string]any); ok && poetry["package-mode"] == false {
		return false
	}
	return p.has(p.dir, "setup.py") || p.Build.Backend != "" || len(p.Build.Requires) > 0 ||
		p.Project.Name != "" && !p.has(p.dir, "uv.lock") || strings.Contains(p.content(p.file("setup.cfg")), "[metadata]")
}

// tools are what has to be in the environment to install the project without network, and pytest, quoted for the shell.
func (p *pythonProject) tools() string {
	all := slices.Clone(p.Build.Requires)
	for _, name := range []string{"editables", "pytest", "setuptools", "wheel"} {
		if !slices.ContainsFunc(all, func(r string) bool { return strings.HasPrefix(r, name) }) {
			all = append(all, name)
		}
	}
	for i := range all {
		all[i] = quote(all[i])
	}
	return strings.Join(all, " ")
}

// requirements are pip's arguments for what the project and its tests depend on.
func (p *pythonProject) requirements() string {
	var out strings.Builder
	for _, file := range p.files {
		if path.Dir(file) == p.dir && testRequirements(path.Base(file)) || path.Dir(file) == p.file("requirements") && strings.HasSuffix(file, ".txt") && testRequirements("requirements-"+path.Base(file)) {
			rel := strings.TrimPrefix(file, p.dir+"/")
			out.WriteString(" -r " + quote(rel))
		}
	}
	if p.isPackage() {
		out.WriteString(" " + quote("."+p.extras()))
	}
	return out.String()
}

// testRequirements says whether a requirements file is one that tests need.
func testRequirements(name string) bool {
	return slices.Contains([]string{
		"requirements.txt", "requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt", "requirements-test.txt", "requirements-tests.txt",
		"requirements_test.txt", "test-requirements.txt", "requirements-testing.txt", "requirements-base.txt", "requirements-requirements.txt",
	}, name)
}

// extras are the optional dependencies that tests usually hide in.
func (p *pythonProject) extras() string {
	var found []string
	for _, name := range []string{"dev", "test", "testing", "tests"} {
		if _, ok := p.Project.Optional[name]; ok {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return "[" + strings.Join(found, ",") + "]"
}

// ruff proposes lint and format checks where Ruff is configured.
func (p *pythonProject) ruff() {
	if !p.tool("ruff") && p.first(p.dir, "ruff.toml", ".ruff.toml") == "" {
		return
	}
	setup := []string{"python3 -m venv .venv", ".venv/bin/python -m pip install -q " + p.pinned("ruff")}
	lint := p.check("python-lint", "lint", ".venv/bin/python -m ruff check --output-format=json --output-file=adamant-ruff.json .", setup)
	lint.Reports = []manifest.Report{{Format: "ruff", Path: p.file("adamant-ruff.json")}}
	p.add(lint)
	ruff, _ := p.Tool["ruff"].(map[string]any)
	if _, formats := ruff["format"]; formats || p.mentions("ruff-format") {
		p.add(p.check("python-format", "format", ".venv/bin/python -m ruff format --check .", setup))
	}
}

// black proposes the format check where Black is configured.
func (p *pythonProject) black() {
	taken := slices.ContainsFunc(p.checks, func(c manifest.Check) bool { return c.Name == named("python-format", p.dir) })
	if p.tool("black") && !taken {
		setup := []string{"python3 -m venv .venv", ".venv/bin/python -m pip install -q " + p.pinned("black")}
		p.add(p.check("python-format", "format", ".venv/bin/python -m black --check .", setup))
	}
}

// dependencyFiles are where a Python project names what it uses.
var dependencyFiles = [...]string{
	"pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "requirements.txt", "requirements-dev.txt", "requirements-test.txt", "requirements_dev.txt",
	"dev-requirements.txt", "test-requirements.txt", "requirements/dev.txt", "requirements/test.txt", "requirements/tests.txt", ".pre-commit-config.yaml",
}

// mentions says whether one of the project's dependency files names something.
func (p *pythonProject) mentions(name string) bool {
	return slices.ContainsFunc(dependencyFiles[:], func(file string) bool { return strings.Contains(p.content(p.file(file)), name) })
}

var pin = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b([a-z][a-z0-9-]*)==([0-9][0-9A-Za-z.]*)`) })

// pinned is a tool with the version that the project pins, if it does.
func (p *pythonProject) pinned(tool string) string {
	for _, file := range dependencyFiles {
		for _, m := range pin().FindAllStringSubmatch(p.content(p.file(file)), -1) {
			if m[1] == tool {
				return tool + "==" + m[2]
			}
		}
	}
	p.note(p.file("pyproject.toml"), tool+" is not pinned: the newest version is installed whenever setup runs again; pin it")
	return tool
}

// quote makes a word for sh.
func quote(word string) string {
	if !strings.ContainsFunc(word, func(r rune) bool { return !wordRune(r) && !strings.ContainsRune("/=[],+:@%", r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
