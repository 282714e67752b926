package graph

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/source/golang"
	"github.com/adamant-os/adamant/internal/source/imports"
)

func TestEncodingRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := &imports.File{
			Package: rapid.String().Draw(t, "package"), Problem: rapid.String().Draw(t, "problem"), Line: rapid.Int32Range(0, 1<<30).Draw(t, "line"),
			Imports: rapid.SliceOf(rapid.Custom(func(t *rapid.T) imports.Import {
				imp := imports.Import{Specifier: rapid.String().Draw(t, "specifier"), Kind: imports.Kind(rapid.IntRange(0, 13).Draw(t, "kind")),
					Line: rapid.Int32Range(0, 1<<30).Draw(t, "line"), Exotic: rapid.String().Draw(t, "exotic")}
				if names := rapid.SliceOf(rapid.String()).Draw(t, "names"); len(names) > 0 {
					imp.Names = names
				}
				return imp
			})).Draw(t, "imports"),
			Exports: rapid.SliceOf(rapid.Custom(func(t *rapid.T) imports.Symbol {
				return imports.Symbol{Name: rapid.String().Draw(t, "name"), Kind: rapid.String().Draw(t, "kind")}
			})).Draw(t, "exports"),
		}
		if open := rapid.SliceOf(rapid.Int32Range(0, 1<<30)).Draw(t, "open"); len(open) > 0 {
			f.Open = open
		}
		got, err := decodeFile(string(encodeFile(nil, f)))
		if err != nil || !reflect.DeepEqual(got, f) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, f)
		}
	})
}

// TestDamagedStoreIsForgotten: whatever bit is wrong, nothing of the file is believed, and the run works.
func TestDamagedStoreIsForgotten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	store, err := OpenStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	l := golang.Language()
	store.put(&l, "1234", golang.Extract([]byte("package a\n\nimport \"fmt\"\n")))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "extractions")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := OpenStore(folder); err != nil || again.get(&l, "1234") == nil {
		t.Fatalf("the undamaged store: %v", err)
	}
	for i := range good {
		for _, bad := range [][]byte{good[:i], append(append(bytes.Clone(good[:i]), good[i]^1), good[i+1:]...)} {
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if again, err := OpenStore(folder); err == nil || len(again.kept) != 0 {
				t.Fatalf("byte %d: %d extractions believed, error %v", i, len(again.kept), err)
			}
		}
	}
}

func TestStoreIsPrivateAndVersioned(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "new")
	store, err := OpenStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	l := golang.Language()
	store.put(&l, "1", &imports.File{})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(folder, "extractions")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	l.Version++
	if store.get(&l, "1") != nil {
		t.Error("an extraction of another version was believed")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encodeFile(nil, golang.Extract([]byte("package a\n\nimport \"fmt\"\n"))))
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := decodeFile(string(data))
		if err == nil {
			if again, err := decodeFile(string(encodeFile(nil, file))); err != nil || !reflect.DeepEqual(again, file) {
				t.Errorf("%+v became %+v, %v", file, again, err)
			}
		}
	})
}
