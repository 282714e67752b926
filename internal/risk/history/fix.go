package history

import (
	"regexp"
	"strings"
	"sync"
)

// The words of a fix, as docs/risk.md lists them. Word boundaries are ASCII's.
var (
	fixSubject = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b(fix(e[sd]|ing|up)?|bugs?|bugfix|regressions?|crash(es)?|panics?|leaks?|hotfix)\b`)
	})
	fixBody = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?im)\bfix(es|ed)?:?[ \t]+(\S+/\S+)?#[0-9]|^fixes: [0-9a-f]{8,}`)
	})
	notFix = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b(typos?|lint(er|ing)?|spelling|grammar|golint|vet|flaky?)\b|^(docs?|tests?|ci|chore|style|build|release)(\(|:|!)`)
	})
	revertSubject = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^revert\b`)
	})
)

// IsFix reports whether a commit message says that the commit mends a mistake: "fix", "bug", "regression", "crash", "panic",
// "leak" or "hotfix" as words of the subject, "fixes #12" or the trailer "Fixes: <commit>" in the body. Typos, lint, tests,
// documentation and continuous integration do not count.
func IsFix(message string) bool {
	subject, body, _ := strings.Cut(message, "\n")
	if notFix().MatchString(subject) {
		return false
	}
	return fixSubject().MatchString(subject) || mayFix(body) && fixBody().MatchString(body)
}

// mayFix is a cheap guard: most bodies never say it.
func mayFix(body string) bool {
	return strings.Contains(body, "ix") || strings.Contains(body, "IX")
}

// IsRevert reports whether a commit message says that the commit takes another one back.
func IsRevert(message string) bool {
	return revertSubject().MatchString(message) || strings.Contains(message, "\nThis reverts commit ")
}
