package check

import "github.com/adamant-os/adamant/internal/manifest"

// Note is something Detect saw and could not turn into a check, with what to do about it.
type Note struct {
	Path    string
	Message string
}

// Detect proposes checks for a repository from its file names and the few manifests it reads. It runs nothing. The result
// is sorted by name and depends on its arguments only.
func Detect(files []string, read func(path string) ([]byte, error)) ([]manifest.Check, []Note) {
	return nil, nil
}
