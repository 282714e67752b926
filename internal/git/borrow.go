package git

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// MakeBorrower writes an empty bare repository of an object format at dir that borrows from object directories. git init would
// take longer.
func MakeBorrower(dir, format string, borrowed ...string) error {
	for _, sub := range []string{"objects/info", "objects/pack", "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o700); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryFormatVersion = 0\n\tbare = true\n\tlogAllRefUpdates = false\n"
	if format == "sha256" {
		config = "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tlogAllRefUpdates = false\n[extensions]\n\tobjectFormat = sha256\n"
	}
	for _, file := range [][2]string{
		{"config", config},
		{"objects/info/alternates", strings.Join(borrowed, "\n") + "\n"},
		{"HEAD", "ref: refs/heads/main\n"}, // last: with it the repository is one
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file[0])), []byte(file[1]), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// WriteRefs makes refs, sorted by name, the references of a repository that MakeBorrower made, at once.
func WriteRefs(dir string, refs []Ref) error {
	var b strings.Builder
	b.WriteString("# pack-refs with: sorted \n")
	for _, r := range refs {
		fmt.Fprintf(&b, "%s %s\n", r.OID, r.Name)
	}
	path := filepath.Join(dir, "packed-refs")
	if err := os.WriteFile(path+".new", []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
