package model

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// eachEvent reads server-sent events and gives the data of each to each, until it says that it is done or the stream ends.
// Names, ids and comments are passed over: every format repeats the name in its data.
func eachEvent(r io.Reader, each func(data []byte) (done bool, err error)) error {
	in := bufio.NewScanner(io.LimitReader(r, maxAnswer))
	in.Buffer(make([]byte, 0, 64<<10), maxEvent)
	var data []byte
	some := false
	for in.Scan() {
		line := bytes.TrimSuffix(in.Bytes(), []byte("\r"))
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if some {
				data = append(data, '\n')
			}
			data, some = append(data, bytes.TrimPrefix(value, []byte(" "))...), true
			if len(data) > maxEvent {
				return fmt.Errorf("an event of the answer has more than %d bytes", maxEvent)
			}
			continue
		}
		if len(line) > 0 || !some {
			continue
		}
		if done, err := each(data); done || err != nil {
			return err
		}
		data, some = data[:0], false
	}
	if err := in.Err(); err != nil {
		return cut(err)
	}
	if some { // the blank line after the last event is often left out
		_, err := each(data)
		return err
	}
	return nil
}

// cut says that a stream broke. What the caller cancelled stays what it is.
func cut(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("a line of the answer has more than %d bytes", maxEvent)
	}
	return &CutError{Why: "the answer's stream broke: " + err.Error()}
}

// silence cancels a request in which nothing was read for too long.
type silence struct {
	timer *time.Timer
	limit time.Duration
	fired atomic.Bool
	stop  func()
}

func watch(ctx context.Context, limit time.Duration) (context.Context, *silence) {
	ctx, cancel := context.WithCancel(ctx)
	s := &silence{limit: limit}
	s.timer = time.AfterFunc(limit, func() {
		s.fired.Store(true)
		cancel()
	})
	s.stop = func() {
		s.timer.Stop()
		cancel()
	}
	return ctx, s
}

// watched notes every byte as a sign of life.
type watched struct {
	io.Reader
	silence *silence
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.silence.timer.Reset(w.silence.limit)
	}
	return n, err
}
