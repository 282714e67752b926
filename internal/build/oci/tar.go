package oci

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// stream is the layer's tar, made while it is read: folders and files in order, all root's, all of one time.
func stream(ctx context.Context, image Image) io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(writeTar(ctx, w, image)) }()
	return r
}

func writeTar(ctx context.Context, to io.Writer, image Image) error {
	w := tar.NewWriter(to)
	seen := map[string]bool{"/": true}
	for _, f := range inOrder(image.Files) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeFolders(w, path.Dir(f.Path), image, seen); err != nil {
			return err
		}
		if err := writeFile(w, f, image); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return w.Close()
}

// writeFolders writes the folders that lead to dir, and dir.
func writeFolders(w *tar.Writer, dir string, image Image, seen map[string]bool) error {
	if seen[dir] {
		return nil
	}
	seen[dir] = true
	if err := writeFolders(w, path.Dir(dir), image, seen); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: 0o755, ModTime: image.Created})
}

func writeFile(w *tar.Writer, f File, image Image) error {
	file, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err == nil {
		err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.Path, "/"), Mode: int64(cmp.Or(f.Mode, 0o755) & 0o777),
			Size: info.Size(), ModTime: image.Created})
	}
	if err == nil {
		_, err = io.Copy(w, file)
	}
	return errors.Join(err, file.Close())
}
