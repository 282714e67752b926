package risk

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// terraformChange is a change of Terraform files, by path; a file that stands under one side only was added or deleted.
func terraformChange(base, merged map[string]string) *facts.Input {
	in := &facts.Input{}
	for path, text := range base {
		in.Before = append(in.Before, document.Parse(path, []byte(text))...)
		f := with(changed(path), func(f *facts.File) { f.Deleted, f.Class = 1, source.ClassInfra })
		if _, still := merged[path]; !still {
			f.Status = "deleted"
		}
		in.Files = append(in.Files, f)
	}
	for path, text := range merged {
		in.Documents = append(in.Documents, document.Parse(path, []byte(text))...)
		if _, old := base[path]; !old {
			in.Files = append(in.Files, with(changed(path), func(f *facts.File) { f.Status, f.Class = "added", source.ClassInfra }))
		}
	}
	return in
}

const db = "resource \"aws_db\" \"main\" {\n  size = 1\n}\n"

func TestTerraformDestruction(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	for _, tt := range []struct {
		name         string
		base, merged files
		want         string // what is taken away; empty for nothing
	}{
		{"deleted", files{"a/x.tf": db + "resource \"b\" \"c\" {}\n"}, files{"a/x.tf": "resource \"b\" \"c\" {}\n"}, "aws_db.main"},
		{"file deleted", files{"a/x.tf": db}, files{}, "aws_db.main"},
		{"changed", files{"a/x.tf": db}, files{"a/x.tf": strings.Replace(db, "1", "2", 1)}, ""},
		{"moved to another file", files{"a/x.tf": db, "a/y.tf": ""}, files{"a/x.tf": "", "a/y.tf": db}, ""},
		{"moved to json", files{"a/x.tf": db}, files{"a/y.tf.json": `{"resource":{"aws_db":{"main":{"size":1}}}}`}, ""},
		{"moved to another folder", files{"a/x.tf": db}, files{"b/x.tf": db}, "aws_db.main"},
		{"renamed", files{"a/x.tf": db}, files{"a/x.tf": "resource \"aws_db\" \"other\" {}\n"}, "aws_db.main"},
		{"renamed with moved", files{"a/x.tf": db}, files{"a/x.tf": "resource \"aws_db\" \"other\" {}\nmoved {\n  from = aws_db.main\n  to   = aws_db.other\n}\n"}, ""},
		{"moved to nowhere", files{"a/x.tf": db}, files{"a/x.tf": "moved {\n  from = aws_db.main\n  to   = aws_db.other\n}\n"}, "aws_db.main"},
		{"moved in a circle", files{"a/x.tf": db}, files{"a/x.tf": "moved {\n  from = aws_db.main\n  to   = aws_db.b\n}\nmoved {\n  from = aws_db.b\n  to   = aws_db.main\n}\n"}, "aws_db.main"},
		{"moved twice", files{"a/x.tf": db}, files{"a/x.tf": "resource \"aws_db\" \"c\" {}\nmoved {\n  from = aws_db.main\n  to   = aws_db.b\n}\nmoved {\n  from = aws_db.b\n  to   = aws_db.c\n}\n"}, ""},
		{"moved into a module", files{"x.tf": db}, files{"x.tf": "module \"m\" {\n  source = \"./m\"\n}\nmoved {\n  from = aws_db.main\n  to   = module.m.aws_db.main\n}\n", "m/y.tf": db}, ""},
		{"moved into a module that lacks it", files{"x.tf": db}, files{"x.tf": "module \"m\" {\n  source = \"./m\"\n}\nmoved {\n  from = aws_db.main\n  to   = module.m.aws_db.main\n}\n", "m/y.tf": ""}, "aws_db.main"},
		{"moved out of a module", files{"x.tf": "module \"m\" {\n  source = \"./m\"\n}\n", "m/y.tf": db},
			files{"x.tf": db + "moved {\n  from = module.m.aws_db.main\n  to   = aws_db.main\n}\nmodule \"m\" {\n  source = \"./m\"\n}\n", "m/y.tf": ""}, ""},
		{"module call gone", files{"x.tf": "module \"m\" {\n  source = \"./m\"\n}\n"}, files{"x.tf": "\n"}, "module.m"},
		{"module renamed", files{"x.tf": "module \"m\" {}\n"}, files{"x.tf": "module \"n\" {}\nmoved {\n  from = module.m\n  to   = module.n\n}\n"}, ""},
		{"forgotten on purpose", files{"x.tf": db}, files{"x.tf": "removed {\n  from = aws_db.main\n  lifecycle {\n    destroy = false\n  }\n}\n"}, ""},
		{"removed", files{"x.tf": db}, files{"x.tf": "removed {\n  from = aws_db.main\n  lifecycle {\n    destroy = true\n  }\n}\n"}, "aws_db.main"},
		{"no instances", files{"x.tf": db}, files{"x.tf": "resource \"aws_db\" \"main\" {\n  count = 0\n}\n"}, "aws_db.main"},
		{"for each of nothing", files{"x.tf": db}, files{"x.tf": "resource \"aws_db\" \"main\" {\n  for_each = {}\n}\n"}, "aws_db.main"},
		{"no instances before", files{"x.tf": "resource \"aws_db\" \"main\" {\n  count = 0\n}\n"}, files{"x.tf": ""}, ""},
		{"only data and variables", files{"x.tf": "data \"a\" \"b\" {}\nvariable \"c\" {}\n"}, files{}, ""},
		{"cannot be read now", files{"x.tf": db}, files{"x.tf": "resource {"}, "aws_db.main"},
		{"moved into tests", files{"x.tf": db}, files{"testdata/x.tf": db}, "aws_db.main"},
		{"could not be read", files{"x.tf": "resource {"}, files{}, "that could not be read"},
		{"could not be read and is mended", files{"x.tf": "resource {"}, files{"x.tf": db}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := terraformChange(tt.base, tt.merged)
			for i := range in.Files {
				if strings.HasPrefix(in.Files[i].Path, "testdata/") {
					in.Files[i].Class = source.ClassTest
				}
			}
			got := destroyed(Floor(in, manifest.Defaults()))
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("takes %q away, want %q", got, tt.want)
			}
			if again := destroyed(Floor(replayed(t, in), manifest.Defaults())); again != got {
				t.Errorf("replayed it takes %q away, first %q", again, got)
			}
		})
	}
}

func destroyed(reasons []Reason) string {
	var out []string
	for _, r := range reasons {
		if r.Rule == "infrastructure/destroyed" {
			out = append(out, r.Message)
		}
	}
	return strings.Join(out, ", ")
}

// replayed is a document that has been through JSON: its numbers have other types.
func replayed(t *testing.T, in *facts.Input) *facts.Input {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out facts.Input
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestTerraformRenames(t *testing.T) {
	t.Parallel()
	in := terraformChange(map[string]string{"old/x.tf": db}, nil)
	in.Files = []facts.File{with(changed("new/x.tf"), func(f *facts.File) { f.Status, f.OldPath, f.Class = "renamed", "old/x.tf", source.ClassInfra })}
	in.Documents = document.Parse("new/x.tf", []byte(db))
	if got := destroyed(Floor(in, manifest.Defaults())); got != "" {
		t.Errorf("a moved folder takes %s away", got)
	}
	in.Files[0].Path, in.Documents = "old/x.txt", nil
	if got := destroyed(Floor(in, manifest.Defaults())); got != "takes aws_db.main away" {
		t.Errorf("renamed to text: %q", got)
	}
	in = terraformChange(map[string]string{"t/x.tf": db}, nil)
	in.Files[0].Class = source.ClassTest
	if got := destroyed(Floor(in, manifest.Defaults())); got != "" {
		t.Errorf("a test takes %s away", got)
	}
}

// TestTerraformLines keeps the rule for what no document shows.
func TestTerraformLines(t *testing.T) {
	t.Parallel()
	in := terraformChange(map[string]string{"x.tf": db}, map[string]string{"x.tf": strings.Replace(db, "1", "2", 1)})
	reasons := Floor(in, manifest.Defaults())
	if levelOf(reasons) != High || reasons[0].Rule != "infrastructure/removed" {
		t.Errorf("%+v", reasons)
	}
}
