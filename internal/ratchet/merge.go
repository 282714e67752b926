package ratchet

import (
	"bytes"
	"fmt"
)

// VersionError says that two marks count different versions of their rule, so neither says anything about the other.
type VersionError struct{ Rule, Ours, Theirs string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("the marks of %s count two versions of the rule (%s and %s); take theirs or ours whole and run: adamant ratchet seed %s",
		e.Rule, e.Ours, e.Theirs, e.Rule)
}

// Merge is the pointwise minimum of two marks of one rule: commutative, associative and idempotent, so that clones may be
// merged in any order. Marks of different rules are an error, and marks of different versions a *VersionError.
func Merge(a, b Mark) (Mark, error) {
	switch {
	case a.Rule != b.Rule:
		return Mark{}, fmt.Errorf("merging marks: one is of rule %q, the other of %q", a.Rule, b.Rule)
	case a.Version != b.Version:
		return Mark{}, &VersionError{Rule: a.Rule, Ours: a.Version, Theirs: b.Version}
	}
	out := Mark{Rule: a.Rule, Version: a.Version, Reason: reason(a.Reason, b.Reason), Scopes: map[string]Units{}}
	for scope, units := range a.Scopes {
		if least := both(units, b.Scopes[scope]); len(least) > 0 {
			out.Scopes[scope] = least
		}
	}
	return out, nil
}

// reason keeps what either side says; of two reasons the one that sorts first, so that order does not matter.
func reason(a, b string) string {
	switch {
	case a == "", b != "" && b < a:
		return b
	}
	return a
}

// MergeFiles is what git's merge driver and the command by hand do with the three versions of a file. base is only read, to
// be sure that nothing was merged half: the minimum needs no ancestor.
func MergeFiles(base, ours, theirs []byte) ([]byte, error) {
	var marks [3]Mark
	for i, side := range []struct {
		name string
		data []byte
	}{{"base", base}, {"ours", ours}, {"theirs", theirs}} {
		if i == 0 && len(bytes.TrimSpace(side.data)) == 0 {
			continue // both sides added the file
		}
		mark, err := Read(side.name, side.data)
		if err != nil {
			return nil, err
		}
		marks[i] = mark
	}
	merged, err := Merge(marks[1], marks[2])
	if err != nil {
		return nil, err
	}
	return merged.Encode(), nil
}
