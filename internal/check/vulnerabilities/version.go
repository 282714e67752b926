package vulnerabilities

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// compareVersions orders two versions as their ecosystem does. An error says that one of them is no version there.
func compareVersions(ecosystem, a, b string) (int, error) {
	switch ecosystem {
	case dependencies.PyPI:
		return comparePython(a, b)
	case dependencies.Maven:
		return compareMaven(a, b), nil
	}
	for _, v := range []string{a, b} {
		if !semver.IsValid(semantic(v)) {
			return 0, fmt.Errorf("%q is not a semantic version", v)
		}
	}
	return semver.Compare(semantic(a), semantic(b)), nil
}

// semantic gives a version the "v" that package semver wants; OSV writes none, go.mod writes one.
func semantic(v string) string {
	return "v" + strings.TrimPrefix(strings.TrimPrefix(v, "="), "v")
}

// compareDigits orders decimal numbers of any length.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
