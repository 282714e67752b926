package workspace

import (
	"path"
	"strings"
	"unicode/utf8"
)

// reservedName returns the component of a path that some file system or git takes for .git, ".", ".." or nothing; "" when
// there is none. fsck knows most of them: here they get a path in the error.
func reservedName(p string) string {
	for part := range strings.SplitSeq(p, "/") {
		name := strings.ToLower(ignorable(part))
		name, _, _ = strings.Cut(name, ":") // NTFS: an alternate stream
		name, _, _ = strings.Cut(name, `\`)
		switch strings.TrimRight(name, " .") {
		case ".git", "git~1":
			return part
		}
		if part == "" || part == "." || part == ".." {
			return part + "/"
		}
	}
	return ""
}

// ignorable takes out the code points that HFS+ does not see in names.
func ignorable(name string) string {
	if !utf8.ValidString(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, name)
}

// leaves says whether a symlink at from may lead out of the checkout. Leading ".." are counted; a ".." behind a name may
// follow another link to anywhere.
func leaves(from, target string) bool {
	if path.IsAbs(target) {
		return true
	}
	depth, down := strings.Count(from, "/"), false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; down || depth < 0 {
				return true
			}
		default:
			down = true
		}
	}
	return false
}
