package build

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

// sectionAt says what of a file lies at an offset: a section of an ELF program, an entry of a zip or tar archive. It is "" for other
// files, and for what no such part holds.
func sectionAt(file io.ReaderAt, size, at int64) string {
	head := make([]byte, 262)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return elfSection(file, at)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return zipEntry(file, size, at)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzipPart(at)
	case n == 262 && string(head[257:262]) == "ustar":
		return tarEntry(io.NewSectionReader(file, 0, size), at)
	}
	return ""
}

func elfSection(file io.ReaderAt, at int64) string {
	f, err := elf.NewFile(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NULL && s.Type != elf.SHT_NOBITS && at >= int64(s.Offset) && at < int64(s.Offset+s.FileSize) {
			return "section " + s.Name
		}
	}
	return "ELF headers"
}

func zipEntry(file io.ReaderAt, size, at int64) string {
	r, err := zip.NewReader(file, size)
	if err != nil {
		return ""
	}
	where, begin := "zip directory", int64(-1)
	for _, f := range r.File {
		data, err := f.DataOffset()
		if err != nil {
			return ""
		}
		header := data - 30 - int64(len(f.Name)) // the extra field is counted to the name's end
		if at < data+int64(f.CompressedSize64) && at >= header && header > begin {
			begin, where = header, "content of "+f.Name
			if at < data {
				where = "header of " + f.Name
			}
		}
	}
	return where
}

// gzipPart: see insideGzip for what is past the header.
func gzipPart(at int64) string {
	if at >= 4 && at < 8 {
		return "gzip header: time"
	}
	if at < 10 {
		return "gzip header"
	}
	return gzipContent
}

func tarEntry(r io.ReadSeeker, at int64) string {
	archive := tar.NewReader(r)
	for {
		before, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return ""
		}
		header, err := archive.Next()
		if err != nil {
			return "tar end"
		}
		data, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return ""
		}
		switch {
		case at < data && at >= before-header.Size:
			return "header of " + header.Name
		case at < data+header.Size:
			return "content of " + header.Name
		}
	}
}

const gzipContent = "gzip content"

// maxUnpacked bounds what is unpacked to be compared.
const maxUnpacked = 256 << 20

// insideGzip says where two gzip files differ once they are unpacked; "" when that cannot be told.
func insideGzip(a, b io.Reader) string {
	one, err1 := unpack(a)
	two, err2 := unpack(b)
	if err1 != nil || err2 != nil {
		return ""
	}
	if bytes.Equal(one, two) {
		return "gzip compression: the contents are the same"
	}
	at, err := firstDifference(bytes.NewReader(one), bytes.NewReader(two))
	if err != nil {
		return ""
	}
	where := sectionAt(bytes.NewReader(one), int64(len(one)), at)
	if where == "" {
		where = fmt.Sprintf("offset %d", at)
	}
	return "unpacked: " + where
}

// unpack is the content of a gzip file, up to a bound.
func unpack(r io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err == nil && len(text) > maxUnpacked {
		err = fmt.Errorf("more than %d bytes", maxUnpacked)
	}
	return text, err
}
