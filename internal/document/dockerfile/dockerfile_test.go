package dockerfile

import (
	"encoding/json"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"words and stages", "ARG V=1\nfrom --platform=linux/amd64 a:1 AS b\nCOPY --from=b x \"y z\" /\nFROM c\n", `[
{"cmd":"arg","flags":[],"json":false,"line":1,"stage":-1,"sub":"","value":["V=1"]},
{"cmd":"from","flags":["--platform=linux/amd64"],"json":false,"line":2,"stage":0,"sub":"","value":["a:1","AS","b"]},
{"cmd":"copy","flags":["--from=b"],"json":false,"line":3,"stage":0,"sub":"","value":["x","y z","/"]},
{"cmd":"from","flags":[],"json":false,"line":4,"stage":1,"sub":"","value":["c"]}]`},
		{"continuation", "FROM a\r\nRUN x && \\ \n\n # comment\n\ty\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"run","flags":[],"json":false,"line":2,"stage":0,"sub":"","value":["x && \ty"]}]`},
		{"escape directive", "# escape=`\nFROM a\nRUN dir c:\\ `\n more\n", `[
{"cmd":"from","flags":[],"json":false,"line":2,"stage":0,"sub":"","value":["a"]},
{"cmd":"run","flags":[],"json":false,"line":3,"stage":0,"sub":"","value":["dir c:\\  more"]}]`},
		{"exec form", "FROM a\nCMD [\"x\", \"y\"]\nENTRYPOINT [x]\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"cmd","flags":[],"json":true,"line":2,"stage":0,"sub":"","value":["x","y"]},
{"cmd":"entrypoint","flags":[],"json":false,"line":3,"stage":0,"sub":"","value":["[x]"]}]`},
		{"onbuild", "FROM a\nONBUILD RUN --network=none x\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"onbuild","flags":["--network=none"],"json":false,"line":2,"stage":0,"sub":"run","value":["x"]}]`},
		{"env", "FROM a\nENV A=\"x y\" B=z\nENV C the rest\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"env","flags":[],"json":false,"line":2,"stage":0,"sub":"","value":["A=x y","B=z"]},
{"cmd":"env","flags":[],"json":false,"line":3,"stage":0,"sub":"","value":["C=the rest"]}]`},
		{"heredoc", "FROM a\nRUN <<-'E' sh\n\tUSER not\n\tE\nUSER b\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"run","flags":[],"json":false,"line":2,"stage":0,"sub":"","value":["<<-'E' sh","USER not\n"]},
{"cmd":"user","flags":[],"json":false,"line":5,"stage":0,"sub":"","value":["b"]}]`},
		{"shift is no heredoc", "FROM a\nRUN echo $((1<<2)) \"<<X\" <<<y\n", `[
{"cmd":"from","flags":[],"json":false,"line":1,"stage":0,"sub":"","value":["a"]},
{"cmd":"run","flags":[],"json":false,"line":2,"stage":0,"sub":"","value":["echo $((1<<2)) \"<<X\" <<<y"]}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			trees := Parse("Dockerfile", []byte(tt.text))
			if len(trees) != 1 || trees[0].Error != "" {
				t.Fatalf("Parse = %+v", trees)
			}
			got, _ := json.Marshal(trees[0].Value)
			if want := compact(t, tt.want); string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func compact(t *testing.T, s string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                             "no FROM instruction",
		"RUN x\nFROM a\n":              "RUN stands before the first FROM",
		"FROM a\nRUNN x\n":             `unknown instruction "runn"`,
		"FROM a\nONBUILD FROM b\n":     `ONBUILD cannot hold "from"`,
		"FROM a\nRUN <<E\nUSER root\n": "heredoc E is not closed",
	} {
		trees := Parse("Dockerfile", []byte(text))
		if len(trees) != 1 || trees[0].Error != want {
			t.Errorf("Parse(%q) = %+v, want error %q", text, trees, want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"Dockerfile": true, "Dockerfile.dev": true, "api.dockerfile": true, "Containerfile": true,
		"Dockerfile.md": false, "dockerfile.go": false, "Dockerfilex": false} {
		if got := Match(name); got != want {
			t.Errorf("%s is a Dockerfile: %v, want %v", name, got, want)
		}
	}
}
