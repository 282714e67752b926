package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// evaluate answers an expression of Rego as JSON; an error of a function is an error.
func evaluate(t *testing.T, expression string) (string, error) {
	t.Helper()
	find := func(text string) (string, bool) { return "a key", strings.Contains(text, "hunter2") }
	list := append(append(host.Pure(), host.Corpus(find)...), host.Config(func(d *document.Document) (*ast.Term, error) {
		v, err := ast.InterfaceToValue(d.Value)
		return ast.NewTerm(v), err
	})...)
	options := []func(*rego.Rego){rego.Query("x = " + expression), rego.StrictBuiltinErrors(true)}
	for _, f := range list {
		options = append(options, f.Func)
	}
	rs, err := rego.New(options...).Eval(context.Background())
	if err != nil || len(rs) != 1 {
		return "", err
	}
	v, err := ast.InterfaceToValue(rs[0].Bindings["x"])
	if err != nil {
		t.Fatal(err)
	}
	return v.String(), nil
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`cidr.count_addresses("*")`:                                                       "18446744073709551615",
		`cidr.count_addresses("10.0.0.0/30")`:                                             "4",
		`cidr.count_addresses("10.0.0.9")`:                                                "1",
		`cidr.count_addresses("::/0")`:                                                    "18446744073709551615",
		`cidr.count_addresses("10.0.0.0/33")`:                                             "0",
		`cidr.is_public("Internet")`:                                                      "true",
		`cidr.is_public("0.0.0.0/0")`:                                                     "true",
		`cidr.is_public("10.0.0.0/8")`:                                                    "false",
		`cidr.is_public("10.0.0.0/7")`:                                                    "true",
		`cidr.is_public("100.64.0.0/10")`:                                                 "false",
		`cidr.is_public("::ffff:192.168.0.1")`:                                            "false",
		`cidr.is_public("fd00::/8")`:                                                      "false",
		`cidr.is_public("2001:db8::1")`:                                                   "true",
		`cidr.is_public("10.0.0.1 - 11.0.0.1")`:                                           "true",
		`cidr.is_public("10.0.0.1-10.0.0.9")`:                                             "false",
		`cidr.is_public("nowhere")`:                                                       "false",
		`ec.purl.is_valid("pkg:npm/left-pad@1.3")`:                                        "true",
		`ec.purl.is_valid("npm/left-pad")`:                                                "false",
		`ec.purl.parse("pkg:deb/debian/curl@7?a=b#p").qualifiers`:                         `[{"key": "a", "value": "b"}]`,
		`ec.purl.parse("pkg:deb/debian/curl@7").namespace`:                                `"debian"`,
		`sh.parse_commands("")`:                                                           "[]",
		`sh.parse_commands("A=1 apt-get update && (apt install -y curl >x; echo $(id))")`: `[["apt-get", "update"], ["apt", "install", "-y", "curl"], ["echo", "$(id)"], ["id"]]`,
		`isManaged({})`:                                                                   "true",
		`isManaged({"__defsec_metadata": {"managed": false}})`:                            "false",
		`result.new("m", {"StartLine": 3}).startline`:                                     "3",
		`result.new("m", {"__defsec_metadata": {"parent": {"filepath": "f"}}}).parent.filepath`: `"f"`,
		`result.new("m", 1).msg`:                        `"m"`,
		`squealer.scan_string("hunter2")`:               `{"description": "a key", "transgressionFound": true}`,
		`squealer.scan_string("hi").transgressionFound`: "false",
		`parse_config("yaml", "a: 1")`:                  `{"a": 1}`,
		`parse_config("json", "{\"a\": [1]}").a`:        "[1]",
		`parse_config("dotenv", "A=1")`:                 `{"A": "1"}`,
	} {
		got, err := evaluate(t, expression)
		if err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", expression, got, want, err)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]string{
		`sh.parse_commands("if")`:      "sh.parse_commands: 1:1",
		`ec.purl.parse("x")`:           "ec.purl.parse: ",
		`parse_config("yaml", "a: [")`: "config.yaml:1: ",
		`parse_config("edn", "{}")`:    "config.edn is in no format",
		`cidr.is_public(input)`:        "",
	} {
		got, err := evaluate(t, expression)
		if got != "" || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s is %q, error %v, want an error with %q", expression, got, err, want)
		}
	}
}

func FuzzParseCommands(f *testing.F) {
	f.Add("a && b | c; $(d) `e` <<EOF\nx\nEOF\n")
	f.Add("ec.purl pkg:npm/a@1?x=y#z 10.0.0.0/8-::1")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"sh.parse_commands", "ec.purl.parse", "cidr.is_public", "cidr.count_addresses"} {
			first, err := evaluate(t, name+"("+ast.StringTerm(text).String()+")")
			again, errAgain := evaluate(t, name+"("+ast.StringTerm(text).String()+")")
			if first != again || (err == nil) != (errAgain == nil) {
				t.Errorf("%s(%q) is %s, then %s", name, text, first, again)
			}
		}
	})
}
