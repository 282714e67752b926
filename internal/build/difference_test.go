package build

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func artifact(t *testing.T, name string, text []byte) Artifact {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return Artifact{Name: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)), Mode: 0o644, Path: path}
}

func zipped(t *testing.T, second string, when time.Time) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, entry := range [][2]string{{"first", "the same"}, {"second", second}} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: entry[0], Modified: when, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(entry[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarred(t *testing.T, second string, when time.Time) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, entry := range [][2]string{{"first", "the same"}, {"second", second}} {
		if err := w.WriteHeader(&tar.Header{Name: entry[0], Size: int64(len(entry[1])), Mode: 0o644, ModTime: when, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entry[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func compressed(t *testing.T, text []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	one, two := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(program)
	at := bytes.LastIndex(other, []byte("left nothing in"))
	other[at] = 'L'
	for name, test := range map[string]struct {
		first, second []byte
		want          string
	}{
		"text":                {[]byte("built at 11\n"), []byte("built at 12\n"), `a: offset 10: "1\n", then "2\n"`},
		"longer":              {[]byte("x"), []byte("xy"), `a: offset 1: its end, then "y"`},
		"bytes":               {[]byte("x\x00"), []byte("x\x01"), "a: offset 1: 00, then 01"},
		"a program":           {program, other, "(section .rodata)"},
		"a zip's content":     {zipped(t, "a", one), zipped(t, "b", one), "(content of second)"},
		"a zip's times":       {zipped(t, "a", one), zipped(t, "a", two), "(header of first)"},
		"a tar's content":     {tarred(t, "a", one), tarred(t, "b", one), "(content of second)"},
		"a tar's times":       {tarred(t, "a", one), tarred(t, "a", two), "(header of first)"},
		"a compressed tar":    {compressed(t, tarred(t, "a", one), 9), compressed(t, tarred(t, "b", one), 9), "(unpacked: content of second)"},
		"another compression": {compressed(t, tarred(t, "a", one), 9), compressed(t, tarred(t, "a", one), 1), "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := differences([]Artifact{artifact(t, "a", test.first)}, []Artifact{artifact(t, "a", test.second)})
			if err != nil || len(found) != 1 || !strings.Contains(found[0].String(), test.want) {
				t.Errorf("%v %v, want %s", found, err, test.want)
			}
		})
	}
	a, b := artifact(t, "a", []byte("x")), artifact(t, "b", []byte("x"))
	run := a
	run.Mode = 0o755
	found, err := differences([]Artifact{a}, []Artifact{run, b})
	if err != nil || len(found) != 2 || found[0].String() != "a: mode 0644, then 0755" || found[1].String() != "b: first build: not there, second build: there" {
		t.Errorf("%v %v", found, err)
	}
	if found, err := differences([]Artifact{a, b}, []Artifact{a, b}); err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}

// TestFirstDifference against the obvious way to do it.
func TestFirstDifference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOf(rapid.ByteRange(0, 2)).Draw(t, "a")
		b := rapid.SliceOf(rapid.ByteRange(0, 2)).Draw(t, "b")
		want := 0
		for want < min(len(a), len(b)) && a[want] == b[want] {
			want++
		}
		if got, err := firstDifference(bytes.NewReader(a), bytes.NewReader(b)); err != nil || got != int64(want) {
			t.Errorf("%d %v, want %d", got, err, want)
		}
	})
}

// FuzzSection: a hostile artifact may be anything; naming its parts never fails and never panics.
func FuzzSection(f *testing.F) {
	f.Add([]byte("\x7fELF"), int64(2))
	f.Add([]byte("PK\x03\x04"), int64(2))
	f.Add(append(make([]byte, 257), "ustar"...), int64(300))
	f.Fuzz(func(_ *testing.T, text []byte, at int64) {
		sectionAt(bytes.NewReader(text), int64(len(text)), at)
	})
}
