package manifest

import (
	"slices"
	"strings"
)

// PathSet matches many globs against many paths. It is immutable and safe for concurrent use.
type PathSet struct {
	exact map[string][]int // whole path
	base  map[string][]int // file name
	ext   map[string][]entry
	below map[string][]entry // folder at the root, as deep as it is spelt out
	any   map[string][]entry // a folder at any depth
	rest  []entry
	size  int
}

type entry struct {
	glob  compiledGlob
	index int
}

// NewPathSet compiles globs (see MatchPath). The error names the first malformed one.
func NewPathSet(globs []string) (*PathSet, error) {
	s := &PathSet{exact: map[string][]int{}, base: map[string][]int{},
		ext: map[string][]entry{}, below: map[string][]entry{}, any: map[string][]entry{}, size: len(globs)}
	for i, glob := range globs {
		compiled, err := compileGlob(glob)
		if err != nil {
			return nil, err
		}
		for _, c := range compiled {
			s.add(c, i)
		}
	}
	return s, nil
}

// add files a glob under the rarest thing a path must have to match it.
func (s *PathSet) add(c compiledGlob, index int) {
	t := c.tokens
	switch {
	case len(t) == 1 && t[0].kind == literalToken:
		s.exact[t[0].text] = append(s.exact[t[0].text], index)
		return
	case len(t) == 2 && t[0].kind == foldersToken && t[1].kind == literalToken && !strings.Contains(t[1].text, "/"):
		s.base[t[1].text] = append(s.base[t[1].text], index)
		return
	}
	e := entry{c, index}
	if folder, ok := rootFolder(t); ok {
		s.below[folder] = append(s.below[folder], e)
	} else if folder, ok := anyFolder(t); ok {
		s.any[folder] = append(s.any[folder], e)
	} else if ext, ok := lastExtension(t); ok {
		s.ext[ext] = append(s.ext[ext], e)
	} else {
		s.rest = append(s.rest, e)
	}
}

// rootFolder recognises "/a/b/..." and gives "a/b".
func rootFolder(t []globToken) (string, bool) {
	if len(t) == 0 || t[0].kind != literalToken {
		return "", false
	}
	slash := strings.LastIndexByte(t[0].text, '/')
	return t[0].text[:max(slash, 0)], slash >= 0
}

// anyFolder recognises "**/name/...".
func anyFolder(t []globToken) (string, bool) {
	if len(t) < 2 || t[0].kind != foldersToken || t[1].kind != literalToken {
		return "", false
	}
	folder, _, ok := strings.Cut(t[1].text, "/")
	return folder, ok
}

func lastExtension(t []globToken) (string, bool) {
	if len(t) == 0 || t[len(t)-1].kind != literalToken {
		return "", false
	}
	text := t[len(t)-1].text
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 || strings.Contains(text[dot:], "/") {
		return "", false
	}
	return text[dot:], true
}

// Match says whether any glob matches.
func (s *PathSet) Match(path string) bool {
	found := false
	s.each(path, func(int) bool { found = true; return false })
	return found
}

// Matches lists the indexes of the globs that match, ascending.
func (s *PathSet) Matches(path string) []int {
	var out []int
	s.each(path, func(i int) bool { out = append(out, i); return true })
	slices.Sort(out)
	return slices.Compact(out)
}

// Len is the number of globs.
func (s *PathSet) Len() int { return s.size }

// each yields the indexes of the globs that match, in no order and perhaps twice, until yield says stop.
func (s *PathSet) each(path string, yield func(int) bool) {
	if path == "" {
		return
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, list := range [2][]int{s.exact[path], s.base[name]} {
		for _, i := range list {
			if !yield(i) {
				return
			}
		}
	}
	try := func(list []entry) bool {
		for i := range list {
			if list[i].glob.match(path) && !yield(list[i].index) {
				return false
			}
		}
		return true
	}
	if !try(s.rest) {
		return
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 && !try(s.ext[name[dot:]]) {
		return
	}
	for start, end := 0, 0; ; start = end + 1 {
		n := strings.IndexByte(path[start:], '/')
		if n < 0 {
			return
		}
		end = start + n
		if !try(s.below[path[:end]]) || !try(s.any[path[start:end]]) {
			return
		}
	}
}
