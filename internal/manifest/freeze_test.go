package manifest

import (
	"strings"
	"testing"
)

// TestFreezeForms takes what the merge queue's calendar takes, and nothing else.
func TestFreezeForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{name: night, from: "18:00", to: "08:00", zone: Europe/Berlin}`: "",
		`{name: weekend, days: [sat, sun]}`:                              "",
		`{name: weekend, from: "fri 16:00", to: "mon 08:00"}`:            "",
		`{name: holidays, from: "2026-12-20", to: "2026-12-20"}`:         "",
		`{name: move, from: "2026-12-20 18:00", to: "2026-12-21 06:00"}`: "",
		`{name: always}`:                                             "from and to are both",
		`{name: half, from: "18:00"}`:                                "from and to are both",
		`{name: mixed, from: "fri 16:00", to: "08:00"}`:              "from and to are both",
		`{name: late, from: "24:00", to: "25:00"}`:                   "from and to are both",
		`{name: named, days: [fri], from: "fri 16:00", to: "sat 1"}`: "from and to are both",
		`{name: back, from: "2026-12-21", to: "2026-12-20"}`:         "ends (2026-12-20) before it starts",
		`{name: never, from: "2026-02-30", to: "2026-03-01"}`:        "from and to are both",
		`{name: nowhere, days: [sat], zone: Europe/Atlantis}`:        "is not a time zone",
		`{name: here, days: [sat], zone: Local}`:                     "is not a time zone",
		`{name: day, days: [samstag]}`:                               "cannot be",
	} {
		doc := "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: a}\nspec: {queue: {freeze: [" + text + "]}}\n"
		_, problems := LoadRepository("adamant.yaml", []byte(doc))
		var got []string
		for _, p := range problems {
			got = append(got, p.Error())
		}
		if all := strings.Join(got, "\n"); (want == "") != (all == "") || !strings.Contains(all, want) {
			t.Errorf("%s: %q, want %q", text, all, want)
		}
	}
}
