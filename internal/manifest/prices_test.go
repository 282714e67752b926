package manifest

import (
	"strings"
	"testing"
)

func TestLoadPrices(t *testing.T) {
	t.Parallel()
	head := `{"apiVersion":"adamant.dev/v1","kind":"Prices","metadata":{"name":"prices"},"spec":{"models":[`
	for _, c := range []struct{ name, models, want string }{
		{"fine", `{"model":"claude-*","from":"2026-10-01","rates":{"input":"3","output":"15.00","cacheRead":"0.075"},"above":[{"tokens":200000,"rates":{"input":"6","output":"22.5"}}],"tiers":{"priority":2000}}`, ""},
		{"a number is no decimal", `{"model":"m","rates":{"input":3,"output":"15"}}`, "input"},
		{"too fine", `{"model":"m","rates":{"input":"0.0000001","output":"15"}}`, "want US dollars"},
		{"negative", `{"model":"m","rates":{"input":"-1","output":"15"}}`, "want US dollars"},
		{"exponent", `{"model":"m","rates":{"input":"1e3","output":"15"}}`, "want US dollars"},
		{"no output", `{"model":"m","rates":{"input":"1"}}`, "output"},
		{"twice", `{"model":"m","rates":{"input":"1","output":"1"}},{"model":"m","rates":{"input":"2","output":"1"}}`, "two prices"},
		{"falling steps", `{"model":"m","rates":{"input":"1","output":"1"},"above":[{"tokens":2,"rates":{"input":"1","output":"1"}},{"tokens":1,"rates":{"input":"1","output":"1"}}]}`, "must rise"},
		{"a factor of nothing", `{"model":"m","rates":{"input":"1","output":"1"},"tiers":{"flex":0}}`, "thousandths"},
		{"a typo", `{"model":"m","rates":{"input":"1","output":"1","cache":"1"}}`, "cache"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, problems := LoadPrices("prices.json", []byte(head+c.models+"]}}"))
			told := ""
			for _, p := range problems {
				told += p.Error() + "\n"
			}
			if (c.want == "") != (told == "") || !strings.Contains(told, c.want) {
				t.Errorf("got %q, want %q", told, c.want)
			}
		})
	}
}

func TestGatewaySettings(t *testing.T) {
	t.Parallel()
	provider := "- name: a\n        api: anthropic\n        baseURL: https://api.example.com\n        models: ['*']\n        "
	for _, c := range []struct{ name, text, want string }{
		{"fine", provider + "key: {env: KEY}", ""},
		{"no key", provider + "billing: free", ""},
		{"a login", provider + "login: claude", ""},
		{"two places", provider + "key: {env: KEY, file: /k}", "in one place"},
		{"no place", provider + "key: {}", "in one place"},
		{"a file in the repository", provider + "key: {file: keys/a}", "never are in the repository"},
		{"key and login", provider + "key: {env: KEY}\n        login: claude", "not both"},
		{"a login over another format", provider + "login: chatgpt", "openai-responses"},
		{"a metered login", provider + "login: claude\n        billing: metered", "subscription"},
		{"twice", provider + "billing: free\n      " + provider + "billing: free", "declared twice"},
		{"a key over plain http", strings.Replace(provider, "https://", "http://", 1) + "key: {env: KEY}", "plain http"},
		{"plain http without a key", strings.Replace(provider, "https://", "http://", 1) + "billing: free", ""},
		{"plain http to this machine", strings.Replace(provider, "https://api.example.com", "http://127.0.0.1:1", 1) + "key: {env: KEY}", ""},
		{"a key in the address", strings.Replace(provider, "https://", "https://key@", 1) + "billing: free", "no user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec:\n  gateway:\n    providers:\n      " + c.text + "\n"
			_, problems := LoadRepository("adamant.yaml", []byte(text))
			told := ""
			for _, p := range problems {
				told += p.Error() + "\n"
			}
			if (c.want == "") != (told == "") || !strings.Contains(told, c.want) {
				t.Errorf("got %q, want %q", told, c.want)
			}
		})
	}
}
