package manifest

import "testing"

func TestCanonicalDocumentKeepsFractions(t *testing.T) {
	t.Parallel()
	doc := map[string]any{"cpu": 0.5, "big": 1e21, "n": 3}
	got, err := CanonicalDocument(doc)
	if err != nil || string(got) != `{"big":1e+21,"cpu":0.5,"n":3}` {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := CanonicalJSON(doc); err == nil {
		t.Error("CanonicalJSON took a fraction")
	}
}
