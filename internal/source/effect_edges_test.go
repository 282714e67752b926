package source

import "testing"

// TestEffectOfAbsentFiles: an empty file that appears is a change; __init__.py makes a package.
func TestEffectOfAbsentFiles(t *testing.T) {
	t.Parallel()
	cases := []struct {
		class         string
		before, after []byte
		want          string
	}{
		{ClassSource, nil, []byte{}, EffectCode},
		{ClassSource, []byte{}, nil, EffectCode},
		{ClassSource, nil, []byte("# x"), EffectCode},
		{ClassSource, []byte{}, []byte{}, EffectNone},
		{ClassDoc, nil, []byte("a"), EffectDoc},
		{ClassDoc, []byte("a"), nil, EffectDoc},
		{ClassDoc, nil, []byte("{{ a }}"), EffectCode},
	}
	for _, c := range cases {
		if got := Effect("python", c.class, c.before, c.after); got != c.want {
			t.Errorf("%s: %q to %q: %s, want %s", c.class, c.before, c.after, got, c.want)
		}
		if got := EffectOf(analysed(c.class, c.before), analysed(c.class, c.after)); got != c.want {
			t.Errorf("%s: %q to %q analysed: %s, want %s", c.class, c.before, c.after, got, c.want)
		}
	}
}

func analysed(class string, data []byte) *Analysis {
	if data == nil {
		return nil
	}
	return Analyse("python", class, "a", data)
}

// TestEmptyFile: a file that exists and is empty may come as nil bytes.
func TestEmptyFile(t *testing.T) {
	t.Parallel()
	if got := EffectOf(Analyse("python", ClassSource, "a", nil), Analyse("python", ClassSource, "a", []byte("# x"))); got != EffectComment {
		t.Errorf("a comment in an empty file: %s", got)
	}
}

// TestTrojanSource: what people cannot see makes any change of the file code, a mere comment too.
func TestTrojanSource(t *testing.T) {
	t.Parallel()
	for _, hidden := range []string{"\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\u2028", "\u0085", "\u3164", "\u00ad", "\U000e0001", "\ufe01", "\u00a0", "\x1b[8m", "\x00", "\xff", "a\ufe0f"} {
		after := "package p\n// " + hidden + "\n"
		if got := Effect("go", ClassSource, []byte("package p\n"), []byte(after)); got != EffectCode {
			t.Errorf("%q in a comment: %s", hidden, got)
		}
		if got := Effect("go", ClassSource, []byte(after), []byte(after+"\n")); got != EffectCode {
			t.Errorf("%q there already: %s", hidden, got)
		}
	}
	for _, name := range []string{"p\u0430ss", "\u0430\u0441\u0435", "\u0391", "\uff41b"} {
		before := "package p\nvar " + name + " int\n"
		if got := Effect("go", ClassSource, []byte(before), []byte(before+"// x\n")); got != EffectCode {
			t.Errorf("name %q: %s", name, got)
		}
	}
	if got := Effect("go", ClassSource, []byte("package p\nvar \u0434\u043b\u0438\u043d\u0430 int\n"), []byte("package p\nvar \u0434\u043b\u0438\u043d\u0430 int // \u0434\n")); got != EffectComment {
		t.Errorf("an honest Russian name: %s", got)
	}
}
