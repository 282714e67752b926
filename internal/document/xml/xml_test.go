package xml

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document/format/formattest"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"pom.xml": true, "a.csproj": true, "Directory.Build.props": true, "app.props": false, "a.svg": false, ".xml": false} {
		if Match(name) != want {
			t.Errorf("Match(%q) = %t", name, !want)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"text", "<a> x </a>", `{"a":"x"}`},
		{"empty", "<a/>", `{"a":""}`},
		{"attributes", `<a b="1" xmlns="u" xmlns:c="v" c:d="2">x</a>`, `{"a":{"#content":"x","-b":"1","-c":"v","-d":"2","-xmlns":"u"}}`},
		{"attributes of one name", `<a x:b="1" y:b="2" z:b="3"/>`, `{"a":{"-b":["1","2","3"]}}`},
		{"children", "<a><b>1</b><c/><b>2</b></a>", `{"a":{"b":["1","2"],"c":""}}`},
		{"mixed", "<a>x <b>y</b> z</a>", `{"a":{"#content":"x  z","b":"y"}}`},
		{"prologue", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!DOCTYPE a>\r\n<!-- c -->\r\n<a><![CDATA[<x>]]>&amp;&#65;</a>\r\n", `{"a":"\u003cx\u003e\u0026A"}`},
		{"ascii by another name", `<?xml version="1.0" encoding="iso-8859-1"?><a>x</a>`, `{"a":"x"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trees := Parse("a.xml", []byte(tt.text))
			got, err := json.Marshal(trees[0].Value)
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %s %s\nwant %s %v", got, trees[0].Error, tt.want, err)
			}
		})
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	places := Parse("pom.xml", []byte("<?xml version=\"1.0\"?>\n<project>\n <d\n  x=\"1\">\n  <v>1</v>\n </d>\n <d>\n  <v>2</v></d>\n</project>\n"))[0].Places
	for pointer, want := range map[string]int{"": 1, "/project": 2, "/project/d": 3, "/project/d/0/-x": 3, "/project/d/0/v": 5, "/project/d/1/v": 8} {
		if got := places.LineOf(pointer); got != want {
			t.Errorf("%s is on line %d, want %d", pointer, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		line int
		want string
	}{
		{"", 1, "no element"},
		{"<a>\n<b>\n</a>", 3, "b"},
		{"<a/>\n<b/>", 2, "second root"},
		{"<a>\n&secret;</a>", 2, "entity"},
		{"<!DOCTYPE a [<!ENTITY x \"y\">]>\n<a>&x;</a>", 2, "entity"},
		{"<?xml version=\"1.0\" encoding=\"latin1\"?><a>\u00e9</a>", 1, "latin1"},
		{strings.Repeat("<a>", 100_000), 1, "nested more than"},
	} {
		got := Parse("a.xml", []byte(tt.text))
		if len(got) != 1 || got[0].Value != nil || got[0].Line != tt.line || !strings.Contains(got[0].Error, tt.want) {
			t.Errorf("Parse(%.30q) = %+v, want %q on line %d", tt.text, got, tt.want, tt.line)
		}
	}
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{{ "<?xml" }}<a>`, "<% x %><a/>", "{% if x < y %}<a/>"} {
		if got := Parse("rss.xml", []byte(text)); got != nil {
			t.Errorf("Parse(%q) = %+v", text, got)
		}
	}
	if got := Parse("a.xml", []byte("<a>{{x}}</a>")); len(got) != 1 || got[0].Error != "" {
		t.Errorf("XML with braces: %+v", got)
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "<a b='1'>x<c/><c>y</c></a>", "<?xml version='1.0' encoding='utf-16'?><a/>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><![CDATA[x]]></a>", "<a:b c:d='e'/>", "<a>]]></a>")
}
