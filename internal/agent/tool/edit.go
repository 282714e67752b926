package tool

import (
	"errors"
	"fmt"
	"strings"
)

// Edit replaces old by text in a file. old must occur exactly once, unless all is set. What it cannot do it explains with the
// lines of the file that come nearest, so that the next try succeeds.
func (f *Folder) Edit(name, old, text string, all bool) (string, error) {
	name, err := f.writable(name)
	if err != nil {
		return "", err
	}
	data, err := f.bytes(name)
	if err != nil {
		return "", err
	}
	before := string(data)
	after, count, err := replace(before, old, text, all)
	if err != nil {
		return "", fmt.Errorf("%s was not changed: %w", name, err)
	}
	if err := f.put(name, []byte(after)); err != nil {
		return "", err
	}
	if count > 1 {
		return fmt.Sprintf("%s: replaced %d places", name, count), nil
	}
	return fmt.Sprintf("%s is now:\n%s", name, around(before, after)), nil
}

// replace is Edit without the file. Line ends of old and text are taken as the file has them.
func replace(file, old, text string, all bool) (after string, count int, err error) {
	if old == "" {
		return "", 0, errors.New("old is empty; use write to make or replace a whole file")
	}
	if strings.Contains(file, "\r\n") {
		old, text = likeFile(file, old, text)
	}
	if old == text {
		return "", 0, errors.New("old and new are the same")
	}
	count = occurrences(file, old)
	switch {
	case count == 0:
		return "", 0, missing(file, old, text)
	case count > 1 && !all:
		return "", 0, fmt.Errorf("old occurs %d times, at lines %s; take in more of the lines around it, or set all", count, places(file, old))
	case all:
		return strings.ReplaceAll(file, old, text), strings.Count(file, old), nil
	}
	return strings.Replace(file, old, text, 1), 1, nil
}

// likeFile writes line ends as CRLF when the file has no others. Mixed files are matched as they are.
func likeFile(file, old, text string) (string, string) {
	if strings.Count(file, "\n") != strings.Count(file, "\r\n") || strings.Contains(old, "\r\n") {
		return old, text
	}
	crlf := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n") }
	return crlf(old), crlf(text)
}

// maxPlaces bounds how many places are counted.
const maxPlaces = 100

// occurrences counts also those that overlap, up to maxPlaces: each is a place that could be meant.
func occurrences(file, old string) int {
	count := 0
	for at := 0; old != "" && count < maxPlaces; count++ {
		i := strings.Index(file[at:], old)
		if i < 0 {
			return count
		}
		at += i + 1
	}
	return count
}

// places lists the lines at which old begins.
func places(file, old string) string {
	var lines []string
	line, at := 1, 0
	for len(lines) < 10 {
		i := strings.Index(file[at:], old)
		if i < 0 {
			return strings.Join(lines, ", ")
		}
		line += strings.Count(file[at:at+i], "\n")
		lines = append(lines, fmt.Sprint(line))
		line += strings.Count(file[at+i:at+i+1], "\n")
		at += i + 1
	}
	return strings.Join(lines, ", ") + ", …"
}

// around shows the lines that differ, with two on each side.
func around(before, after string) string {
	was, is := splitLines(before), splitLines(after)
	first := 0
	for first < len(was) && first < len(is) && was[first] == is[first] {
		first++
	}
	last := len(is)
	for i := len(was); last > first && i > first && was[i-1] == is[last-1]; i-- {
		last--
	}
	text, next := numbered(is, max(first-1, 1), min(max(last, first)+2, len(is)), 4<<10)
	if shown := min(max(last, first)+2, len(is)); next <= shown {
		text += fmt.Sprintf("(and on to line %d)\n", shown)
	}
	return text
}

// missing says why old was not found.
func missing(file, old, text string) error {
	if numbers(old) {
		return errors.New("old was not found; its lines begin with line numbers, which read adds and the file does not have")
	}
	if whole := strings.Trim(text, "\n"); strings.TrimSpace(whole) != "" && strings.Contains("\n"+file+"\n", "\n"+whole+"\n") {
		return fmt.Errorf("old was not found, but new is there already, at line %s", places("\n"+file, "\n"+whole))
	}
	near := nearest(splitLines(file), splitLines(old))
	if near == nil {
		return errors.New("old was not found and nothing in the file is like it; read the file again")
	}
	return fmt.Errorf("old was not found exactly; %s\n%sCopy old from these lines, without the numbers", near.why, near.text)
}

// numbers says whether every line begins as read shows them.
func numbers(old string) bool {
	for _, line := range splitLines(old) {
		head, _, ok := strings.Cut(line, "\t")
		if head = strings.TrimSpace(head); !ok || head == "" || strings.Trim(head, "0123456789") != "" {
			return false
		}
	}
	return true
}
