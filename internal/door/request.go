package door

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/git"
)

// Command asks for one reference to be moved. Old "" creates it, New "" deletes it.
type Command struct {
	Ref      string
	Old, New git.OID
}

// Request is what a push asks for: the part before the pack.
type Request struct {
	Probe        bool // an empty request that git sends before a large one
	Commands     []Command
	Capabilities []string // in the order of the wire
	Options      []string // push options
}

// Grammar bounds a request.
type Grammar struct {
	HexLen      int // digits of an object name: 40 or 64
	MaxCommands int
	MaxOptions  int
	MaxBytes    int // of all lines together
}

// GrammarError says that a request is refused unread. What could be read of the request comes with it.
type GrammarError struct {
	Offset  int // bytes read when it was found
	Problem string
	Fix     string
	Err     error // of the reader
}

func (e *GrammarError) Error() string {
	text := fmt.Sprintf("byte %d: %s", e.Offset, e.Problem)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *GrammarError) Unwrap() error { return e.Err }

// ParseRequest reads the commands and push options of a git-receive-pack request (gitprotocol-pack, "Reference Update Request
// and Packfile Transfer") and not one byte of what follows. Only commands, a flush and, when negotiated, push options and a
// flush are known: push certificates, shallow lines and unknown capabilities are refused, since git would act on what is
// in them. After an error the returned Request holds what was read, for the answer only.
func ParseRequest(r io.Reader, g Grammar) (*Request, error) {
	p := &parser{lines: lines{r: r, limit: g.MaxBytes}, grammar: g, req: &Request{}}
	err := p.commands()
	if err == nil && slices.Contains(p.req.Capabilities, "push-options") && !p.req.Probe {
		err = p.options()
	}
	return p.req, err
}

type parser struct {
	lines   lines
	grammar Grammar
	req     *Request
	shallow bool
}

func (p *parser) fail(fix, problem string, args ...any) error {
	return &GrammarError{Offset: p.lines.read, Problem: fmt.Sprintf(problem, args...), Fix: fix}
}

// line reads a line that must be there.
func (p *parser) line() ([]byte, bool, error) {
	payload, flush, err := p.lines.next()
	switch {
	case errors.Is(err, errNoLine):
		return nil, false, p.fail("", "the request ends before its flush")
	case err != nil:
		return nil, false, &GrammarError{Offset: p.lines.read, Problem: "not a pkt-line", Err: err}
	}
	return payload, flush, nil
}

func (p *parser) commands() error {
	for {
		payload, flush, err := p.line()
		if err != nil {
			return err
		}
		if flush {
			return p.complete()
		}
		if err := p.command(payload); err != nil {
			return err
		}
	}
}

// complete judges the commands as a whole.
func (p *parser) complete() error {
	switch {
	case p.shallow:
		return p.fail("run git fetch --unshallow and push again", "a push from a shallow clone is not taken")
	case len(p.req.Commands) == 0:
		p.req.Probe = true
	}
	return nil
}

func (p *parser) command(payload []byte) error {
	if err := p.special(payload); err != nil {
		return err
	}
	if bytes.HasPrefix(payload, []byte("shallow ")) && len(p.req.Commands) == 0 {
		p.shallow = true
		return nil
	}
	if len(p.req.Commands) == p.grammar.MaxCommands {
		return p.fail("push fewer references at a time", "more than %d commands", p.grammar.MaxCommands)
	}
	line, capabilities, found := bytes.Cut(payload, []byte{0})
	if first := len(p.req.Commands) == 0; found != first {
		return p.fail("", "capabilities belong on the first command and nowhere else")
	} else if first {
		if err := p.capabilities(string(capabilities)); err != nil {
			return err
		}
	}
	c, err := p.parseCommand(strings.TrimSuffix(string(line), "\n"))
	if err != nil {
		return err
	}
	earlier := p.req.Commands
	p.req.Commands = append(p.req.Commands, c)
	if c.Old == c.New {
		return p.fail("", "the command for %s changes nothing: a proposal cannot be deleted, and what is not there cannot either", c.Ref)
	}
	return p.distinct(earlier, c.Ref)
}

func (p *parser) special(payload []byte) error {
	if bytes.HasPrefix(payload, []byte("push-cert")) {
		return p.fail("push without --signed; sign your commits instead", "push certificates are not taken")
	}
	return nil
}

func (p *parser) parseCommand(line string) (Command, error) {
	n := p.grammar.HexLen
	if len(line) < 2*n+3 || line[n] != ' ' || line[2*n+1] != ' ' {
		return Command{}, p.fail("", "a command is OLD NEW REF, with object names of %d digits", n)
	}
	old, head, ref := line[:n], line[n+1:2*n+1], line[2*n+2:]
	if !isHex(old) || !isHex(head) {
		return Command{}, p.fail("", "an object name has %d lower-case hex digits", n)
	}
	if problem := refProblem(ref); problem != "" {
		return Command{}, p.fail("", "the name %q %s", clip(ref), problem)
	}
	return Command{Ref: ref, Old: oid(old), New: oid(head)}, nil
}

// distinct refuses a second command for a name, or for one that cannot lie beside it.
func (p *parser) distinct(earlier []Command, ref string) error {
	for _, c := range earlier {
		if c.Ref == ref {
			return p.fail("", "two commands for %s", ref)
		}
		if _, found := clash([]string{c.Ref}, ref); found {
			return p.fail("push one of them", "%s and %s cannot lie beside each other", c.Ref, ref)
		}
	}
	return nil
}

// oid turns zeros, git's word for nothing, into the empty name.
func oid(hex string) git.OID {
	if strings.Trim(hex, "0") == "" {
		return ""
	}
	return git.OID(hex)
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }

func clip(text string) string { return text[:min(len(text), 80)] }

const capabilityLimit = 256

// The capabilities that the door understands; those with a value end in "=".
func known(capability string) bool {
	switch capability {
	case "report-status", "report-status-v2", "side-band-64k", "delete-refs", "ofs-delta", "atomic", "quiet", "push-options":
		return true
	}
	return strings.HasPrefix(capability, "agent=") || strings.HasPrefix(capability, "session-id=")
}

func (p *parser) capabilities(text string) error {
	for c := range strings.FieldsSeq(strings.TrimSuffix(text, "\n")) {
		format, isFormat := strings.CutPrefix(c, "object-format=")
		switch {
		case len(c) > capabilityLimit || strings.ContainsFunc(c, func(r rune) bool { return r <= ' ' || r > '~' }):
			return p.fail("", "a capability is not readable")
		case isFormat && format != formatName(p.grammar.HexLen):
			return p.fail("", "the repository has objects of %s, the push of %q", formatName(p.grammar.HexLen), clip(format))
		case !isFormat && !known(c):
			return p.fail("", "the capability %q is not known here", clip(c))
		case slices.Contains(p.req.Capabilities, c):
			return p.fail("", "the capability %q stands twice", clip(c))
		}
		p.req.Capabilities = append(p.req.Capabilities, c)
	}
	if !p.req.has("report-status") && !p.req.has("report-status-v2") || !p.req.has("side-band-64k") {
		return p.fail("use git 2.29 or newer", "a push needs the capabilities report-status and side-band-64k")
	}
	return nil
}

func formatName(hexLen int) string {
	if hexLen == 64 {
		return "sha256"
	}
	return "sha1"
}

func (r *Request) has(capability string) bool { return slices.Contains(r.Capabilities, capability) }

const optionLimit = 4096

func (p *parser) options() error {
	for {
		payload, flush, err := p.line()
		if err != nil || flush {
			return err
		}
		text := strings.TrimSuffix(string(payload), "\n")
		switch {
		case len(p.req.Options) == p.grammar.MaxOptions:
			return p.fail("", "more than %d push options", p.grammar.MaxOptions)
		case len(text) > optionLimit:
			return p.fail("", "a push option is longer than %d bytes", optionLimit)
		case !utf8.ValidString(text) || strings.ContainsFunc(text, hidden):
			return p.fail("", "a push option holds characters that cannot be seen")
		}
		p.req.Options = append(p.req.Options, text)
	}
}

// Encode writes the request as git would. git is given this and never the client's own bytes.
func (r *Request) Encode(hexLen int) []byte {
	var out []byte
	for i, c := range r.Commands {
		line := wire(c.Old, hexLen) + " " + wire(c.New, hexLen) + " " + c.Ref
		if i == 0 {
			line += "\x00 " + strings.Join(r.Capabilities, " ")
		}
		out = appendPkt(out, line)
	}
	out = append(out, flushPkt...)
	if r.has("push-options") && !r.Probe {
		for _, option := range r.Options {
			out = appendPkt(out, option)
		}
		out = append(out, flushPkt...)
	}
	return out
}

// wire is an object name as git writes it.
func wire(id git.OID, hexLen int) string {
	if id == "" {
		return strings.Repeat("0", hexLen)
	}
	return string(id)
}

// sendsPack says that a pack follows: it does unless everything is deleted.
func (r *Request) sendsPack() bool {
	return slices.ContainsFunc(r.Commands, func(c Command) bool { return c.New != "" })
}
