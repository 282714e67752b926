package catalog

import (
	"strings"
	"testing"
)

func TestIsURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://example.com/x?y#z", "mailto:a@b", "http://[::1]:80/", "http://1.2.3", "http://999999999", "file:///x", "file://h/x", "javascript:1", "x:", "http:x",
		" https://x ", "https:\\\\x", "http://user:pa ss@x", "http://x:", "http://exa_mple.com", "http://ex%41mple", "http://\u00fc.de", "http://a..b", "foo://[::1]/", "foo://a%zz", "http://0x7f.1", "http://co\u00ad.example"} {
		if !isURL(good) {
			t.Errorf("isURL(%q) = false", good)
		}
	}
	for _, bad := range []string{"", "not a url", "/docs", "//x", "://x", "1http://x", "http://", "http:///", "http://a b", "http://[::g]", "http://1.2.3.256", "http://1.2.3.4.5", "http://4294967296", "http://a:99999", "http://a:80x",
		"http://:80", "http://a^b", "http://ex%20ample", "http://a%2fb", "foo://a b", "foo://x:80a", "ht tp://x", "http://a.08", "file://a b", "http://%"} {
		if isURL(bad) {
			t.Errorf("isURL(%q) = true", bad)
		}
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for name, c := range map[string]struct {
		ok        func(string) bool
		good, bad []string
	}{
		"name":       {isName, []string{"a", "A.b_c-d", "a--b", long}, []string{"", "-a", "a-", "a b", "é", long + "a", "a/b"}},
		"label":      {isLabel, []string{"a", "a-1", "a--b"}, []string{"", "A", "a.b", "-a", "a-", "a_b"}},
		"key":        {isKey, []string{"a", "a.b/c", "example.com/A_b"}, []string{"", "a/", "/a", "a/b/c", "Example.com/x", long + "a", strings.Repeat("a.", 127) + "a/b"}},
		"apiVersion": {isAPIVersion, []string{"v1", "backstage.io/v1alpha1"}, []string{"", "1.0", "a/b/c", "a/", "A/v1"}},
		"kind":       {isKind, []string{"API", "a1"}, []string{"", "1a", "a-b", long + "a"}},
		"tag":        {isTag, []string{"go", "c++", "c#", "a:b-c"}, []string{"", "A", "a b", "a--b", "-a", "a-", "a.b"}},
		"blank":      {isBlank, []string{"", " \t\u00a0\ufeff\u2003"}, []string{"a", " a ", "\u0085"}},
	} {
		for _, s := range c.good {
			if !c.ok(s) {
				t.Errorf("%s: %q is refused", name, s)
			}
		}
		for _, s := range c.bad {
			if c.ok(s) {
				t.Errorf("%s: %q is taken", name, s)
			}
		}
	}
}
