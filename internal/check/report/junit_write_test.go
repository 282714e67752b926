package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"testing"

	"pgregory.net/rapid"
)

func TestWriteJUnit(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	err := WriteJUnit(&b, []Suite{
		{Name: "policy", Cases: []Case{
			{Name: "secrets/aws-access-key", Class: "policy", File: "a<b>.go", Line: 3, TimeMS: 1204, Failure: &Failure{Message: `a "key" & more`, Type: "error", Text: "line 1\nline 2 ]]> \x1b[31m\x00 \xff"}},
			{Name: "links/broken", Class: "policy"},
		}},
		{Name: "gates", Cases: []Case{{Name: "load-test", Skipped: "unavailable", Output: "install it"}}},
		{Name: "empty"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "written.xml", b.Bytes())
	r, err := ReadTests("junit", &b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Passed != 1 || r.Failed != 1 || r.Skipped != 1 || r.Duration != 1204 || len(r.Findings) != 1 {
		t.Errorf("read back as %+v", r)
	}
}

func TestWriteJUnitIsWellFormed(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "]]>", "<![CDATA[", "\ufffe", "&#0;", "\xff\xfe"}))
	rapid.Check(t, func(t *rapid.T) {
		c := Case{Name: text.Draw(t, "name"), Class: text.Draw(t, "class"), File: text.Draw(t, "file"), Skipped: text.Draw(t, "skipped"), Output: text.Draw(t, "output")}
		if rapid.Bool().Draw(t, "failed") {
			c.Failure = &Failure{text.Draw(t, "message"), text.Draw(t, "type"), text.Draw(t, "text")}
		}
		var b bytes.Buffer
		if err := WriteJUnit(&b, []Suite{{Name: text.Draw(t, "suite"), Cases: []Case{c}}}); err != nil {
			t.Fatal(err)
		}
		dec := xml.NewDecoder(bytes.NewReader(b.Bytes()))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v\n%s", err, b.Bytes())
			}
		}
		r, err := ReadTests("junit", &b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if (r.Failed == 1) != (c.Failure != nil) {
			t.Fatalf("read back as %+v", r)
		}
	})
}
