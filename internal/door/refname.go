package door

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/kernel"
)

const refNameLimit = 200 // bytes; file systems end at 255 for one part

// refProblem says what is wrong with a full reference name, by the rules of git check-ref-format(1) and two of our own: valid
// UTF-8 without invisible characters, and no more than 200 bytes. It is empty for a good name.
func refProblem(name string) string {
	switch {
	case !strings.HasPrefix(name, "refs/"):
		return "does not begin with refs/"
	case len(name) > refNameLimit:
		return "is longer than 200 bytes"
	case !utf8.ValidString(name) || strings.ContainsFunc(name, hidden):
		return "holds characters that cannot be seen"
	case strings.ContainsAny(name, " ~^:?*[\\"):
		return `holds a space or one of ~^:?*[\`
	case strings.Contains(name, ".."):
		return "holds .."
	case strings.Contains(name, "@{"):
		return "holds @{"
	case strings.HasSuffix(name, "."):
		return "ends with a dot"
	}
	return partProblem(name)
}

func partProblem(name string) string {
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return "has an empty part between slashes"
		case part[0] == '.':
			return "has a part that begins with a dot"
		case part[0] == '-':
			return "has a part that begins with a dash"
		case strings.HasSuffix(strings.ToLower(part), ".lock"):
			return "has a part that ends with .lock"
		}
	}
	return ""
}

// hidden says that a character cannot be seen in a terminal, or changes what is seen beside it.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// clash finds the name among existing ones that cannot lie beside name in every file system: equal but for case, or a folder
// of the other. A name does not clash with itself.
func clash(existing []string, name string) (other string, found bool) {
	folded := strings.ToLower(name)
	for _, e := range existing {
		f := strings.ToLower(e)
		if e != name && (f == folded || strings.HasPrefix(f, folded+"/") || strings.HasPrefix(folded, f+"/")) {
			return e, true
		}
	}
	return "", false
}

// The classes of references, by what may be done to them.
const (
	ClassReview = "review" // refs/for/<branch>: proposes a change to the branch
	ClassBranch = "branch" // refs/heads/agents/<agent>/<task>: an agent's own
	ClassMain   = "main"
	ClassHead   = "head" // any other branch
	ClassTag    = "tag"
	ClassKernel = "kernel" // refs/adamant/: the kernel's own
	ClassOther  = "other"
)

// place is what a reference's name says.
type place struct {
	class  string
	target string // branch that a review is for
	agent  string
	task   string
}

const headPrefix = "refs/heads/"

// placeOf classifies a reference's name. Names that differ from ours only in case are of no class of ours.
func placeOf(name string) place {
	if target, ok := strings.CutPrefix(name, kernel.PrefixFor); ok {
		return place{class: ClassReview, target: target}
	}
	if rest, ok := strings.CutPrefix(name, kernel.PrefixAgents); ok {
		agent, task, _ := strings.Cut(rest, "/")
		if isName(agent) && isName(task) {
			return place{class: ClassBranch, agent: agent, task: task}
		}
		return place{class: ClassHead}
	}
	folded := strings.ToLower(name)
	switch {
	case folded == kernel.RefMain:
		return place{class: ClassMain}
	case strings.HasPrefix(folded, headPrefix):
		return place{class: ClassHead}
	case strings.HasPrefix(folded, "refs/tags/"):
		return place{class: ClassTag}
	case strings.HasPrefix(folded+"/", kernel.PrefixOwn):
		return place{class: ClassKernel}
	}
	return place{class: ClassOther}
}

// isName says that text may name an agent, a task or a person. Such names clash with each other in no file system.
func isName(text string) bool { return kernel.CheckName(text) == nil }
