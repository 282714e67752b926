package trust

import (
	"errors"
	"strings"
	"testing"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	for want, i := range map[string]Identity{
		"https://adamant.dev/id/shop/gate":                                   Gate("shop"),
		"https://adamant.dev/id/shop/operator/ada":                           Operator("shop", "ada"),
		"https://adamant.dev/id/shop/builder/workstation/b1":                 Builder("shop", BuilderWorkstation, "b1"),
		"https://adamant.dev/id/shop/agent/coder":                            Agent("shop", "coder", "", ""),
		"https://adamant.dev/id/shop/agent/coder?task=a%26b&model=m%2F1+%25": Agent("shop", "coder", "a&b", "m/1 %"),
	} {
		if i.String() != want {
			t.Errorf("%s, not %s", i, want)
		}
		if back, err := ParseIdentity(want); err != nil || back != i {
			t.Errorf("%s: %+v, %v", want, back, err)
		}
	}
	for _, uri := range []string{
		"", "https://adamant.dev/id/", "https://adamant.dev/id/shop", "https://adamant.dev/id/shop/", "https://adamant.dev/id/shop/root",
		"https://adamant.dev/id/shop/gate/x", "https://adamant.dev/id/shop/gate?task=1", "https://adamant.dev/id/shop/operator",
		"https://adamant.dev/id/shop/operator/a/b", "https://adamant.dev/id/shop/builder/b1", "https://adamant.dev/id/shop/builder/m/b/c",
		"https://adamant.dev/id/shop/agent/a?model=m&task=t", "https://adamant.dev/id/shop/agent/a?task=t&x=1",
		"https://adamant.dev/id/shop/agent/%61", "https://adamant.dev/id/../agent/a", "https://adamant.dev/id/shop/agent/a?task=%zz",
		"https://adamant.dev/id/shop/agent/a?task=" + strings.Repeat("t", 129), "https://adamant.dev/id/shop/operator/ada#x",
	} {
		if i, err := ParseIdentity(uri); !errors.Is(err, ErrIdentity) {
			t.Errorf("%q is accepted as %+v", uri, i)
		}
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(Agent("shop", "coder", "a&b", "m/1 %").String())
	f.Add(Builder("shop", BuilderDedicated, "b").String())
	f.Fuzz(func(t *testing.T, uri string) {
		if i, err := ParseIdentity(uri); err == nil && i.String() != uri {
			t.Errorf("two spellings: %q and %q", uri, i)
		}
	})
}
