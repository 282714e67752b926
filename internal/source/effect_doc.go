package source

import (
	"bytes"
	"slices"
	"strings"
)

// docEffect is EffectDoc unless the edit touches what a documentation tool, a test runner or a browser executes: front
// matter, templates, includes, doc tests, scripts, and comments that switch tools.
func docEffect(before, after []byte) string {
	if slices.Equal(executed(before), executed(after)) {
		return EffectDoc
	}
	return EffectCode
}

// executed lists the parts of prose that something acts upon, in order.
func executed(data []byte) []string {
	data = bytes.TrimPrefix(data, bom)
	if len(data) > maxSource {
		return []string{string(data)}
	}
	list := frontMatter(data)
	if lower := bytes.ToLower(data); bytes.Contains(lower, []byte("<script")) || bytes.Contains(lower, []byte("<iframe")) {
		list = append(list, string(data))
	}
	rustFence := false
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "```") || strings.HasPrefix(text, "~~~") {
			rustFence = !rustFence && executedFence(strings.TrimLeft(text, "`~ "))
		}
		if rustFence || executedLine(text) {
			list = append(list, text)
		}
	}
	return list
}

// frontMatter is the block of data at the start of a page: site generators take layout, address and redirects from it.
func frontMatter(data []byte) []string {
	for _, fence := range []string{"---", "+++", ";;;"} {
		rest, found := bytes.CutPrefix(data, []byte(fence))
		if !found {
			continue
		}
		if i := bytes.Index(rest, []byte("\n"+fence)); i >= 0 {
			return []string{string(lf(rest[:i]))}
		}
	}
	return nil
}

// executedFence reports whether a code block is one that common tools run: Rust's doc tests, Python's, R and Quarto.
func executedFence(info string) bool {
	info = strings.ToLower(info)
	return strings.HasPrefix(info, "{") || strings.HasPrefix(info, "rust") || strings.Contains(info, "doctest") || strings.HasPrefix(info, "pycon")
}

func executedLine(text string) bool {
	for _, s := range []string{"{{", "{%", "<%", "{#", ">>> ", "--8<--", "!include", "include::", "literalinclude::", "raw::", "doctest::", "testcode::", "testsetup::", "testcleanup::", "testoutput::", "exec::", "output::", "execute::", "plot::", "ipython::", "only::", "ifconfig::",
		"ifdef::", "ifndef::", "ifeval::",
		":::{", "@include", "[[include", "javascript:", "<object", "<embed", "<form", "<style", "<link", "<meta", "<base", " on"} {
		if i := strings.Index(text, s); i >= 0 && (s != " on" || handler(text[i+3:])) {
			return true
		}
	}
	return strings.Contains(text, angleOpen) && directive("html", []byte(text[strings.Index(text, angleOpen):]), false)
}

// handler reports whether text goes on like an HTML event handler behind its "on".
func handler(text string) bool {
	n := 0
	for n < len(text) && text[n] >= 'a' && text[n] <= 'z' {
		n++
	}
	return n > 2 && n < len(text) && text[n] == '='
}
