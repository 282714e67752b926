package git

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/exectest"
)

// plant is a setting of a repository, as an agent could leave it behind, that makes git run a program.
type plant struct {
	name   string
	config [][2]string       // CANARY is replaced by a program that leaves a mark, HOOKS by a folder of such hooks
	files  map[string]string // likewise
	lazy   bool              // needs a partial clone
	inSub  bool              // lies in the configuration of a submodule
	live   []string          // the plain git command that proves the plant to work; BLOB is one that is missing
}

// plants lists what is known to run.
var plants = []plant{
	{name: "fsmonitor", config: [][2]string{{"core.fsmonitor", "CANARY"}}, live: []string{"status"}},
	{name: "hooks", config: [][2]string{{"core.hooksPath", "HOOKS"}}, live: []string{"checkout", "-q", "--detach"}},
	{name: "external diff", config: [][2]string{{"diff.external", "CANARY"}}, live: []string{"diff", "main", "side"}},
	{name: "diff driver", config: [][2]string{{"diff.x.command", "CANARY"}}, files: map[string]string{".gitattributes": "* diff=x\n"}, live: []string{"diff", "main", "side"}},
	{name: "textconv", config: [][2]string{{"diff.x.textconv", "CANARY"}}, files: map[string]string{".gitattributes": "* diff=x\n"}, live: []string{"diff", "main", "side"}},
	{name: "clean filter", config: [][2]string{{"filter.x.clean", "CANARY"}}, files: map[string]string{".gitattributes": "* filter=x\n"}, live: []string{"add", "-A"}},
	{name: "smudge filter", config: [][2]string{{"filter.x.smudge", "CANARY"}, {"filter.x.required", "true"}}, files: map[string]string{".git/info/attributes": "* filter=x\n"}, live: []string{"checkout", "-q", "-f", "side"}},
	{name: "process filter", config: [][2]string{{"filter.x.process", "CANARY"}}, files: map[string]string{".git/info/attributes": "* filter=x\n"}, live: []string{"checkout", "-q", "-f", "side"}},
	{name: "merge driver", config: [][2]string{{"merge.x.driver", "CANARY"}}, files: map[string]string{".git/info/attributes": "* merge=x\n"}, live: []string{"merge-tree", "--write-tree", "main", "side"}},
	{name: "default merge driver", config: [][2]string{{"merge.x.driver", "CANARY"}, {"merge.default", "x"}}, live: []string{"merge-tree", "--write-tree", "main", "side"}},
	{name: "signature", config: [][2]string{{"log.showSignature", "true"}, {"gpg.program", "CANARY"}}, live: []string{"log", "-1", "signed"}},
	{name: "alias", config: [][2]string{{"alias.zz", "!CANARY"}, {"alias.log", "!CANARY"}, {"alias.cat-file", "!CANARY"}}, live: []string{"zz"}},
	{name: "include", config: [][2]string{{"include.path", "evil-config"}}, files: map[string]string{".git/evil-config": "[core]\n\tfsmonitor = CANARY\n[diff]\n\texternal = CANARY\n"}, live: []string{"status"}},
	{name: "promisor over ext", lazy: true, config: [][2]string{{"remote.origin.url", "ext::CANARY"}, {"protocol.ext.allow", "always"}}, live: []string{"cat-file", "-e", "BLOB"}},
	{name: "promisor over ssh", lazy: true, config: [][2]string{{"remote.origin.url", "ssh://host.invalid/x"}, {"core.sshCommand", "CANARY"}, {"protocol.ssh.allow", "always"}}, live: []string{"cat-file", "-e", "BLOB"}},
	{name: "promisor with a helper", lazy: true, config: [][2]string{{"remote.origin.vcs", "ext"}, {"remote.origin.url", "CANARY"}, {"protocol.ext.allow", "always"}}, live: []string{"cat-file", "-e", "BLOB"}},
	{name: "promisor over file", lazy: true, config: [][2]string{{"remote.origin.uploadpack", "CANARY"}, {"protocol.file.allow", "always"}}, live: []string{"cat-file", "-e", "BLOB"}},
	{name: "promisor over git proxy", lazy: true, config: [][2]string{{"remote.origin.url", "git://host.invalid/x"}, {"core.gitProxy", "CANARY"}, {"protocol.git.allow", "always"}}, live: []string{"cat-file", "-e", "BLOB"}},
	{name: "fsmonitor of a submodule", inSub: true, config: [][2]string{{"core.fsmonitor", "CANARY"}}, live: []string{"status"}},
	{name: "filter of a submodule", inSub: true, config: [][2]string{{"filter.x.clean", "CANARY"}}, files: map[string]string{"lib/.gitattributes": "* filter=x\n"}, live: []string{"status"}},
}

// arm builds a repository with the plant and returns it with the file whose existence is the mark.
func (p plant) arm(t *testing.T) (f *fixture, main, side OID, mark string) {
	t.Helper()
	f = newFixture(t)
	main, side = f.fork([]string{"f", lines(40, nil), "g", "g\n"}, []string{"f", lines(40, map[int]string{2: "m"})}, []string{"f", lines(40, map[int]string{3: "s"}), "g", "gg\n"})
	f.sign()
	if p.lazy {
		f = partial(f)
	}
	if p.inSub {
		lib := newFixture(t)
		lib.commit("lib", "f", "1\n")
		f.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.dir, "lib")
		main = f.commit("sub")
	}
	mark = filepath.Join(realTemp(t), "mark")
	canary := filepath.Join(realTemp(t), "canary")
	script := "#!/bin/sh\necho \"$0 $*\" >> '" + mark + "'\nexit 1\n"
	must[struct{}](t)(struct{}{}, exectest.WriteFile(canary, []byte(script), 0o755))
	hooks := filepath.Join(realTemp(t), "hooks")
	must[struct{}](t)(struct{}{}, os.Mkdir(hooks, 0o755))
	for _, hook := range []string{"post-checkout", "pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman", "post-merge"} {
		must[struct{}](t)(struct{}{}, exectest.WriteFile(filepath.Join(hooks, hook), []byte(script), 0o755))
	}
	fill := strings.NewReplacer("CANARY", canary, "HOOKS", hooks)
	for name, text := range p.files {
		f.write(name, fill.Replace(text))
	}
	owner := f
	if p.inSub {
		owner = f.at(f.path("lib"))
		owner.write("f", "2\n") // something to look at: same size, other content
	}
	for _, setting := range p.config {
		owner.git("config", setting[0], fill.Replace(setting[1]))
	}
	f.write("new", "n\n")
	return f, main, side, mark
}

// sign makes a commit that carries a signature nobody made.
func (f *fixture) sign() {
	f.t.Helper()
	text := f.git("cat-file", "commit", "main")
	head, message, _ := strings.Cut(text, "\n\n")
	id := f.gitIn(head+"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"+message+"\n", "hash-object", "-t", "commit", "-w", "--stdin")
	f.git("branch", "signed", id)
}

func fired(mark string) bool {
	_, err := os.Stat(mark)
	return err == nil
}

// TestHostileConfiguration makes every call on repositories that are full of traps. Each trap is first left alone, then
// proven to be live with plain git.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			f, main, side, mark := p.arm(t)
			everything(t, f.open(), main, side)
			if fired(mark) {
				data, _ := os.ReadFile(mark)
				t.Fatalf("a program ran: %s", data)
			}
			live := p.live
			if live[len(live)-1] == "BLOB" {
				live = append(slices.Clone(live[:len(live)-1]), f.git("rev-parse", "origin/side:g"))
			}
			_ = f.command(live...).Run() // it may fail: the canary does
			if !fired(mark) {
				t.Errorf("git %q does not run the program either: the test proves nothing", live)
			}
		})
	}
}

// TestGuardsAreNeeded makes the same calls with the private GIT_DIR replaced by the repository's own and the environment by
// a user's. The traps that lie on these calls' way must then snap; if they do not, TestHostileConfiguration proves nothing.
func TestGuardsAreNeeded(t *testing.T) {
	t.Parallel()
	needed := []string{"fsmonitor", "clean filter", "smudge filter", "process filter", "merge driver", "default merge driver",
		"promisor over ext", "promisor over ssh", "promisor with a helper", "promisor over file", "promisor over git proxy", "include"}
	for _, p := range plants {
		if !slices.Contains(needed, p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			f, main, side, mark := p.arm(t)
			r := f.open()
			unguarded := append(testEnv(f.home), "GIT_DIR="+r.gitDir)
			r.privateEnv, r.refEnv = unguarded, unguarded
			rewire(r, f.dir)
			everything(t, r, main, side)
			if !fired(mark) {
				t.Error("nothing ran without the guards")
			}
		})
	}
}

// rewire gives a repository readers of its present environments, started in dir where one is named. Those that it opened with are closed:
// one may be warm already.
func rewire(r *Repo, dir string) {
	for _, pool := range []struct {
		at   **pool
		call call
	}{{&r.objectPool, r.private(readerArgs...)}, {&r.refPool, r.refs(readerArgs...)}} {
		(*pool.at).close()
		if dir != "" {
			pool.call.dir = dir
		}
		*pool.at = newPool(pool.call)
	}
}

// TestTransportsAreClosed takes away GIT_NO_LAZY_FETCH, which git before 2.39.4 does not know: the transports must do alone.
func TestTransportsAreClosed(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		if !p.lazy {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			f, main, side, mark := p.arm(t)
			r := f.open()
			old := func(v string) bool { return strings.HasPrefix(v, "GIT_NO_LAZY_FETCH=") }
			r.refEnv = slices.DeleteFunc(slices.Clone(r.refEnv), old)
			r.privateEnv = slices.DeleteFunc(slices.Clone(r.privateEnv), old)
			rewire(r, "")
			everything(t, r, main, side)
			if fired(mark) {
				t.Error("a program ran")
			}
		})
	}
}

// TestForeignWorktree has core.worktree pointing to another folder: neither its files nor its attributes are read.
func TestForeignWorktree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	secret := realTemp(t)
	must[struct{}](t)(struct{}{}, os.WriteFile(filepath.Join(secret, "secret"), []byte("s"), 0o600))
	f.write("new", "n\n")
	f.git("config", "core.worktree", secret)
	r := f.open()
	if r.Root() != f.dir {
		t.Errorf("root %q", r.Root())
	}
	f.git("config", "core.worktree", "../no/where") // git would go there and fail
	head := must[OID](t)(r.Resolve(t.Context(), "HEAD"))
	snap := must[OID](t)(r.Snapshot(t.Context(), Worktree))
	equal(t, brief(must[[]FileChange](t)(r.Diff(t.Context(), head, snap, DiffOptions{}))), []string{`A "new" +1 -0`})
}

// TestEnvironmentIsCleared sets the variables that lead git elsewhere.
func TestEnvironmentIsCleared(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "f", "1\n")
	mark := filepath.Join(realTemp(t), "mark")
	canary := filepath.Join(realTemp(t), "canary")
	must[struct{}](t)(struct{}{}, exectest.WriteFile(canary, []byte("#!/bin/sh\ntouch '"+mark+"'\n"), 0o755))
	environ := append(testEnv(f.home), "GIT_DIR=/nowhere", "GIT_WORK_TREE=/nowhere", "GIT_INDEX_FILE=/nowhere", "GIT_OBJECT_DIRECTORY=/nowhere",
		"GIT_EXTERNAL_DIFF="+canary, "GIT_SSH_COMMAND="+canary, "GIT_PAGER="+canary, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.fsmonitor", "GIT_CONFIG_VALUE_0="+canary,
		"GIT_CONFIG_PARAMETERS='core.fsmonitor="+canary+"'", "GIT_TRACE=/"+mark, "GIT_TRACE2="+mark, "GIT_ICASE_PATHSPECS=1", "GIT_DIFF_OPTS=-u9", "GIT_REPLACE_REF_BASE=refs/heads",
		"GIT_NAMESPACE=x", "GIT_CEILING_DIRECTORIES=/nowhere", "LD_PRELOAD=/nowhere")
	r, err := open(t.Context(), f.dir, environ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	everything(t, r, head, head)
	must[OID](t)(r.Snapshot(t.Context(), Worktree))
	if fired(mark) {
		t.Error("a variable had an effect")
	}
}

// TestConfigIsNotTrustedForValues looks at which settings of the user reach the commands that read the working tree.
func TestConfigIsNotTrustedForValues(t *testing.T) {
	t.Parallel()
	records := []string{"local", "core.autocrlf\ntrue; rm", "local", "core.excludesfile\n/etc/passwd", "local", "core.fsmonitor\n/x", "global", "core.excludesfile\n/home/ignore",
		"local", "core.filemode", "worktree", "core.eol\nlf", "odd"}
	got := chooseSettings(records, "/default")
	want := [][2]string{{"core.safecrlf", "false"}, {"core.filemode", "true"}, {"core.eol", "lf"}, {"core.excludesFile", "/home/ignore"}}
	if !slices.Equal(got, want) {
		t.Errorf("chose %q", got)
	}
}
