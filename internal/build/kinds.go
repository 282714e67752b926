package build

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// The places of a build, inside.
const (
	sourcePlace = "/src"
	outPlace    = "/out"
	goCache     = "/cache/go-build"
	scratchGo   = "/tmp/go-build" // where no cache is shown
	toolPlace   = "/toolchain/"   // and the tool's name, for toolchains outside of the system's folders
)

// systemPath is where a build finds the system's programs.
const systemPath = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"

// Complete fills in what a target leaves out, so that provenance states all of it. A mistake that its schema cannot see is an error.
func Complete(t manifest.Build) (manifest.Build, error) {
	t.Component = cmp.Or(t.Component, t.Name)
	t.Directory = path.Clean(cmp.Or(t.Directory, "."))
	t.Timeout = cmp.Or(t.Timeout, "30m")
	t.MemoryMiB = cmp.Or(t.MemoryMiB, 4096)
	if len(t.Outputs) == 0 {
		t.Outputs = []string{"**"}
	}
	if t.Kind == "go" {
		t.Platform = cmp.Or(t.Platform, "linux/"+runtime.GOARCH)
	}
	switch {
	case t.Kind != "go" && (t.Platform != "" || len(t.Packages) > 0):
		return t, fmt.Errorf("build target %s: packages and platform are for kind go", t.Name)
	case len(t.Command) > 0 && len(t.Packages) > 0 && !slices.Equal(t.Command, goCommand(t.Packages)):
		return t, fmt.Errorf("build target %s: name either a command or packages", t.Name)
	case len(t.Command) > 0:
		return t, nil
	}
	switch t.Kind {
	case "go":
		if len(t.Packages) == 0 {
			t.Packages = []string{"."}
		}
		for _, p := range t.Packages {
			if strings.HasPrefix(p, "-") {
				return t, fmt.Errorf("build target %s: %q is no package", t.Name, p)
			}
		}
		t.Command = goCommand(t.Packages)
	case "npm":
		t.Command = []string{`npm run build --if-present && npm pack --ignore-scripts --pack-destination "$OUT"`}
	case "python":
		t.Command = []string{`python3 -m pip wheel --no-deps --no-build-isolation --no-index --no-cache-dir -w "$OUT" .`}
	default:
		return t, fmt.Errorf("build target %s: kind %s needs a command", t.Name, t.Kind)
	}
	return t, nil
}

// goCommand builds main packages so that the same source gives the same bytes everywhere.
func goCommand(packages []string) []string {
	return slices.Concat([]string{"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", outPlace + "/"}, packages)
}

// reserved are the variables that a target cannot set: what they say is true of every build.
var reserved = [...]string{"OUT", "PATH", "HOME", "SOURCE_DATE_EPOCH", "GOCACHE", "GOTOOLCHAIN"}

// environment is the fixed environment of a target, before what dependencies and the place of the build add.
func environment(t manifest.Build, epoch int64) map[string]string {
	env := map[string]string{
		"PATH": systemPath, "HOME": "/tmp", "TMPDIR": "/tmp", "OUT": outPlace, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC", "CI": "1",
		"SOURCE_DATE_EPOCH": fmt.Sprint(epoch),
	}
	switch t.Kind {
	case "go":
		maps.Copy(env, goEnvironment(t))
	case "npm":
		maps.Copy(env, map[string]string{
			"npm_config_offline": "true", "npm_config_cache": "/tmp/npm", "npm_config_audit": "false", "npm_config_fund": "false", "npm_config_update_notifier": "false",
			"NODE_ENV": "production",
		})
	case "python":
		maps.Copy(env, map[string]string{
			"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
		})
	}
	for name, value := range t.Env {
		if !slices.Contains(reserved[:], name) {
			env[name] = value
		}
	}
	return env
}

// goEnvironment makes the go command depend on nothing but its arguments and files.
func goEnvironment(t manifest.Build) map[string]string {
	system, arch, _ := strings.Cut(t.Platform, "/")
	return map[string]string{
		"GOOS": system, "GOARCH": arch, "CGO_ENABLED": "0", "GOENV": "off", "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off",
		"GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "GOCACHE": scratchGo, "GOMODCACHE": "/tmp/go-mod", "GOPATH": "/tmp/go",
	}
}

// checkEnv refuses variables that a target cannot set.
func checkEnv(t manifest.Build) error {
	for _, name := range slices.Sorted(maps.Keys(t.Env)) {
		if slices.Contains(reserved[:], name) || name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(t.Env[name], "\x00") {
			return fmt.Errorf("build target %s: env cannot set %q", t.Name, name)
		}
	}
	return nil
}

// tools are the programs that a target's provenance names.
func tools(t manifest.Build) []string {
	var own []string
	switch t.Kind {
	case "go":
		own = []string{"go"}
	case "npm":
		own = []string{"node", "npm"}
	case "python":
		own = []string{"python3"}
	}
	all := slices.Concat(own, t.Tools)
	slices.Sort(all)
	return slices.Compact(all)
}

// list is an environment as programs get it, sorted.
func list(env map[string]string) []string {
	out := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
