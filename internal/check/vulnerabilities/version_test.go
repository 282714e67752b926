package vulnerabilities

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// Each line is in ascending order; versions that are joined by = are equal.
var ascending = map[string][]string{
	dependencies.Go: {
		"0.0.0-20180101000000-abcdefabcdef 0.1.0 1.0.0-rc.1 1.0.0=v1.0.0=1.0.0+incompatible 1.0.1-0.20240101000000-abcdefabcdef 1.0.1 2.0.0",
	},
	dependencies.NPM: {
		"1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0=1.0.0+build",
		"1.2.3 1.10.0 1.99999999999999999999.0",
	},
	dependencies.PyPI: {
		"1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0=1=1.0.0=v1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.1.dev1 1!0.1",
		"1.0alpha1=1.0-a.1=1.0a1 1.0c1=1.0rc1=1.0preview1 1.0-1=1.0.post1=1.0r1 1.2 1.10",
	},
	dependencies.Maven: {
		"1-alpha-1=1-a1 1-beta 1-milestone 1-rc=1-cr 1-SNAPSHOT 1=1.0=1-ga=1.0.0-final=1.ga 1-sp 1-abc 1-1 1.1",
		"1.0-beta9 1.0 1.0.1 1.2 1.10 2.0-SNAPSHOT 2.0",
		"2.15.2 2.16.0 2.17.1",
		"1-foo2 1-foo10 1-1.foo-bar1baz-.1",
	},
}

func TestOrder(t *testing.T) {
	t.Parallel()
	for ecosystem, lines := range ascending {
		for _, line := range lines {
			steps := strings.Fields(line)
			for i, a := range steps {
				for j, b := range steps {
					for _, x := range strings.Split(a, "=") {
						for _, y := range strings.Split(b, "=") {
							checkOrder(t, ecosystem, x, y, sign(i-j))
						}
					}
				}
			}
		}
	}
}

func checkOrder(t *testing.T, ecosystem, a, b string, want int) {
	t.Helper()
	got, err := compareVersions(ecosystem, a, b)
	if err != nil || sign(got) != want {
		t.Errorf("%s: %s against %s: got %d, %v, want %d", ecosystem, a, b, got, err, want)
	}
}

func sign(n int) int { return min(1, max(-1, n)) }

func TestNotVersions(t *testing.T) {
	t.Parallel()
	for ecosystem, version := range map[string]string{dependencies.NPM: "latest", dependencies.Cargo: "1.2.x", dependencies.PyPI: "1.0-nightly", dependencies.Go: "master"} {
		if _, err := compareVersions(ecosystem, version, "1.0.0"); err == nil {
			t.Errorf("%s takes %s for a version", ecosystem, version)
		}
	}
}

// generators makes versions of each ecosystem, short enough for equal ones to occur.
func generators() map[string]*rapid.Generator[string] {
	small := rapid.IntRange(0, 3)
	part := func(t *rapid.T, options ...string) string { return rapid.SampledFrom(options).Draw(t, "part") }
	numbers := func(t *rapid.T, most int) string {
		var parts []string
		for range rapid.IntRange(1, most).Draw(t, "length") {
			parts = append(parts, fmt.Sprint(small.Draw(t, "number")))
		}
		return strings.Join(parts, ".")
	}
	semantic := rapid.Custom(func(t *rapid.T) string {
		v := fmt.Sprintf("%d.%d.%d", small.Draw(t, "major"), small.Draw(t, "minor"), small.Draw(t, "patch"))
		return v + part(t, "", "-alpha", "-alpha.1", "-1", "-rc.2", "-rc.10", "+b", "-x.7.z.92")
	})
	return map[string]*rapid.Generator[string]{
		dependencies.Go: semantic, dependencies.NPM: semantic, dependencies.Cargo: semantic,
		dependencies.PyPI: rapid.Custom(func(t *rapid.T) string {
			return part(t, "", "1!", "v") + numbers(t, 3) + part(t, "", "a1", "b2", "rc1", ".pre3") + part(t, "", ".post1", "-2", "r3") + part(t, "", ".dev1", ".dev") + part(t, "", "+l", "+1", "+l.2")
		}),
		dependencies.Maven: rapid.Custom(func(t *rapid.T) string {
			v := numbers(t, 3)
			for range rapid.IntRange(0, 3).Draw(t, "tail") {
				v += part(t, ".", "-", "", "_") + part(t, "0", "1", "10", "a", "alpha", "beta", "m", "rc", "snapshot", "ga", "sp", "foo", "final")
			}
			return v
		}),
	}
}

// TestTotalOrder fails when an order is not one: a version equals itself, swapping sides swaps the sign, and what is
// before a version that is before a third is before the third.
func TestTotalOrder(t *testing.T) {
	t.Parallel()
	for ecosystem, versions := range generators() {
		t.Run(ecosystem, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				v := [3]string{versions.Draw(t, "a"), versions.Draw(t, "b"), versions.Draw(t, "c")}
				compare := func(i, j int) int {
					c, err := compareVersions(ecosystem, v[i], v[j])
					if err != nil {
						t.Fatal(err)
					}
					return sign(c)
				}
				if compare(0, 0) != 0 || compare(0, 1) != -compare(1, 0) {
					t.Fatalf("%q and %q: %d and %d", v[0], v[1], compare(0, 1), compare(1, 0))
				}
				if compare(0, 1) <= 0 && compare(1, 2) <= 0 && compare(0, 2) > 0 {
					t.Fatalf("%q <= %q <= %q, but not the first and the last", v[0], v[1], v[2])
				}
				if compare(0, 1) == 0 && compare(0, 2) != compare(1, 2) {
					t.Fatalf("%q = %q, but %q tells them apart", v[0], v[1], v[2])
				}
			})
		})
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("PyPI", "1.0a1", "1!2.post3.dev4+l.5")
	f.Add("Maven", "1-a1.ga", "1.0_foo-2")
	f.Add("npm", "1.0.0-rc.1", "=1.0.0")
	f.Fuzz(func(t *testing.T, ecosystem, a, b string) {
		forth, err := compareVersions(ecosystem, a, b)
		back, err2 := compareVersions(ecosystem, b, a)
		if (err == nil) != (err2 == nil) || sign(forth) != -sign(back) {
			t.Fatalf("%d %v, %d %v", forth, err, back, err2)
		}
	})
}
