package git

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func reader16(data []byte) *bufio.Reader { return bufio.NewReaderSize(bytes.NewReader(data), 16) }

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"4b825dc642cb6eb9a060e54bf8d69288fbee4904 tree 0\n", "a\nb missing\n", "x ambiguous\n", "abc blob -1\n", "abc blob 99999999999999999999\n", ""} {
		f.Add([]byte(seed), "a\nb")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		got, err := readAnswer(bufio.NewReader(bytes.NewReader(data)), name)
		if err == nil && (got.info.Size < 0 || !isHex(string(got.info.OID))) {
			t.Errorf("%+v", got)
		}
		if echo := name + " missing\n"; name == "" || !strings.Contains(name, "\n") {
			if got, err := readAnswer(bufio.NewReader(strings.NewReader(echo)), name); err != nil || !got.info.Missing {
				t.Errorf("%q: %+v, %v", name, got, err)
			}
		}
	})
}

func FuzzDiff(f *testing.F) {
	const raw = ":100644 100755 d5d0b8b4c4c9e936890870f6799cfbb5ba984470 4a270318359d8c2a960136495bceeae9eee22424 "
	f.Add([]byte(raw + "M\x00bin\x00" + raw + "R090\x00f\x00g\x00-\t-\tbin\x000\t1\t\x00f\x00g\x00\x00diff --git a/bin b/bin\nBinary files differ\ndiff --git a/f b/g\n@@ -1 +1,0 @@\n-f\n\\ No newline at end of file\n"))
	f.Add([]byte(raw + "T\x00l\x001\t1\tl\x00\x00diff --git a/l b/l\n@@ -1 +0,0 @@\n-f\ndiff --git a/l b/l\n@@ -0,0 +1 @@\n+hi\n"))
	f.Add([]byte("\x00@@ -1 +1 @@\n"))
	f.Add([]byte(":"))
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, err := parseDiff(reader16(data))
		if err != nil {
			return
		}
		for _, c := range changes {
			if c.Path == "" || c.Added < 0 || c.Deleted < 0 || (c.Status == Renamed) != (c.OldPath != "") {
				t.Errorf("%+v", c)
			}
		}
	})
}

func FuzzHunk(f *testing.F) {
	f.Add("@@ -1,2 +3 @@ func x")
	f.Add("@@ -0,0 +1,99999999999999999999 @@")
	f.Fuzz(func(t *testing.T, header string) {
		h, err := parseHunk(header)
		if err == nil && (h.OldStart < 0 || h.OldLines < 0 || h.NewStart < 0 || h.NewLines < 0) {
			t.Errorf("%q: %+v", header, h)
		}
	})
}

func FuzzLog(f *testing.F) {
	f.Add([]byte(">7ff0\x00\n:100644 100644 d5 4a M\x00bin\x001\t0\tbin\x00>7e60\x00>9a6d\x00"))
	f.Add([]byte("\x00"))
	f.Add([]byte(">a\x00x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		err := parseLog(reader16(data), func(LogEntry) error { n++; return nil })
		if err == nil && n != bytes.Count(data, []byte(">")) && !bytes.Contains(data, []byte(":")) {
			t.Errorf("%d entries in %q", n, data)
		}
	})
}

func FuzzCommit(f *testing.F) {
	f.Add([]byte("tree x\nparent y\nauthor A <a@b> 5 +0100\ngpgsig x\n y\n\nmessage"))
	f.Add([]byte("tree x\nauthor > 5\n\n"))
	f.Add([]byte("tree x\nauthor A <a@b> 253402300799 -9999\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		commit, err := parseCommit("id", data)
		if err != nil {
			return
		}
		for _, s := range []Signature{commit.Author, commit.Committer} {
			if _, err := s.When.MarshalJSON(); err != nil {
				t.Errorf("%v: %v", s.When, err)
			}
		}
		if !bytes.HasSuffix(data, []byte(commit.Message)) {
			t.Errorf("message %q of %q", commit.Message, data)
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add([]byte("100644 blob d5d0\tb\x00100644 blob d5d0\ta\nb\x00"))
	f.Add([]byte("100644 blob\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseTree(reader16(data))
		for i := 1; err == nil && i < len(entries); i++ {
			if entries[i-1].Path > entries[i].Path {
				t.Errorf("unsorted: %q", data)
			}
		}
	})
}

func FuzzConflicts(f *testing.F) {
	f.Add("100644 d5d0 1\tf\x00\x001\x00f\x00CONFLICT (contents)\x00text\n\x00")
	f.Add("\x009999999999\x00f\x00")
	f.Add("\x00-1\x00f\x00")
	f.Fuzz(func(t *testing.T, text string) {
		conflicts, err := parseConflicts(text)
		for i := 1; err == nil && i < len(conflicts); i++ {
			if conflicts[i-1].Path >= conflicts[i].Path {
				t.Errorf("unsorted: %+v", conflicts)
			}
		}
	})
}

func FuzzListed(f *testing.F) {
	f.Add("C 100644 d5d0 0\tf")
	f.Add("? x")
	f.Fuzz(func(t *testing.T, record string) {
		if entry, err := parseListed(record); err == nil && !strings.HasSuffix(record, entry.path) {
			t.Errorf("%q: %+v", record, entry)
		}
	})
}

func FuzzPointer(f *testing.F) {
	f.Add("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("a", 64) + "\nsize 12\n")
	f.Fuzz(func(t *testing.T, text string) {
		if sum, size, ok := parsePointer(text); ok && (len(sum) != 64 || size < 0) {
			t.Errorf("%q: %q, %d", text, sum, size)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a\"b\\c\n\xff")
	f.Fuzz(func(t *testing.T, path string) {
		quoted := quoteC(path)
		if strings.ContainsAny(quoted, "\n\x00") || len(quoted) < 2 {
			t.Errorf("%q: %q", path, quoted)
		}
	})
}
