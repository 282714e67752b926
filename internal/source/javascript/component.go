package javascript

import (
	"bytes"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// extractScripts reads the script elements of a Vue or Svelte file and the front matter of an Astro file.
func extractScripts(src []byte) *imports.File {
	all := &imports.File{}
	counted, before := 0, int32(0)
	for _, part := range scripts(src) {
		f := extract(src[part.from:part.to], part.jsx)
		before += int32(bytes.Count(src[counted:part.from], []byte{'\n'}))
		counted = part.from
		for i := range f.Imports {
			f.Imports[i].Line += before
		}
		for _, line := range f.Open {
			all.Open = append(all.Open, line+before)
		}
		all.Imports = append(all.Imports, f.Imports...)
		if f.Problem != "" && all.Problem == "" {
			all.Problem, all.Line = f.Problem, f.Line+before
		}
	}
	return all
}

// span is a part of a file.
type span struct {
	from, to int
	jsx      bool
}

func scripts(src []byte) []span {
	var out []span
	if bytes.HasPrefix(src, []byte("---\n")) {
		if to := bytes.Index(src[4:], []byte("\n---")); to >= 0 {
			out = append(out, span{from: 4, to: 4 + to})
		}
	}
	for at := 0; ; {
		open := bytes.Index(src[at:], []byte("<script"))
		if open < 0 {
			return out
		}
		at += open
		from := bytes.IndexByte(src[at:], '>')
		if from < 0 {
			return out
		}
		tag := src[at : at+from]
		from += at + 1
		to := bytes.Index(src[from:], []byte("</script"))
		if to < 0 {
			to = len(src) - from
		}
		out = append(out, span{from: from, to: from + to, jsx: bytes.Contains(tag, []byte("sx"))}) // lang="tsx" or "jsx"
		at = from + to
	}
}
