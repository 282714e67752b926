package vulnerabilities

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// pythonVersion is a version of PEP 440, taken apart. Numbers are digits, "" where a part is absent.
type pythonVersion struct {
	epoch        string
	release      []string // without trailing zeros
	preKind, pre string   // preKind: "a", "b", "rc" or ""
	hasPost      bool
	post         string
	hasDev       bool
	dev          string
	local        []string
}

var pep440 = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^v?(?:(\d+)!)?(\d+(?:\.\d+)*)` +
		`(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?` +
		`(?:-(\d+)|([-_.]?(?:post|rev|r)[-_.]?(\d*)))?` +
		`([-_.]?dev[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$`)
})

func parsePython(s string) (pythonVersion, error) {
	m := pep440().FindStringSubmatch(strings.ToLower(strings.TrimSpace(s)))
	if m == nil {
		return pythonVersion{}, fmt.Errorf("%q is not a version of PEP 440", s)
	}
	v := pythonVersion{epoch: m[1], release: strings.Split(m[2], "."), pre: m[4], hasPost: m[5] != "" || m[6] != "", post: m[5] + m[7], hasDev: m[8] != "", dev: m[9]}
	for len(v.release) > 1 && strings.Trim(v.release[len(v.release)-1], "0") == "" {
		v.release = v.release[:len(v.release)-1]
	}
	switch m[3] {
	case "a", "alpha":
		v.preKind = "a"
	case "b", "beta":
		v.preKind = "b"
	case "c", "rc", "pre", "preview":
		v.preKind = "rc"
	}
	if m[10] != "" {
		v.local = strings.FieldsFunc(m[10], func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	}
	return v, nil
}

func comparePython(a, b string) (int, error) {
	x, err := parsePython(a)
	if err != nil {
		return 0, err
	}
	y, err := parsePython(b)
	if err != nil {
		return 0, err
	}
	return cmp.Or(
		compareDigits(x.epoch, y.epoch),
		compareLists(x.release, y.release, compareDigits),
		cmp.Compare(x.phase(), y.phase()), strings.Compare(x.preKind, y.preKind), compareDigits(x.pre, y.pre),
		compareBool(x.hasPost, y.hasPost), compareDigits(x.post, y.post),
		compareBool(y.hasDev, x.hasDev), compareDigits(x.dev, y.dev), // a development release comes first
		compareLists(x.local, y.local, compareLocal),
	), nil
}

// phase puts a development release of a final version before its pre-releases, and those before the version.
func (v pythonVersion) phase() int {
	switch {
	case v.preKind == "" && !v.hasPost && v.hasDev:
		return 0
	case v.preKind != "":
		return 1
	}
	return 2
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareLists orders lists by their first difference; a list that ends comes first.
func compareLists(a, b []string, compare func(a, b string) int) int {
	for i := range min(len(a), len(b)) {
		if c := compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareLocal orders segments of local versions: numbers by value, and after all words.
func compareLocal(a, b string) int {
	if allDigits(a) && allDigits(b) {
		return compareDigits(a, b)
	}
	return cmp.Or(compareBool(allDigits(a), allDigits(b)), strings.Compare(a, b))
}
