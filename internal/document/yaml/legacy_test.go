package yaml

import "testing"

// What Kubernetes takes for true must not be text for the rules.
func TestLegacyBooleans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, text string
		want       any
	}{
		{"a.yaml", "apiVersion: v1\nkind: Pod\nx: yes", true},
		{"compose.yaml", "x: yes", true},
		{"docker-compose.yml", "x: on", true},
		{".github/workflows/a.yaml", "x: yes", "yes"},
		{"a.yaml", "apiVersion: adamant.dev/v1\nkind: Waiver\nx: yes", "yes"},
		{"a.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nx: yes", "yes"},
	} {
		if got := Parse(tt.path, []byte(tt.text))[0].Value.(map[string]any)["x"]; got != tt.want {
			t.Errorf("%s %q: %#v", tt.path, tt.text, got)
		}
	}
}
