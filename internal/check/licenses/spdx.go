package licenses

import (
	"slices"
	"strings"
)

// expression is a licence expression (SPDX specification, annex D): a licence, or a choice or a sum of others.
type expression struct {
	id   string // of a licence
	or   bool   // one of parts is enough; otherwise all of them hold
	part []expression
}

// parseExpression reads an SPDX licence expression. False: it is none.
func parseExpression(text string) (expression, bool) {
	tokens := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))
	p := spdxParser{tokens: tokens}
	e, ok := p.or(0)
	return e, ok && p.at == len(tokens)
}

type spdxParser struct {
	tokens []string
	at     int
}

// deepestExpression bounds parentheses.
const deepestExpression = 50

func (p *spdxParser) next(word string) bool {
	if p.at < len(p.tokens) && strings.EqualFold(p.tokens[p.at], word) {
		p.at++
		return true
	}
	return false
}

func (p *spdxParser) or(depth int) (expression, bool)  { return p.joined("OR", depth, p.and) }
func (p *spdxParser) and(depth int) (expression, bool) { return p.joined("AND", depth, p.with) }

func (p *spdxParser) joined(word string, depth int, operand func(int) (expression, bool)) (expression, bool) {
	first, ok := operand(depth)
	if !ok {
		return first, false
	}
	e := expression{or: word == "OR", part: []expression{first}}
	for p.next(word) {
		next, ok := operand(depth)
		if !ok {
			return e, false
		}
		e.part = append(e.part, next)
	}
	if len(e.part) == 1 {
		return first, true
	}
	return e, true
}

// with reads a licence, with an exception or without, or an expression in parentheses.
func (p *spdxParser) with(depth int) (expression, bool) {
	if p.next("(") {
		if depth >= deepestExpression {
			return expression{}, false
		}
		e, ok := p.or(depth + 1)
		return e, ok && p.next(")")
	}
	if p.at >= len(p.tokens) || !isLicenseID(p.tokens[p.at]) {
		return expression{}, false
	}
	e := expression{id: p.tokens[p.at]}
	p.at++
	if p.next("WITH") {
		if p.at >= len(p.tokens) {
			return e, false
		}
		e.id += " WITH " + p.tokens[p.at]
		p.at++
	}
	return e, true
}

// isLicenseID is false for words and for what npm writes where there is no licence to name.
func isLicenseID(token string) bool {
	switch strings.ToUpper(token) {
	case "AND", "OR", "WITH", "(", ")", "UNLICENSED", "SEE", "NONE", "NOASSERTION", "UNKNOWN":
		return false
	}
	return strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-:") == ""
}

// refused returns a licence of the expression that matches one of the patterns and that no choice avoids, "" when there
// is none.
func (e expression) refused(patterns []string) string {
	if e.id != "" {
		if slices.ContainsFunc(patterns, func(p string) bool { return matches(p, e.id) }) {
			return e.id
		}
		return ""
	}
	first := ""
	for _, part := range e.part {
		id := part.refused(patterns)
		if id == "" && e.or {
			return ""
		}
		if first == "" {
			first = id
		}
	}
	return first
}

// matches compares a licence with a pattern: the same id in any case, with or without a suffix that says which versions
// count, or a prefix before *.
func matches(pattern, id string) bool {
	id, _, _ = strings.Cut(strings.ToLower(id), " with ")
	pattern = strings.ToLower(pattern)
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(id, prefix)
	}
	plain := func(s string) string {
		return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "+"), "-or-later"), "-only")
	}
	return id == pattern || plain(id) == pattern
}
