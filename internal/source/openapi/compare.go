package openapi

import (
	"slices"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// compareSurfaces compares what clients send, which must be accepted as before, with what they get, which must hold as much as before.
func compareSurfaces(base, head *exports.Surface) []exports.Change {
	old, now := names(base), names(head)
	judged := exports.Variants(withValues(base), withValues(head), judge, kept)
	var out []exports.Change
	for _, c := range judged {
		switch c.Change {
		case exports.Removed:
			if s := old[c.Name]; len(s.Bases) > 0 && now[s.Bases[0]] == nil && old[s.Bases[0]] != nil {
				continue // its owner's removal says it
			}
		case exports.Added:
			s := now[c.Name]
			if len(s.Bases) > 0 && old[s.Bases[0]] == nil && now[s.Bases[0]] != nil {
				continue
			}
			if s.Result == "required" && s.Kind != "response field" {
				c.Breaking, c.Wire, c.Reason = true, true, "it is required: what clients send lacks it"
			}
		}
		out = append(out, c)
	}
	return out
}

func names(s *exports.Surface) map[string]*exports.Symbol {
	out := make(map[string]*exports.Symbol, len(s.Symbols))
	for i := range s.Symbols {
		out[s.Symbols[i].Name] = &s.Symbols[i]
	}
	return out
}

// withValues is a surface whose signatures hold all that is compared.
func withValues(s *exports.Surface) *exports.Surface {
	out := *s
	out.Symbols = slices.Clone(s.Symbols)
	for i := range out.Symbols {
		sym := &out.Symbols[i]
		if sym.Result != "" {
			sym.Signature = sym.Result + " " + sym.Signature
		}
		for k, v := range sym.Params {
			if k < 40 {
				sym.Signature += " | " + v.Name
			}
		}
	}
	return &out
}

func breaks(reason string) exports.Effect {
	return exports.Effect{Breaking: true, Wire: true, Reason: reason}
}

// kept explains what is gone: an answer for an error that never comes harms nobody.
func kept(s *exports.Symbol) exports.Effect {
	if s.Kind == "response" && !success(s.Name) {
		return exports.Allows("it is an error that no longer comes")
	}
	return breaks("it is gone")
}

func success(name string) bool {
	n := len(name)
	return n > 3 && (name[n-3] == '2' || name[n-3] == '3') && name[n-4] == ' '
}

func judge(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Kind != after.Kind:
		return breaks("it was a " + before.Kind + " and is a " + after.Kind)
	case before.Kind == "operation":
		return exports.Breaks("its operationId is another one: clients that are generated call it by that")
	case before.Kind == "base path":
		return exports.Doubts("everything has another address")
	case before.Kind == "response field":
		return answered(before, after)
	}
	return sent(before, after)
}

func typeText(s *exports.Symbol) string {
	text := s.Signature
	if s.Result != "" {
		text = text[len(s.Result)+1:]
	}
	for i := range text {
		if len(text)-i >= 3 && text[i:i+3] == " | " {
			return text[:i]
		}
	}
	return text
}

// lacks says whether one list of values has less than the other; an empty one stands for any value.
func lacks(list, all []exports.Param) bool {
	if len(list) == 0 {
		return false
	}
	return len(all) == 0 || slices.ContainsFunc(all, func(p exports.Param) bool { return !slices.Contains(list, p) })
}

// sent compares what clients send.
func sent(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Result == "optional" && after.Result == "required":
		return breaks("it is required now")
	case typeText(before) != typeText(after):
		return breaks("its type was " + typeText(before) + " and is " + typeText(after))
	case lacks(after.Params, before.Params):
		return breaks("it takes fewer values than before")
	}
	return exports.Allows("it takes more than before")
}

// answered compares what clients get.
func answered(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Result == "required" && after.Result == "optional":
		return breaks("it may be missing now")
	case typeText(before) != typeText(after):
		return breaks("its type was " + typeText(before) + " and is " + typeText(after))
	case lacks(before.Params, after.Params):
		return exports.Doubts("it can have values that clients do not know")
	case before.Result != after.Result:
		return exports.Allows("it is always there now")
	}
	return exports.Allows("it says less than before")
}
