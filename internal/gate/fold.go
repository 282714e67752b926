package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// mostOfKind is how many findings of one rule that mean the same for the decision are listed one by one, and how many holds. A
// change that breaks a rule forty thousand times is as refused by a thousand, and nobody reads the rest.
const mostOfKind = 1000

// foldFindings keeps the first findings of each rule, severity and state, and makes one of the others that says how many they
// are. It decides like they do, so nothing that refuses is lost, and its fingerprint is made of theirs, so that no approval
// takes others for them. The order is that of finding.Sort.
func foldFindings(list []finding.Finding) []finding.Finding {
	out, folded := foldKinds(list, func(f finding.Finding) finding.Finding {
		return finding.Finding{Rule: f.Rule, Severity: f.Severity, State: f.State, Waiver: f.Waiver, Suppress: f.Suppress}
	})
	for kind, rest := range folded {
		var paths []string
		for _, f := range rest {
			paths = append(paths, f.Path)
		}
		kind.Message, kind.Tool, kind.Fix = more(len(rest), paths), "adamant", rest[0].Fix
		kind.Fingerprint = finding.Fingerprint(kind.Rule, digest(findingKeys(restated(rest))), "", 0)
		out = append(out, kind)
	}
	finding.Sort(out)
	return out
}

// restated makes keys of findings that were there before, too.
func restated(list []finding.Finding) []finding.Finding {
	out := slices.Clone(list)
	for i := range out {
		out[i].State = finding.New
	}
	return out
}

// foldHolds is foldFindings for what the operator is asked.
func foldHolds(list []Reason) []Reason {
	out, folded := foldKinds(list, func(r Reason) Reason { return Reason{Code: r.Code, Effect: r.Effect, Subject: r.Subject} })
	var extra []Reason
	for kind, rest := range folded {
		var paths, keys []string
		for _, r := range rest {
			paths, keys = append(paths, r.Path), append(keys, HoldKey(r))
		}
		slices.Sort(keys)
		kind.Next = rest[0].Next
		kind.Message = more(len(rest), paths) + " (" + digest(keys)[:16] + ")" // another hold when they are others
		extra = append(extra, kind)
	}
	slices.SortFunc(extra, func(a, b Reason) int {
		return strings.Compare(a.Code+"\x00"+a.Effect+"\x00"+a.Subject, b.Code+"\x00"+b.Effect+"\x00"+b.Subject)
	})
	return append(out, extra...)
}

// foldKinds splits a list into the first of each kind and the others. The list itself stays as it is.
func foldKinds[T any, K comparable](list []T, kind func(T) K) (first []T, rest map[K][]T) {
	first, rest = make([]T, 0, len(list)), map[K][]T{}
	seen := map[K]int{}
	for _, x := range list {
		k := kind(x)
		if seen[k]++; seen[k] <= mostOfKind {
			first = append(first, x)
			continue
		}
		rest[k] = append(rest[k], x)
	}
	return first, rest
}

// more says how many there are and where the first ones lie.
func more(n int, paths []string) string {
	const most = 3
	slices.Sort(paths)
	paths = slices.DeleteFunc(slices.Compact(paths), func(p string) bool { return p == "" })
	text := fmt.Sprintf("%d more of this rule, not listed one by one", n)
	if len(paths) > 0 {
		text += fmt.Sprintf(", in %d files: %s", len(paths), strings.Join(paths[:min(len(paths), most)], ", "))
	}
	if len(paths) > most {
		text += ", ..."
	}
	return text
}

func digest(keys []string) string {
	h := sha256.New()
	put(h, keys...)
	return hex.EncodeToString(h.Sum(nil))
}
