package build

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Affected are the targets that a change can change. files are all that it affects: what changed, and what needs it. A target with
// inputs is affected by files that match them; a Go target without, by files of the packages that it builds; any other, by files of its
// component or below its directory.
func Affected(targets []manifest.Build, files []string, componentOf func(path string) string) ([]manifest.Build, error) {
	var out []manifest.Build
	for _, t := range targets {
		hit, err := concerns(t, componentOf)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if hit(file) {
				out = append(out, t)
				break
			}
		}
	}
	return out, nil
}

// concerns tells which files a target is affected by.
func concerns(t manifest.Build, componentOf func(string) string) (func(file string) bool, error) {
	if len(t.Inputs) > 0 {
		set, err := manifest.NewPathSet(t.Inputs)
		if err != nil {
			return nil, err
		}
		return set.Match, nil
	}
	t, err := Complete(t)
	if err != nil {
		return nil, err
	}
	if t.Kind == "go" && len(t.Packages) > 0 {
		folders := map[string]bool{}
		for _, p := range t.Packages {
			if strings.Contains(p, "...") { // many: all below
				return under(path.Join(t.Directory, path.Clean(p[:strings.Index(p, "...")]))), nil
			}
			folders[path.Join(t.Directory, p)] = true
		}
		lock := path.Join(t.Directory, "go.sum")
		return func(file string) bool { return folders[path.Dir(file)] || file == lock }, nil
	}
	below := under(t.Directory)
	return func(file string) bool { return below(file) || componentOf(file) == t.Component }, nil
}

func under(folder string) func(string) bool {
	if folder == "." {
		return func(string) bool { return true }
	}
	return func(file string) bool { return strings.HasPrefix(file, folder+"/") }
}
