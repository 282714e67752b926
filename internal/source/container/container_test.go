package container

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

// show writes what was extracted, one thing a line.
func show(f *imports.File) string {
	var out []string
	for _, i := range f.Imports {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", i.Line, i.Kind, i.Specifier, i.Exotic)))
	}
	for _, line := range f.Open {
		out = append(out, fmt.Sprintf("%d open", line))
	}
	if f.Problem != "" {
		out = append(out, fmt.Sprintf("%d %s", f.Line, f.Problem))
	}
	return strings.Join(out, "\n")
}

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"images":  {"ARG V=1.2\nARG W\nFROM a/b:${V} AS one\nFROM --platform=x one AS two\nFROM scratch\nFROM c:$W\nFROM d:${X:-9}\nCOPY --from=one /a /b\nCOPY --from=e:1 /a /b\nCOPY --from=0 /a /b", "3 copy a/b:1.2 image\n7 copy d:9 image\n9 copy e:1 image\n6 open"},
		"sources": {"FROM a\nCOPY go.mod go.sum ./\nADD --chown=1 [\"b c\", \"/d/\"]\n# x\nCOPY e \\\n  f/*.go /g\nADD https://h/i /j\nCOPY $K /l\nCOPY . .\nONBUILD COPY m /n", "1 copy a image\n2 copy go.mod\n2 copy go.sum\n3 copy b c\n5 copy e\n5 copy f/*.go\n10 copy m\n8 open\n9 open"},
		"heredoc": {"FROM a\nCOPY <<EOF /x\nb c\nEOF\nCOPY d <<EOF /x\nEOF\nRUN --mount=type=bind,source=e,target=/f --mount=type=cache,target=/g --mount=from=h,source=i,target=/j ls", "1 copy a image\n5 copy d\n7 copy e\n7 copy h image"},
		"crlf":    {"\xef\xbb\xbfFROM a\r\nCOPY b \\\r\n c /d\r\n", "1 copy a image\n2 copy b\n2 copy c"},
		"bad":     {"FROM a\nNONSENSE b\n", "2 unknown instruction \"nonsense\""},
		"empty":   {"", "1 no FROM instruction"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractCompose(t *testing.T) {
	t.Parallel()
	src := `include:
  - other.yaml
services:
  a:
    build: ./a
  b:
    build: {context: ../b, dockerfile: docker/Dockerfile.dev}
    image: made-here
  c:
    image: redis:${V:-7}
    env_file: [x.env, {path: y.env}]
    volumes:
      - ./conf:/etc/conf
      - data:/data
      - {type: bind, source: ./z, target: /z}
      - .:/all
    extends: {file: base.yaml, service: d}
  e:
    image: f:$G
  h:
    build: https://example.org/i.git
configs:
  j: {file: k.conf}
`
	want := "2 reference other.yaml\n5 reference a/Dockerfile context:./a\n7 reference ../b/docker/Dockerfile.dev context:../b\n10 reference redis:7 image\n" +
		"11 reference x.env\n11 reference y.env\n13 reference ./conf\n15 reference ./z\n17 reference base.yaml\n23 reference k.conf\n19 open"
	if got := show(ExtractCompose([]byte(src))); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := show(ExtractCompose([]byte("services: [\n"))); !strings.HasPrefix(got, "1 ") && !strings.HasPrefix(got, "2 ") {
		t.Errorf("a broken file: %q", got)
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"words":     "FROM a\nCOPY " + strings.Repeat("b ", n),
		"lines":     "FROM a\n" + strings.Repeat("COPY b c\n", n),
		"joined":    "FROM a\nCOPY " + strings.Repeat("b \\\n", n),
		"variables": "ARG A=" + strings.Repeat("$A", 400) + "\nFROM " + strings.Repeat("$A", n),
		"heredocs":  "FROM a\nCOPY " + strings.Repeat("<<A ", n),
		"braces":    "FROM " + strings.Repeat("${", n),
		"yaml":      strings.Repeat("a: {", n),
		"list":      "services:\n" + strings.Repeat(" a: {image: b}\n", n),
		"nul":       strings.Repeat("\x00", n),
		"utf-16":    "\xff\xfeF\x00R\x00",
	}, Extract, ExtractCompose)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "ARG A=b\nFROM ${A:-c} AS d\nCOPY --from=d e f\nRUN --mount=source=g h\nADD <<EOF i\nEOF\n", "services:\n  a:\n    build: {context: b}\n    volumes: [./c:/d]\n")
}

func FuzzExtractCompose(f *testing.F) {
	importstest.Fuzz(f, ExtractCompose, "ARG A=b\nFROM ${A:-c} AS d\nCOPY --from=d e f\nRUN --mount=source=g h\nADD <<EOF i\nEOF\n", "services:\n  a:\n    build: {context: b}\n    volumes: [./c:/d]\n")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	files := importstest.Of(map[string]string{
		"Dockerfile":          "FROM a\nCOPY src/ *.md /x\nCOPY gone /x\nCOPY /README.md /x",
		"README.md":           "",
		"src/a.go":            "",
		"src/b/c.go":          "",
		"srcs":                "",
		"svc/Dockerfile":      "FROM a\nCOPY README.md svc/main.go /x",
		"svc/main.go":         "",
		"svc/README.md":       "",
		"own/Dockerfile":      "FROM a\nCOPY main.go /x",
		"own/main.go":         "",
		"main.go":             "",
		"docker/x.Dockerfile": "FROM a\nCOPY main.go /x",
		"docker/main.go":      "",
		"docker/compose.yaml": "services:\n  x:\n    build: {context: .., dockerfile: docker/x.Dockerfile}\n    volumes: [../src:/src]\n  y:\n    image: z\n",
	}, Languages()...)
	r, _ := newResolver(files)
	importstest.Suite(t, Languages(), files.Files)
	for from, want := range map[string]string{
		"Dockerfile":          "image:a src/a.go src/b/c.go README.md ?gone README.md",
		"svc/Dockerfile":      "image:a README.md svc/main.go",
		"own/Dockerfile":      "image:a own/main.go",
		"docker/x.Dockerfile": "image:a main.go",
		"docker/compose.yaml": "docker/x.Dockerfile src/a.go src/b/c.go image:z",
	} {
		if got := files.Edges(r, from); got != want {
			t.Errorf("%s needs %s, want %s", from, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]bool{"compose.yaml": true, "a/docker-compose.override.yml": true, "docker-compose-dev.yml": true, "composer.yaml": false,
		"compose.json": false, "my-compose.yaml": false} {
		if isCompose(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
}
