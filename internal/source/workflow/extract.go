package workflow

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

type reader struct {
	file   *imports.File
	lines  []string
	places map[string]manifest.Position
	seen   map[[2]string]bool
}

func object(v any, keys ...string) map[string]any {
	m, _ := v.(map[string]any)
	for _, key := range keys {
		m, _ = m[key].(map[string]any)
	}
	return m
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}

// maxName bounds a path, in bytes.
const maxName = 1000

func (r *reader) add(name, exotic string, line int) {
	key := [2]string{name, exotic}
	if name == "" || len(name) > maxName || r.seen[key] {
		return
	}
	r.seen[key] = true
	r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name, Kind: imports.Reference, Line: int32(max(1, line)), Exotic: exotic})
}

func (r *reader) line(pointer string) int { return r.places[pointer].Line }

// document reads a workflow's jobs or an action's runs.
func (r *reader) document(root map[string]any) {
	base := text(object(root, "defaults", "run"), "working-directory")
	r.folder(base, "/defaults/run/working-directory")
	jobs := object(root, "jobs")
	for _, name := range r.ordered(jobs, "/jobs/") {
		if m := object(jobs[name]); m != nil {
			r.job("/jobs/"+manifest.EscapePointer(name), m, base)
		}
	}
	runs := object(root, "runs")
	for _, key := range []string{"main", "pre", "post", "image", "pre-entrypoint", "entrypoint", "post-entrypoint"} {
		if name := text(runs, key); strings.HasPrefix(name, "docker://") {
			r.add(name, outside, r.line("/runs/"+key))
		} else {
			r.add(name, beside, r.line("/runs/"+key))
		}
	}
	r.steps("/runs/steps", runs["steps"], "")
}

// ordered lists keys as they stand in the file: what is used twice has its first line.
func (r *reader) ordered(m map[string]any, at string) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.line(at+manifest.EscapePointer(a)), r.line(at+manifest.EscapePointer(b))), cmp.Compare(a, b))
	})
}

func (r *reader) job(at string, job map[string]any, base string) {
	if own := text(object(job, "defaults", "run"), "working-directory"); own != "" {
		base = own
		r.folder(own, at+"/defaults/run/working-directory")
	}
	r.uses(text(job, "uses"), at+"/uses")
	for _, name := range []string{text(job, "container"), text(object(job, "container"), "image")} {
		r.image(name, at+"/container")
	}
	services := object(job, "services")
	for _, name := range r.ordered(services, at+"/services/") {
		r.image(text(object(services[name]), "image"), at+"/services/"+manifest.EscapePointer(name))
	}
	r.steps(at+"/steps", job["steps"], base)
}

func (r *reader) image(name, at string) {
	if name != "" && !strings.Contains(name, "${{") {
		r.add("docker://"+name, outside, r.line(at))
	}
}

func (r *reader) steps(at string, list any, base string) {
	steps, _ := list.([]any)
	for i := range steps {
		step := object(steps[i])
		here := at + "/" + strconv.Itoa(i)
		dir := base
		if own := text(step, "working-directory"); own != "" {
			dir = own
			r.folder(own, here+"/working-directory")
		}
		r.uses(text(step, "uses"), here+"/uses")
		r.run(text(step, "run"), here+"/run", dir)
	}
}

// uses reads ./path of this repository, owner/name/path@ref of another one, or docker://image.
func (r *reader) uses(name, at string) {
	switch {
	case name == "":
	case strings.Contains(name, "${{"):
		r.file.Open = append(r.file.Open, int32(max(1, r.line(at))))
	case strings.HasPrefix(name, "./") || name == ".":
		r.add(path.Clean(name), "", r.line(at))
	default:
		r.add(name, outside, r.line(at))
	}
}

func (r *reader) folder(dir, at string) {
	if dir != "" && !strings.Contains(dir, "${{") && !path.IsAbs(dir) {
		r.add(path.Clean(dir), folder, r.line(at))
	}
}

// run searches a command for words that may name files. Words of a folder that is computed are looked for from the root.
func (r *reader) run(command, at, dir string) {
	if strings.Contains(dir, "${{") || path.IsAbs(dir) {
		dir = ""
	}
	key := r.line(at)
	below := key > 0 && key <= len(r.lines) && block(r.lines[key-1])
	i := 0
	for line := range strings.SplitSeq(command, "\n") {
		where := key
		if below {
			i++
			where = min(key+i, len(r.lines))
		}
		for _, w := range strings.FieldsFunc(places(line), breaks) {
			r.word(w, dir, where)
		}
	}
}

// block says whether a value stands below its key, line by line.
func block(line string) bool {
	_, value, _ := strings.Cut(line, ":")
	return strings.HasPrefix(strings.TrimSpace(value), "|")
}

// places replaces expressions that stand for folders we know: the action's own becomes @/, the repository's nothing.
func places(line string) string {
	if !strings.Contains(line, "$") {
		return line
	}
	return strings.NewReplacer("${{ github.action_path }}/", "@/", "${{github.action_path}}/", "@/", "$GITHUB_ACTION_PATH/", "@/", "${GITHUB_ACTION_PATH}/", "@/",
		"${{ github.workspace }}/", "./", "${{github.workspace}}/", "./", "$GITHUB_WORKSPACE/", "./", "${GITHUB_WORKSPACE}/", "./").Replace(line)
}

func breaks(c rune) bool { return c <= ' ' || strings.ContainsRune("\"'`;|&()<>=,", c) }

// word keeps what looks like a path: a slash within, or an extension of scripts.
func (r *reader) word(w, dir string, line int) {
	if strings.ContainsAny(w, "$*?[]{}\\:~%!^#") || strings.HasPrefix(w, "/") || strings.HasPrefix(w, "-") {
		return
	}
	if own, ok := strings.CutPrefix(w, "@/"); ok {
		r.add(own, beside, line)
		return
	}
	if strings.Contains(w, "@") || !strings.Contains(strings.Trim(w, "./"), "/") && !strings.HasPrefix(w, "./") && !script(w) {
		return
	}
	r.add(path.Clean(w), word+dir, line)
}

func script(w string) bool {
	switch path.Ext(w) {
	case ".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".ps1", ".go", ".mk", ".bat", ".cmd":
		return len(w) > len(path.Ext(w))
	}
	return false
}
