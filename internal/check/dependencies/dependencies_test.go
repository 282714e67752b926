package dependencies

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func render(packages []Package) string {
	var out []string
	for _, p := range packages {
		s := fmt.Sprintf("%d %s %s", p.Line, p.Name, p.Version)
		if p.License != "" {
			s += " " + p.License
		}
		if p.Indirect {
			s += " indirect"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

const goModText = `module a.example/m

go 1.26

require (
	b.example/x v1.2.3
	c.example/y/v2 v2.0.0-20240102030405-abcdefabcdef // indirect
)

require d.example/z v0.1.0

replace b.example/x => e.example/fork v1.2.4

replace d.example/z => ../z
`

const lock3 = `{
  "name": "app",
  "lockfileVersion": 3,
  "packages": {
    "": {"name": "app", "dependencies": {"left": "^1"}},
    "node_modules/left": {
      "version": "1.0.1",
      "license": "MIT"
    },
    "node_modules/@s/right": {"version": "2.0.0-rc.1", "license": {"type": "ISC"}},
    "node_modules/left/node_modules/deep": {"version": "3.0.0"},
    "node_modules/alias": {"name": "real", "version": "4.0.0"},
    "node_modules/web": {"resolved": "packages/web", "link": true},
    "packages/web": {"version": "0.0.1"}
  }
}
`

const lock1 = `{
  "lockfileVersion": 1,
  "dependencies": {
    "left": {
      "version": "1.0.1",
      "dependencies": {
        "deep": {
          "version": "3.0.0"
        }
      }
    },
    "fork": {"version": "github:a/b#c"},
    "alias": {"version": "npm:real@4.0.0"}
  }
}
`

func TestLocked(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"go.mod", "a/go.mod", goModText, "7 c.example/y/v2 v2.0.0-20240102030405-abcdefabcdef indirect; 6 e.example/fork v1.2.4"},
		{"package-lock 3", "package-lock.json", lock3, "10 @s/right 2.0.0-rc.1 ISC; 11 deep 3.0.0; 6 left 1.0.1 MIT; 12 real 4.0.0"},
		{"package-lock 1", "package-lock.json", lock1, "7 deep 3.0.0; 4 left 1.0.1; 13 real 4.0.0"},
		{"pnpm 9", "pnpm-lock.yaml", "lockfileVersion: '9.0'\n\nimporters:\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\n\npackages:\n\n  '@s/a@1.2.3':\n    resolution: {integrity: x}\n  b@2.0.0(c@3.0.0): {}\n  d@file:../d:\n    x: y\nsnapshots:\n  z@9.9.9: {}\n", "11 @s/a 1.2.3; 13 b 2.0.0"},
		{"pnpm 6", "pnpm-lock.yaml", "lockfileVersion: '6.0'\npackages:\n  /@s/a@1.2.3:\n    x: y\n  /b@2.0.0(c@3.0.0):\n    x: y\n", "3 @s/a 1.2.3; 5 b 2.0.0"},
		{"pnpm 5", "pnpm-lock.yaml", "lockfileVersion: 5.4\npackages:\n  /@s/a/1.2.3:\n    x: y\n  /b_b/2.0.0_c@3.0.0:\n    x: y\n", "3 @s/a 1.2.3; 5 b_b 2.0.0"},
		{"yarn 1", "yarn.lock", "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.2.3\"\n  resolved \"x\"\n\nb@^2:\n  version \"2.0.0\"\n  dependencies:\n    version \"^9\"\n\nal@npm:real@^4:\n  version \"4.0.0\"\n", "3 @s/a 1.2.3; 7 b 2.0.0; 12 real 4.0.0"},
		{"yarn 2", "yarn.lock", "__metadata:\n  version: 8\n\n\"@s/a@npm:^1.0.0, @s/a@npm:^1.1.0\":\n  version: 1.2.3\n  resolution: \"@s/a@npm:1.2.3\"\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n", "4 @s/a 1.2.3"},
		{"requirements", "requirements-dev.txt", "# c\n-r other.txt\nDjango_REST==3.1 ; python_version > '3'\nflask[async]==2.0.1 \\\n    --hash=sha256:ab\nloose>=1\nstar==1.*\npinned===1.0+local\nhttps://a.example/x.whl\n", "3 django-rest 3.1; 4 flask 2.0.1; 8 pinned 1.0+local"},
		{"poetry", "poetry.lock", "[[package]]\nname = \"A.B\"\nversion = \"1.0\"\n\n[package.dependencies]\nname = \"x\"\n\n[[package]]\nname = \"local\"\nversion = \"0\"\n[package.source]\ntype = \"directory\"\nurl = \".\"\n\n[metadata]\nlock-version = \"2.0\"\n", "1 a-b 1.0"},
		{"uv", "uv.lock", "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n", "7 a 1.0"},
		{"Cargo", "Cargo.lock", "version = 3\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n", "7 serde 1.0.1"},
		{"pom", "pom.xml", "<project>\n<version>9</version>\n<properties><v>1.2</v></properties>\n<dependencies>\n<dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version></dependency>\n<dependency><groupId>g</groupId><artifactId>b</artifactId><version>[1,2)</version></dependency>\n<dependency><groupId>g</groupId><artifactId>c</artifactId></dependency>\n<dependency><groupId>g</groupId><artifactId>d</artifactId><version>${project.version}</version><exclusions><exclusion><groupId>x</groupId></exclusion></exclusions></dependency>\n</dependencies>\n</project>\n", "5 g:a 1.2; 8 g:d 9"},
		{"byte order mark", "package-lock.json", "\xef\xbb\xbf" + lock3, "10 @s/right 2.0.0-rc.1 ISC; 11 deep 3.0.0; 6 left 1.0.1 MIT; 12 real 4.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Locked(tt.path, []byte(tt.text))
			if err != nil || render(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", render(got), err, tt.want)
			}
		})
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, path, text, want string }{
		{"package.json", "package.json", "{\n\"dependencies\": {\n\"a\": \"^1\"\n},\n\"devDependencies\": {\"b\": \"~2\"},\n\"peerDependencies\": {\"c\": \"*\"}}\n", "3 a ^1; 5 b ~2"},
		{"requirements", "requirements.txt", "a >= 1.0, <2\nb\n", "1 a >=1.0,<2; 2 b "},
		{"project", "pyproject.toml", "[project]\ndependencies = [\n  \"A_x>=1\",\n]\n[project.optional-dependencies]\ndev = ['b[z]==2']\n[dependency-groups]\nt = [\"c~=3\", {include-group = \"u\"}]\n", "3 a-x >=1; 6 b ==2; 8 c ~=3"},
		{"poetry", "pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.9\"\nA = \"^1.0\"\nb = {version = \"2\", extras = [\"x\"]}\nc = {path = \"../c\"}\n[tool.poetry.group.dev.dependencies]\nd = \"*\"\n", "3 a ^1.0; 4 b 2; 7 d *"},
		{"Cargo.toml", "Cargo.toml", "[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nown = { path = \"../own\" }\nshared = { workspace = true }\n[dev-dependencies]\nrand = \"0.8\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[workspace.dependencies]\ntokio = \"1.2\"\n", "8 libc 0.2; 6 rand 0.8; 2 serde 1; 10 tokio 1.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Asked(tt.path, []byte(tt.text))
			if err != nil || render(got) != tt.want {
				t.Errorf("got %s, %v\nwant %s", render(got), err, tt.want)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, text string
		line       int
	}{
		{"go.mod", "module a\n\nrequire (\n", 4},
		{"package-lock.json", "{\n\"packages\": {\n\"node_modules/a\": 1\n}}\n", 3},
		{"package-lock.json", "[]\n", 1},
		{"package-lock.json", "", 1},
		{"package-lock.json", `{"dependencies":` + strings.Repeat(`{"a":{"dependencies":`, 200) + "{}" + strings.Repeat("}}", 200) + "}", 1},
		{"package.json", "{\"dependencies\": {\"a\": []}}", 1},
		{"pnpm-lock.yaml", "packages:\n", 0},
		{"yarn.lock", "x\n", 0},
		{"Cargo.lock", "\n[[package]\n", 2},
		{"pom.xml", "<project>\n<dependencies>\n", 3},
		{"pom.xml", "<html/>", 1},
		{"other.txt", "", 0},
	}
	for _, tt := range tests {
		_, err := Locked(tt.path, []byte(tt.text))
		if IsManifest(tt.path) && !IsLocked(tt.path) {
			_, err = Asked(tt.path, []byte(tt.text))
		}
		var located *Error
		if !errors.As(err, &located) || located.Line != tt.line || located.Path != tt.path {
			t.Errorf("%s %.30q: got %v, want line %d", tt.path, tt.text, err, tt.line)
		}
	}
}

func TestForeignFilesAreNotOurs(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{"go.mod": true, "a/go.mod": true, "vendor/x/go.mod": false, "a/node_modules/b/package-lock.json": false, "testdata/go.mod": false} {
		if IsLocked(file) != want {
			t.Errorf("%s: want %v", file, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []struct{ path, text string }{
		{"go.mod", goModText}, {"package-lock.json", lock3}, {"package-lock.json", lock1}, {"pnpm-lock.yaml", "lockfileVersion: 9\npackages:\n  a@1:\n"},
		{"yarn.lock", "# yarn lockfile v1\na@^1, b@2:\n  version \"1\"\n"}, {"requirements.txt", "a==1 ; x\nb[c]==2 \\\n --hash=d\n"},
		{"Cargo.lock", "[[package]]\nname='a'\nversion='1'\n"}, {"pyproject.toml", "[project]\ndependencies=['a>1']\n"}, {"Cargo.toml", "[dependencies]\na='1'\n"},
		{"pom.xml", "<project><dependencies><dependency><groupId>a</groupId></dependency></dependencies></project>"}, {"package.json", "{\"dependencies\":{\"a\":\"1\"}}"},
	} {
		f.Add(seed.path, []byte(seed.text))
	}
	f.Fuzz(func(t *testing.T, path string, text []byte) {
		for _, read := range []func(string, []byte) ([]Package, error){Locked, Asked} {
			packages, err := read(path, text)
			var located *Error
			if err != nil && !errors.As(err, &located) {
				t.Fatalf("untyped error %v", err)
			}
			for _, p := range packages {
				if p.Name == "" || p.Line < 0 {
					t.Fatalf("bad package %+v", p)
				}
			}
		}
	})
}
