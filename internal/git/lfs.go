package git

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const pointerLimit = 1024 // bytes: a Git LFS pointer is shorter

// unchangedLFS drops entries that only look changed because Git LFS put the content where the index has a pointer and git,
// which is not allowed to run the filter here, compared the two.
func (ix *index) unchangedLFS(ctx context.Context, found []listed) ([]listed, error) {
	var ids []OID
	var at []int
	for i, entry := range found {
		if entry.tag == 'C' && (entry.mode == ModeFile || entry.mode == ModeExec) {
			ids, at = append(ids, entry.id), append(at, i)
		}
	}
	same := map[int]bool{}
	err := ix.repo.Blobs(ctx, ids, pointerLimit, func(i int, data []byte, err error) error {
		if err != nil {
			return nil // not here or too large: not a pointer that could be compared
		}
		equal, err := ix.holds(found[at[i]].path, data)
		same[at[i]] = equal
		return err
	})
	i := -1
	return slices.DeleteFunc(found, func(listed) bool { i++; return same[i] }), err
}

// holds says whether the file has the content that a pointer names.
func (ix *index) holds(path string, pointer []byte) (bool, error) {
	want, size, ok := parsePointer(string(pointer))
	if !ok {
		return false, nil
	}
	full := filepath.Join(ix.repo.root, filepath.FromSlash(path))
	info, err := os.Lstat(full)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || info.Size() != size) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	file, err := os.Open(full)
	if err != nil {
		return false, err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, bufio.NewReaderSize(file, readBuffer)); err != nil {
		return false, fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)) == want, nil
}

// parsePointer reads a Git LFS pointer (specification version 1).
func parsePointer(text string) (sum string, size int64, ok bool) {
	lines, ok := strings.CutPrefix(text, "version https://git-lfs.github.com/spec/v1\n")
	if !ok {
		return "", 0, false
	}
	size = -1
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "oid":
			sum, _ = strings.CutPrefix(value, "sha256:")
		case "size":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return "", 0, false
			}
			size = n
		}
	}
	return sum, size, len(sum) == 64 && isHex(sum) && size >= 0
}
