package policy

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
)

func doorModule(path, text string) facts.Module {
	return facts.Module{Path: ".adamant/policy/" + path, Text: text}
}

const onlyMonday = `package adamant.door

deny contains {"rule": "own/day", "ref": "", "message": "not today", "fix": ""} if {
	input.stage != "read"
	time.weekday(time.parse_rfc3339_ns(input.now)) != "Monday"
}
`

func TestDoorOverride(t *testing.T) {
	t.Parallel()
	d, err := CompileDoor(t.Context(), []facts.Module{doorModule("door.rego", onlyMonday)}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]bool{"2026-11-23T00:00:00Z": false, "2026-11-24T00:00:00Z": true} {
		answer, err := d.Decide(t.Context(), map[string]any{
			"apiVersion": "door-input/v1", "stage": "request", "now": day, "options": map[string]any{}, "commands": []any{}, "limits": map[string]any{},
			"token": map[string]any{"role": "coder", "agent": "a", "task": "t", "write": true, "force": false, "emails": []any{}},
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		refused := len(answer.(map[string]any)["refuse"].([]any)) > 0
		if refused != want {
			t.Errorf("%s: %v", day, answer)
		}
	}
}

func TestDoorMistakes(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"field":   "package adamant.door\n\ndeny contains r if {\n\tr := input.tokn\n}\n",
		"network": "package adamant.door\n\ndeny contains r if {\n\tr := http.send({})\n}\n",
		"syntax":  "package adamant.door\n\ndeny contains {\n",
	} {
		_, err := CompileDoor(t.Context(), []facts.Module{doorModule("door.rego", text)}, time.Minute)
		if err == nil || !strings.Contains(err.Error(), ".adamant/policy/door.rego:") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Compile(t.Context(), []facts.Module{doorModule("door.rego", text)}, Options{}); err == nil {
			t.Errorf("%s: the gate lets it onto main", name)
		}
	}
}

// The constitution leaves the door's rules alone, and their tests run beside its own.
func TestDoorBesideConstitution(t *testing.T) {
	t.Parallel()
	modules := []facts.Module{doorModule("door.rego", onlyMonday)}
	if _, err := Compile(t.Context(), modules, Options{}); err != nil {
		t.Error(err)
	}
	tests := append(modules, doorModule("door_test.rego", `package adamant.door_test

import data.adamant.door

test_tuesday if count(door.refusals) > 0 with input as {"stage": "request", "now": "2026-11-24T00:00:00Z", "token": {"role": "coder", "write": true}, "commands": []}
`))
	report, err := Test(t.Context(), tests, TestOptions{})
	if err != nil || report.Passed != 1 || report.Failed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Nobody can show that an edit of the door's rules only tightens them.
func TestDoorEditCounts(t *testing.T) {
	t.Parallel()
	merged := Constitution{Modules: []facts.Module{doorModule("door.rego", onlyMonday)}}
	difference, err := Compare(t.Context(), Constitution{}, merged, nil)
	if err != nil || difference.Tightened {
		t.Errorf("%+v, %v", difference, err)
	}
}

// What docs/formats/door.md shows compiles and passes its test.
func TestDoorDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/formats/door.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(text), "```rego\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	if len(blocks) != 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	report, err := Test(t.Context(), []facts.Module{doorModule("release.rego", blocks[0]), doorModule("release_test.rego", blocks[1])}, TestOptions{})
	if err != nil || report.Passed != 1 || report.Failed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
