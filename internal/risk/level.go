package risk

import "fmt"

// Level is how much can go wrong with a change. Levels are ordered: a greater one demands every gate of those below it.
type Level int

// The levels.
const (
	Trivial  Level = iota // proven to change nothing that runs
	Low                   // new tests, patch-level dependency updates
	Medium                // what is neither proven harmless nor known to be dangerous
	High                  // authentication, public interfaces, what decides how changes are judged
	Critical              // governance weakened, keys, destruction
)

var levelNames = [...]string{"trivial", "low", "medium", "high", "critical"}

// String returns the level's name in lower case.
func (l Level) String() string {
	if l < Trivial || l > Critical {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel is the inverse of String.
func ParseLevel(name string) (Level, error) {
	for i, n := range levelNames {
		if n == name {
			return Level(i), nil
		}
	}
	return Critical, fmt.Errorf("unknown risk level %q: want trivial, low, medium, high or critical", name)
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) {
	if l < Trivial || l > Critical {
		return nil, fmt.Errorf("risk level %d does not exist", int(l))
	}
	return []byte(levelNames[l]), nil
}

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(text []byte) error {
	parsed, err := ParseLevel(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// Max returns the greatest of the levels; Trivial when there are none.
func Max(levels ...Level) Level {
	greatest := Trivial
	for _, l := range levels {
		greatest = max(greatest, l)
	}
	return greatest
}
