package risk

import (
	"encoding/json"
	"testing"
)

func TestLevelNames(t *testing.T) {
	t.Parallel()
	for l := Trivial; l <= Critical; l++ {
		got, err := ParseLevel(l.String())
		if err != nil || got != l {
			t.Errorf("ParseLevel(%q) = %v, %v", l.String(), got, err)
		}
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back Level
		if err := json.Unmarshal(text, &back); err != nil || back != l {
			t.Errorf("%s reads back as %v, %v", text, back, err)
		}
	}
}

func TestUnknownLevelIsCritical(t *testing.T) {
	t.Parallel()
	if got, err := ParseLevel("harmless"); err == nil || got != Critical {
		t.Errorf("ParseLevel(harmless) = %v, %v: a level that cannot be read must not be a mild one", got, err)
	}
	if _, err := Level(5).MarshalText(); err == nil {
		t.Error("Level(5) has no name")
	}
}

func TestMax(t *testing.T) {
	t.Parallel()
	if got := Max(); got != Trivial {
		t.Errorf("Max() = %v", got)
	}
	if got := Max(Low, High, Medium); got != High {
		t.Errorf("Max(low, high, medium) = %v", got)
	}
}
