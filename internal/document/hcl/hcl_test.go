package hcl

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"main.tf": true, "MAIN.TF": true, "a.tofu": true, "prod.tfvars": true, "x.pkr.hcl": true, "terragrunt.hcl": true,
		".terraform.lock.hcl": true, ".tf": false, "a.tftpl": false, "a.tf.json": false, "a.tfstate": false, "tf": false,
	} {
		if Match(name) != want {
			t.Errorf("Match(%q) = %t", name, !want)
		}
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", `{}`},
		{"resource", "resource \"a\" \"b\" {\n  c = true\n}\n", `{"resource":{"a":{"b":[{"c":true}]}}}`},
		{"bare labels", "resource a b {}\n", `{"resource":{"a":{"b":[{}]}}}`},
		{"repeated", "locals { a = 1 }\nlocals { b = 2 }\n", `{"locals":[{"a":1},{"b":2}]}`},
		{"two names", "x \"a\" {}\nx \"b\" {}\n", `{"x":{"a":[{}],"b":[{}]}}`},
		{"nested blocks", "a {\n  b {\n    c = null\n  }\n  b {}\n}\n", `{"a":[{"b":[{"c":null},{}]}]}`},
		{"numbers", "a = 1\nb = -1.5\nc = 1e3\nd = 123456789012345678901\ne = 1e999\nf = 0.1\n",
			`{"a":1,"b":-1.5,"c":1000,"d":123456789012345678901,"e":"${1e999}","f":0.1}`},
		{"strings", `a = "x\ny"` + "\n" + `b = "p-${var.x}-q"` + "\n" + `c = "${var.x}"` + "\n" + `d = "$${literal}"` + "\n" + `e = "${"in"}"` + "\n",
			`{"a":"x\ny","b":"p-${var.x}-q","c":"${var.x}","d":"$${literal}","e":"in"}`},
		{"directives", "a = \"%{if x}y%{else}z%{endif} %{for v in l}${v},%{endfor}\"\n",
			`{"a":"%{if x}y%{else}z%{endif} %{for v in l}${v},%{endfor}"}`},
		{"heredoc", "a = <<E\n  x ${y}\nE\nb = <<-E\n  x\n   y\n  E\n", `{"a":"  x ${y}\n","b":"x\n y\n"}`},
		{"expressions", "a = var.x[0]\nb = f(1, 2)\nc = x ? 1 : 2\nd = [for v in l : v]\ne = (1)\nf = (1 + 2)\ng = !x\nh = -x\ni = -null\n",
			`{"a":"${var.x[0]}","b":"${f(1, 2)}","c":"${x ? 1 : 2}","d":"${[for v in l : v]}","e":1,"f":"${1 + 2}","g":"${!x}","h":"${-x}","i":"${-null}"}`},
		{"objects", "a = {\n  b = 1, \"c d\" : [x, \"y\"]\n  (k) = 2\n  \"p-${q}\" = 3\n  e.f = 4\n  5 = 6\n}\n",
			`{"a":{"${(k)}":2,"5":6,"b":1,"c d":["${x}","y"],"e.f":4,"p-${q}":3}}`},
		{"carriage returns", "a = 1\r\nb {\r\n}\r\n", `{"a":1,"b":[{}]}`},
		{"comments", "# a\n// b\n/* c */ d = 1 # e\n", `{"d":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trees := Parse("a.tf", []byte(tt.text))
			got, err := json.Marshal(trees[0].Value)
			if err != nil || trees[0].Error != "" || unescape(string(got)) != tt.want {
				t.Errorf("got  %s\nwant %s\nerror %q %v", got, tt.want, trees[0].Error, err)
			}
		})
	}
}

func unescape(s string) string {
	return strings.NewReplacer(`\u003e`, ">", `\u003c`, "<", `\u0026`, "&").Replace(s)
}

func TestLines(t *testing.T) {
	t.Parallel()
	text := "resource \"a\" \"b\" {\n  tags = {\n    x = 1\n  }\n  list = [\n    1,\n    { y = 2 },\n  ]\n  n {}\n  n {\n    z = 1\n  }\n}\nresource \"a\" \"c\" {}\n"
	places := Parse("a.tf", []byte(text))[0].Places
	for pointer, want := range map[string]int{
		"": 1, "/resource/a/b": 1, "/resource/a/b/0/tags/x": 3, "/resource/a/b/0/list/1/y": 7, "/resource/a/b/0/n/1": 10,
		"/resource/a/b/0/n/1/z": 11, "/resource/a/c/0": 14, "/resource/a/b/0/n/1/missing/deep": 10, "/resource": 1, "/other": 1,
	} {
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
		{"a = 1\n\nb = [1\n", 3, "tuple"},
		{"a = 1\na = 2\n", 2, "redefined"},
		{"x \"y\" {\n", 1, "Unclosed"},
		{"a = 1\nx {}\nx \"l\" {}\n", 3, "labels"},
		{"x \"l\" {}\nx {}\n", 2, "labels"},
		{"x \"l\" {}\nx \"l\" \"m\" {}\n", 2, "labels"},
		{"x {}\nx = 1\n", 2, "argument and a block"},
		{"a = \"x\n", 1, ""},
		{"\n<<\n", 2, ""},
		{"a = " + strings.Repeat("9", 1001), 1, "digits"},
		{"\"quoted\" = 1\n", 1, ""},
	} {
		got := Parse("a.tf", []byte(tt.text))
		if len(got) != 1 || got[0].Value != nil || got[0].Line != tt.line || !strings.Contains(got[0].Error, tt.want) || got[0].Error == "" {
			t.Errorf("Parse(%.20q) = %+v, want %q on line %d", tt.text, got, tt.want, tt.line)
		}
	}
}

// TestHostile reads what would exhaust the stack of a parser that follows it.
func TestHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	for name, text := range map[string]string{
		"dense":      "a = 1" + strings.Repeat("+1", maxTokens/2),
		"huge":       strings.Repeat("a = 1 # x\n", maxBytes/10+1),
		"tuples":     "a = " + strings.Repeat("[", n),
		"blocks":     strings.Repeat("a {\n", n),
		"calls":      "a = " + strings.Repeat("f(", n),
		"templates":  "a = " + strings.Repeat(`"${`, n),
		"directives": `a = "` + strings.Repeat("%{if x}", n),
		"signs":      "a = " + strings.Repeat("!", n),
		"apart":      "a = (" + strings.Repeat("-\n# c\n", n),
		"ternaries":  "a = " + strings.Repeat("x ? ", n),
		"splats":     "a = x" + strings.Repeat("[*]", n),
		"indexes":    "a = " + strings.Repeat("a[", n),
		"mismatched": "a = " + strings.Repeat("[)", n),
		"closed":     "a = " + strings.Repeat(")", n) + strings.Repeat("(", n),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Parse("a.tf", []byte(text)); len(got) != 1 || got[0].Error == "" {
				t.Errorf("%.20q... was read", text)
			}
		})
	}
}

// TestLong reads what is large and harmless.
func TestLong(t *testing.T) {
	t.Parallel()
	const n = 20_000
	for name, text := range map[string]string{
		"sum":       "a = 1" + strings.Repeat(" + 1", n),
		"indexes":   "a = a" + strings.Repeat("[0]", n),
		"traversal": "a = a" + strings.Repeat(".b", n),
		"list":      "a = [" + strings.Repeat("1,", n) + "]",
		"blocks":    strings.Repeat("a \"b\" {}\n", n),
		"string":    "a = \"" + strings.Repeat("x${y}", n) + "\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Parse("a.tf", []byte(text)); len(got) != 1 || got[0].Error != "" {
				t.Errorf("%+v", got[0].Error)
			}
		})
	}
}
