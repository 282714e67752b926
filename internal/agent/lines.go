package agent

import (
	"bufio"
	"errors"
	"io"
)

// MaxLine is how much of one line of an agent's output is kept, in bytes.
const MaxLine = 4 << 20

// EachLine calls each with every line of r that is not empty, without its end. Of a line longer than MaxLine each gets the
// beginning and cut = true; the rest is read and forgotten. The slice is the callee's only until it returns. It returns r's
// error, nil at the end.
func EachLine(r io.Reader, each func(line []byte, cut bool)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	cut := false
	for {
		part, err := in.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if err == nil {
			part = part[:len(part)-1]
		}
		if room := MaxLine - len(line); len(part) > room {
			part, cut = part[:room], true
		}
		line = append(line, part...)
		if full {
			continue
		}
		if n := len(line); n > 0 && line[n-1] == '\r' && !cut {
			line = line[:n-1]
		}
		if len(line) > 0 {
			each(line, cut)
		}
		line, cut = line[:0], false
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
