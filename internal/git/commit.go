package git

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseCommit reads a commit object. Headers it does not know (gpgsig, mergetag, HG:...) are skipped with their
// continuation lines; a signature without a date, or with one no calendar has, gets the zero time.
func parseCommit(id OID, data []byte) (Commit, error) {
	commit := Commit{OID: id}
	rest := string(data)
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		if line == "" {
			commit.Message = rest
			break
		}
		key, value, _ := strings.Cut(line, " ") // a continuation line starts with a space: its key is empty
		commit.set(key, value)
	}
	if commit.Tree == "" {
		return Commit{}, fmt.Errorf("commit %s has no tree", id.Short())
	}
	return commit, nil
}

// set takes one header. Of a repeated one the first counts, as in git.
func (c *Commit) set(key, value string) {
	switch {
	case key == "tree" && c.Tree == "":
		c.Tree = OID(value)
	case key == "parent":
		c.Parents = append(c.Parents, OID(value))
	case key == "author" && c.Author == Signature{}:
		c.Author = parseSignature(value)
	case key == "committer" && c.Committer == Signature{}:
		c.Committer = parseSignature(value)
	case key == "encoding" && c.Encoding == "":
		c.Encoding = value
	}
}

// parseSignature reads "Name <email> seconds zone". Like git it takes the last ">" for the end of the address.
func parseSignature(text string) Signature {
	end := strings.LastIndexByte(text, '>')
	if end < 0 {
		return Signature{Name: strings.TrimSpace(text)}
	}
	name, email, _ := strings.Cut(text[:end], "<")
	return Signature{
		Name:  strings.TrimSpace(name),
		Email: strings.TrimSpace(email),
		When:  parseWhen(strings.Fields(text[end+1:])),
	}
}

const lastSecond = 253402300799 // 9999-12-31T23:59:59Z: later times do not fit RFC 3339

func parseWhen(fields []string) time.Time {
	if len(fields) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || seconds < 0 || seconds > lastSecond-24*3600 {
		return time.Time{}
	}
	when := time.Unix(seconds, 0).UTC()
	if len(fields) > 1 {
		when = when.In(parseZone(fields[1]))
	}
	return when
}

// parseZone reads "+hhmm". What cannot be a zone is UTC.
func parseZone(text string) *time.Location {
	n, err := strconv.Atoi(text)
	if err != nil || len(text) != 5 {
		return time.UTC
	}
	offset := (n/100)*3600 + (n%100)*60
	if offset == 0 || offset <= -24*3600 || offset >= 24*3600 {
		return time.UTC
	}
	return time.FixedZone("", offset)
}
