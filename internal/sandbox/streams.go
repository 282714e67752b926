package sandbox

import (
	"errors"
	"io"
	"os"
	"reflect"
)

// streams makes the three files that a command gets, and copies between them and what the caller gave. release closes those that
// are only the command's.
func (c *Cell) streams(cmd Command) (files [3]*os.File, release func(), err error) {
	var ours []*os.File
	release = func() {
		for _, file := range ours {
			file.Close()
		}
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	if files[0], err = c.input(cmd.Stdin, &ours); err != nil {
		return files, nil, err
	}
	if files[1], err = c.output(cmd.Stdout, &ours); err != nil {
		return files, nil, err
	}
	if same(cmd.Stdout, cmd.Stderr) { // one pipe keeps their order, and the writer needs no lock
		files[2] = files[1]
		return files, release, nil
	}
	files[2], err = c.output(cmd.Stderr, &ours)
	return files, release, err
}

func (c *Cell) input(from io.Reader, ours *[]*os.File) (*os.File, error) {
	if file, ok := from.(*os.File); ok && file != nil {
		return file, nil
	}
	if from == nil {
		return null(os.O_RDONLY, ours)
	}
	r, w, err := c.pipe()
	if err != nil {
		return nil, err
	}
	*ours = append(*ours, r)
	go func() { // ends with the program, or with the caller's reader
		_, _ = io.Copy(w, from) // EPIPE: the program does not read it all
		w.Close()
	}()
	return r, nil
}

func (c *Cell) output(to io.Writer, ours *[]*os.File) (*os.File, error) {
	if file, ok := to.(*os.File); ok && file != nil {
		return file, nil
	}
	if to == nil {
		return null(os.O_WRONLY, ours)
	}
	r, w, err := c.pipe()
	if err != nil {
		return nil, err
	}
	*ours = append(*ours, w)
	c.mu.Lock()
	c.readers = append(c.readers, r)
	c.mu.Unlock()
	c.copies.Go(func() {
		_, _ = io.Copy(to, r) // a writer that fails loses output, no more
		r.Close()
	})
	return w, nil
}

// pipe makes a pipe that belongs to who runs inside, so that a script may write to /dev/stderr.
func (c *Cell) pipe() (r, w *os.File, err error) {
	r, w, err = os.Pipe()
	if err != nil || c.owner == Self() {
		return r, w, err
	}
	if err := w.Chown(c.owner.UID, c.owner.GID); err != nil {
		return nil, nil, errors.Join(err, r.Close(), w.Close())
	}
	return r, w, nil
}

func null(flag int, ours *[]*os.File) (*os.File, error) {
	file, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		*ours = append(*ours, file)
	}
	return file, err
}

func same(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() && a == b
}
