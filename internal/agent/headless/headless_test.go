package headless

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/exectest"
)

// machine is a folder with programs; its bin folder is all of PATH besides sh's.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, file)
		} else {
			err = exectest.WriteFile(file, []byte(text), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "bin")+":/usr/bin:/bin")
	return dir
}

func TestFind(t *testing.T) {
	const binary = "\x7fELF"
	for name, c := range map[string]struct {
		files  map[string]string
		argv   []string
		mounts []agent.Mount // sources below the machine's folder
	}{
		"a binary, linked": {
			files:  map[string]string{"bin/tool": "-> ../share/tool/versions/1.2.3", "share/tool/versions/1.2.3": binary},
			argv:   []string{"/opt/agents/cli/1.2.3"},
			mounts: []agent.Mount{{Source: "share/tool/versions/1.2.3", Target: "/opt/agents/cli/1.2.3"}},
		},
		"a package of npm, with a Node of the user's": {
			files: map[string]string{"bin/tool": "-> ../lib/node_modules/@some/tool/bin/x.js", "lib/node_modules/@some/tool/bin/x.js": "#!/usr/bin/env node\n", "bin/node": "-> ../node22/bin/node", "node22/bin/node": binary},
			argv:  []string{"/opt/agents/node/node", "/opt/agents/cli/node_modules/@some/tool/bin/x.js"},
			mounts: []agent.Mount{
				{Source: "lib/node_modules", Target: "/opt/agents/cli/node_modules"}, {Source: "node22/bin/node", Target: "/opt/agents/node/node"}},
		},
		"a package in another one's": {
			files:  map[string]string{"bin/tool": "-> ../node_modules/a/node_modules/b/tool", "node_modules/a/node_modules/b/tool": binary},
			argv:   []string{"/opt/agents/cli/node_modules/a/node_modules/b/tool"},
			mounts: []agent.Mount{{Source: "node_modules", Target: "/opt/agents/cli/node_modules"}},
		},
		"a package of pnpm, whose dependencies are beside it": {
			files:  map[string]string{"bin/tool": "-> ../g/.pnpm/tool@1/node_modules/tool/x", "g/.pnpm/tool@1/node_modules/tool/x": binary},
			argv:   []string{"/opt/agents/cli/.pnpm/tool@1/node_modules/tool/x"},
			mounts: []agent.Mount{{Source: "g/.pnpm", Target: "/opt/agents/cli/.pnpm"}},
		},
		"a script of the system's shell": {
			files:  map[string]string{"bin/tool": "#!/bin/sh -e\nexit\n"},
			argv:   []string{"SH", "/opt/agents/cli/tool"},
			mounts: []agent.Mount{{Source: "bin/tool", Target: "/opt/agents/cli/tool"}},
		},
		"env with options": {
			files:  map[string]string{"bin/tool": "#!/usr/bin/env -S A=b sh\n"},
			argv:   []string{"SH", "/opt/agents/cli/tool"},
			mounts: []agent.Mount{{Source: "bin/tool", Target: "/opt/agents/cli/tool"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := machine(t, c.files)
			p, err := Find("tool")
			if err != nil {
				t.Fatal(err)
			}
			sh, err := filepath.EvalSymlinks("/bin/sh")
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.argv {
				c.argv[i] = strings.ReplaceAll(c.argv[i], "SH", sh)
			}
			for i := range c.mounts {
				c.mounts[i].Source = filepath.Join(dir, c.mounts[i].Source)
			}
			if !slices.Equal(p.Argv, c.argv) || !slices.Equal(p.Mounts, c.mounts) {
				t.Errorf("argv %q\nmounts %+v", p.Argv, p.Mounts)
			}
		})
	}
}

func TestFindOfTheSystem(t *testing.T) {
	t.Parallel()
	p, err := Find("/bin/sh")
	if err != nil || len(p.Mounts) != 0 || len(p.Argv) != 1 || !strings.HasPrefix(p.Argv[0], "/") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestFindNothing(t *testing.T) {
	machine(t, map[string]string{"bin/orphan": "#!/usr/bin/env no-such-interpreter\n", "bin/empty": "#!\n"})
	_, err := Find("no-such-tool")
	var missing *NotInstalledError
	if !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
	if _, err := Find("orphan"); err == nil || !strings.Contains(err.Error(), "no-such-interpreter, which runs it, is not installed") {
		t.Errorf("%v", err)
	}
	if _, err := Find("empty"); err == nil || !strings.Contains(err.Error(), "names no interpreter") {
		t.Errorf("%v", err)
	}
}

func TestInstallation(t *testing.T) {
	dir := machine(t, map[string]string{
		"bin/asked":    "#!/bin/sh\ntest -d \"$HOME\" && echo \"tool v1.4.0-rc.1 (beside $HOME)\"\n",
		"bin/packaged": "-> ../node_modules/@a/packaged/dist/x", "node_modules/@a/packaged/dist/x": "#!/bin/sh\nexit 1\n",
		"node_modules/@a/packaged/package.json": `{"name":"@a/packaged","version":"9.8.7"}`, "node_modules/@a/packaged/dist/package.json": `{"type":"module"}`,
		"bin/broken": "#!/bin/sh\nexit 3\n",
	})
	for name, want := range map[string]string{"asked": "1.4.0-rc.1", "packaged": "9.8.7"} {
		cli := CLI{Name: name, Command: name, Package: "@a/" + name, Tested: []string{"1.0.0", "1.1.0"}}
		found, err := cli.Installation(t.Context(), nil)
		if err != nil || found.Version != want || !strings.HasPrefix(found.Program, dir) || found.Install != "npm install -g @a/"+name+"@1.1.0" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	broken := CLI{Name: "broken", Command: "broken", Package: "b", Tested: []string{"1.0.0"}}
	if err := broken.Doctor(t.Context()); err == nil || !strings.Contains(err.Error(), "for its version") {
		t.Errorf("%v", err)
	}
	absent := CLI{Name: "absent", Command: "no-such-tool", Package: "b", Tested: []string{"1.0.0"}}
	if err := absent.Doctor(t.Context()); err == nil || !strings.Contains(err.Error(), "install it with `npm install -g b@1.0.0`") {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	table := []ToolName{{"read", "Read"}, {"list", "Glob"}, {"search", "Glob"}, {"run", "Bash"}}
	if got := Names(nil, table); !slices.Equal(got, []string{"Read", "Glob", "Bash"}) {
		t.Errorf("%q", got)
	}
	if got := Names([]string{"search", "finish"}, table); !slices.Equal(got, []string{"Glob"}) {
		t.Errorf("%q", got)
	}
}
