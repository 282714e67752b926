package vulnerabilities

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/check/dependencies"
)

// indexName is the file beside the records that says where each package's records lie. It is a cache: deleting it costs
// one more reading of all records.
const indexName = "index.v1"

// mostRecord bounds one record, in bytes; the largest public ones have about 2 MB.
const mostRecord = 32 << 20

// database is a folder of OSV records: .json files, and .zip files of them, at any depth.
type database struct {
	root  string
	head  head
	lines []byte // sorted: ecosystem, package, source, offset, size, method, separated by tabs
	note  string // why the index could not be kept, "" when it was
}

// head is the index's first line.
type head struct {
	Version    int            `json:"version"`
	Sources    []sourceFile   `json:"sources"`
	Digest     string         `json:"digest"` // sha256 of all records and their names
	Newest     string         `json:"newest"` // latest "modified"
	Records    int            `json:"records"`
	Ecosystems map[string]int `json:"ecosystems"` // records by ecosystem
}

// sourceFile is one file of the folder, and how to notice that it changed.
type sourceFile struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds
}

// openDatabase reads the index of a folder and makes it first when it is missing or older than the records. It fails with
// an error that wraps fs.ErrNotExist when there is no record at all.
func openDatabase(ctx context.Context, root string) (*database, error) {
	sources, err := listSources(root)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s has no OSV record: %w", root, fs.ErrNotExist)
	}
	if db, ok := readIndex(root, sources); ok {
		return db, nil
	}
	db, err := buildIndex(ctx, root, sources)
	if err != nil {
		return nil, err
	}
	if err := db.save(); err != nil {
		db.note = "the index of the records could not be kept: " + err.Error()
	}
	return db, nil
}

func listSources(root string) ([]sourceFile, error) {
	var sources []sourceFile
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ext := filepath.Ext(file)
		if entry.IsDir() || ext != ".json" && ext != ".zip" {
			return nil
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, file)
		sources = append(sources, sourceFile{filepath.ToSlash(relative), info.Size(), info.ModTime().UnixNano()})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list OSV records: %w", err)
	}
	return sources, nil
}

// readIndex reports false for an index that is missing, damaged or out of date: it is then made anew.
func readIndex(root string, sources []sourceFile) (*database, bool) {
	text, err := os.ReadFile(filepath.Join(root, indexName))
	if err != nil {
		return nil, false
	}
	first, lines, ok := bytes.Cut(text, []byte("\n"))
	db := &database{root: root, lines: lines}
	if !ok || json.Unmarshal(first, &db.head) != nil || db.head.Version != 1 || !slices.Equal(db.head.Sources, sources) {
		return nil, false
	}
	if len(lines) > 0 && lines[len(lines)-1] != '\n' {
		return nil, false
	}
	return db, true
}

func (db *database) save() error {
	first, err := json.Marshal(db.head)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(db.root, indexName+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(slices.Concat(first, []byte("\n"), db.lines))
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(db.root, indexName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// builder collects what buildIndex learns.
type builder struct {
	head  head
	lines []string
	sum   io.Writer
}

func buildIndex(ctx context.Context, root string, sources []sourceFile) (*database, error) {
	sum := sha256.New()
	b := builder{head: head{Version: 1, Sources: sources, Ecosystems: map[string]int{}}, sum: sum}
	for i, source := range sources {
		read := b.file
		if strings.HasSuffix(source.Path, ".zip") {
			read = b.archive
		}
		if err := read(ctx, root, source, i); err != nil {
			return nil, fmt.Errorf("read OSV records of %s: %w", source.Path, err)
		}
	}
	b.head.Digest = hex.EncodeToString(sum.Sum(nil))
	slices.Sort(b.lines)
	var lines bytes.Buffer
	for _, line := range slices.Compact(b.lines) {
		lines.WriteString(line)
		lines.WriteByte('\n')
	}
	return &database{root: root, head: b.head, lines: lines.Bytes()}, nil
}

func (b *builder) file(_ context.Context, root string, source sourceFile, at int) error {
	if source.Size > mostRecord {
		return fmt.Errorf("it has %d bytes, over the limit of %d", source.Size, mostRecord)
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(source.Path)))
	if err != nil {
		return err
	}
	return b.add(source.Path, text, fmt.Sprintf("%d\t0\t%d\t0", at, source.Size))
}

func (b *builder) archive(ctx context.Context, root string, source sourceFile, at int) error {
	archive, err := zip.OpenReader(filepath.Join(root, filepath.FromSlash(source.Path)))
	if err != nil {
		return err
	}
	err = b.entries(ctx, &archive.Reader, source, at)
	return errors.Join(err, archive.Close())
}

func (b *builder) entries(ctx context.Context, archive *zip.Reader, source sourceFile, at int) error {
	for _, entry := range archive.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasSuffix(entry.Name, ".json") {
			continue
		}
		text, err := readEntry(entry)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		offset, err := entry.DataOffset()
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		place := fmt.Sprintf("%d\t%d\t%d\t%d", at, offset, entry.CompressedSize64, entry.Method)
		if err := b.add(source.Path+"/"+entry.Name, text, place); err != nil {
			return err
		}
	}
	return nil
}

func readEntry(entry *zip.File) ([]byte, error) {
	if entry.UncompressedSize64 > mostRecord {
		return nil, fmt.Errorf("it has %d bytes, over the limit of %d", entry.UncompressedSize64, mostRecord)
	}
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, mostRecord))
	return text, errors.Join(err, r.Close())
}

// add indexes one record by the packages it is about. Withdrawn records count for the digest only.
func (b *builder) add(name string, text []byte, place string) error {
	content := sha256.Sum256(text)
	fmt.Fprintf(b.sum, "%s\x00%x\n", name, content) //nolint:errcheck // a hash never fails
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s is no OSV record: %w", name, err)
	}
	if r.ID == "" || r.Withdrawn != "" {
		return nil
	}
	b.head.Records++
	b.head.Newest = max(b.head.Newest, r.Modified)
	seen := map[string]bool{}
	for _, a := range r.Affected {
		ecosystem := a.Package.Ecosystem
		if strings.ContainsAny(ecosystem+a.Package.Name, "\t\n") || ecosystem == "" {
			continue
		}
		if !seen[ecosystem] {
			seen[ecosystem] = true
			b.head.Ecosystems[ecosystem]++
		}
		b.lines = append(b.lines, ecosystem+"\t"+packageName(ecosystem, a.Package.Name)+"\t"+place)
	}
	return nil
}

// records reads the records about a package, sorted by id.
func (db *database) records(p dependencies.Package) ([]record, error) {
	prefix := []byte(p.Ecosystem + "\t" + p.Name + "\t")
	var found []record
	for at := db.search(prefix); bytes.HasPrefix(db.lines[at:], prefix); {
		line, _, _ := bytes.Cut(db.lines[at:], []byte("\n"))
		r, err := db.read(string(line[len(prefix):]))
		if err != nil {
			return nil, fmt.Errorf("OSV records of %s: %w; delete %s and run again", p.Name, err, filepath.Join(db.root, indexName))
		}
		found = append(found, r)
		at += len(line) + 1
	}
	slices.SortFunc(found, func(a, b record) int { return cmp.Compare(a.ID, b.ID) })
	return found, nil
}

// search returns the offset of the first line that is not before prefix.
func (db *database) search(prefix []byte) int {
	at := sort.Search(len(db.lines), func(i int) bool {
		start := bytes.LastIndexByte(db.lines[:i], '\n') + 1
		line := db.lines[start:]
		return bytes.Compare(line[:min(len(line), len(prefix))], prefix) >= 0
	})
	return bytes.LastIndexByte(db.lines[:at], '\n') + 1
}

func (db *database) read(place string) (record, error) {
	var numbers [4]int64
	parts := strings.Split(place, "\t")
	if len(parts) != len(numbers) {
		return record{}, errors.New("the index is damaged")
	}
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 {
			return record{}, errors.New("the index is damaged")
		}
		numbers[i] = n
	}
	source, offset, size, method := numbers[0], numbers[1], numbers[2], numbers[3]
	if source >= int64(len(db.head.Sources)) || size > mostRecord {
		return record{}, errors.New("the index is damaged")
	}
	text, err := readAt(filepath.Join(db.root, filepath.FromSlash(db.head.Sources[source].Path)), offset, size)
	if err != nil {
		return record{}, err
	}
	if method == int64(zip.Deflate) {
		if text, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(text)), mostRecord)); err != nil {
			return record{}, err
		}
	}
	var r record
	err = json.Unmarshal(text, &r)
	return r, err
}

func readAt(file string, offset, size int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	text := make([]byte, size)
	_, err = f.ReadAt(text, offset)
	return text, errors.Join(err, f.Close())
}
