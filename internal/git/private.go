package git

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// privateConfig is the whole configuration that objects are read, compared and merged with. Every setting that could
// change a result is here, so that no default of a newer git can.
const privateConfig = `[core]
	repositoryFormatVersion = %d
	bare = true
	logAllRefUpdates = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	fsmonitor = false
	untrackedCache = false
	protectHFS = true
	protectNTFS = true
	bigFileThreshold = 32m
	looseCompression = 1
	fsync = none
	longPaths = true
	quotePath = true
[diff]
	renames = true
	renameLimit = 3000
	algorithm = histogram
	indentHeuristic = true
	noPrefix = false
	mnemonicPrefix = false
	ignoreSubmodules = dirty
[merge]
	renames = true
	renameLimit = 7000
	directoryRenames = conflict
	conflictStyle = merge
	renormalize = false
[attr]
	tree =
[protocol]
	allow = never
[submodule]
	recurse = false
[gc]
	auto = 0
[maintenance]
	auto = false
[pack]
	writeReverseIndex = false
`

func (r *Repo) privateDir() string     { return filepath.Join(r.temp, "git") }
func (r *Repo) privateObjects() string { return filepath.Join(r.privateDir(), "objects") }

// makePrivate writes the private GIT_DIR: a bare repository without refs that borrows all objects.
func (r *Repo) makePrivate() error {
	sweepLeft(os.TempDir(), time.Now().Add(-leftAge))
	temp, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return err
	}
	if r.temp, err = filepath.EvalSymlinks(temp); err != nil {
		return err
	}
	if r.claim, err = claim(r.temp); err != nil {
		return err
	}
	dir := r.privateDir()
	for _, sub := range []string{"", "objects", "refs"} { // all that git insists on: folders take time
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	files := map[string]string{
		"HEAD":   "ref: refs/heads/none\n",
		"config": configFor(r.format),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return r.copyShallow()
}

func configFor(format string) string {
	if format == "sha256" {
		return fmt.Sprintf(privateConfig, 1) + "[extensions]\n\tobjectFormat = sha256\n"
	}
	return fmt.Sprintf(privateConfig, 0)
}

// copyShallow takes the ends of a shallow history over.
func (r *Repo) copyShallow() error {
	data, err := os.ReadFile(filepath.Join(r.commonDir, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.boundary = map[OID]bool{}
	for _, line := range bytes.Fields(data) {
		r.boundary[OID(line)] = true
	}
	return os.WriteFile(filepath.Join(r.privateDir(), "shallow"), data, 0o600)
}

// quoteList joins paths the way GIT_ALTERNATE_OBJECT_DIRECTORIES wants odd ones: as C strings.
func quoteList(paths []string, separator string) string {
	quoted := make([]string, len(paths))
	for i, path := range paths {
		quoted[i] = quoteC(filepath.ToSlash(path))
	}
	return strings.Join(quoted, separator)
}

func quoteC(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// passed names the variables that a child may inherit. Windows needs the second line to start programs.
var passed = []string{"PATH",
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT"}

// trusted names the variables through which the user's own configuration is found, for discovery.
var trusted = []string{"HOME", "XDG_CONFIG_HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "PROGRAMDATA", "SUDO_UID",
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"}

// harmless is set for every child.
var harmless = []string{"LC_ALL=C", "LANGUAGE=", "TZ=UTC", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0",
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_ATTR_NOSYSTEM=1",
	"GIT_LITERAL_PATHSPECS=1", "GIT_PAGER=cat", "GIT_ADVICE=0", "GIT_MERGE_AUTOEDIT=no"}

func pick(environ, names []string) []string {
	var out []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(names, name) || filepath.Separator == '\\' && slices.Contains(names, strings.ToUpper(name)) {
			out = append(out, pair)
		}
	}
	return out
}

// userEnv is for the commands that only look at configuration, the user's included.
func userEnv(environ []string) []string {
	return slices.Concat(pick(environ, passed), pick(environ, trusted), harmless)
}

// baseEnv is for all other commands: nothing of the user's or the machine's configuration reaches them.
func baseEnv(environ []string, temp string) []string {
	return slices.Concat(pick(environ, passed), harmless, []string{
		"HOME=" + temp, "XDG_CONFIG_HOME=" + temp, "TMPDIR=" + temp, "TMP=" + temp, "TEMP=" + temp,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
	})
}

// overrides neutralises what the repository's own configuration could make git run while it reads refs.
var overrides = [][2]string{
	{"core.hooksPath", "/dev/null"},
	{"core.fsmonitor", "false"},
	{"core.attributesFile", "/dev/null"},
	{"core.excludesFile", "/dev/null"},
	{"core.sshCommand", "false"},
	{"core.gitProxy", "false"},
	{"core.askPass", "false"},
	{"core.editor", "false"},
	{"core.pager", "cat"},
	{"core.alternateRefsCommand", "false"},
	{"credential.helper", ""},
	{"diff.external", ""},
	{"gpg.program", "false"},
	{"gpg.ssh.program", "false"},
	{"log.showSignature", "false"},
	{"protocol.allow", "never"},
	{"submodule.recurse", "false"},
	{"uploadpack.packObjectsHook", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
}

// refSettings points a child at the repository itself, with its configuration overridden, a working tree that is empty,
// and the private objects within reach.
func (r *Repo) refSettings() []string {
	env := []string{"GIT_DIR=" + r.gitDir, "GIT_WORK_TREE=" + r.temp,
		alternates(append([]string{r.privateObjects()}, r.objects[1:]...)...)}
	return append(env, settings(overrides)...)
}

// alternates lets a child read objects of other stores.
func alternates(objects ...string) string {
	return "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + quoteList(objects, string(filepath.ListSeparator))
}

// settings encodes configuration for the environment.
func settings(pairs [][2]string) []string {
	env := []string{"GIT_CONFIG_COUNT=" + strconv.Itoa(len(pairs))}
	for i, pair := range pairs {
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+pair[0], "GIT_CONFIG_VALUE_"+n+"="+pair[1])
	}
	return env
}
