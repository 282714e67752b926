package desk

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReadEvents(t *testing.T) {
	t.Parallel()
	got := ""
	note := func(event string, data []byte) error {
		got += fmt.Sprintf("%s=%s;", event, data)
		return nil
	}
	err := readEvents(strings.NewReader(": a comment\n\nevent: line\nid: 3\ndata: {\"a\":1}\n\ndata: one\ndata: two\n\nevent: end\ndata:x\n\nevent: cut\ndata: lost"), note)
	if want := `line={"a":1};message=one` + "\ntwo;end=x;"; got != want || err != nil {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	enough := errors.New("enough")
	if err := readEvents(strings.NewReader("data: x\n\n"), func(string, []byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("it goes on after %v", err)
	}
	if err := readEvents(strings.NewReader("data: "+strings.Repeat("x", eventLimit)), note); err == nil {
		t.Error("a line without end is read")
	}
}
