package proto

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// compareSurfaces compares what is on the wire by numbers, and what generated code is called by names.
func compareSurfaces(base, head *exports.Surface) []exports.Change {
	c := &comparison{numbers: map[string]*exports.Symbol{}, oldNumbers: map[string]bool{}, names: map[string]*exports.Symbol{}, reserved: map[string][]string{}}
	for i := range base.Symbols {
		if s := &base.Symbols[i]; numbered(s) {
			c.oldNumbers[owner(s.Name)+"#"+s.Result] = true
		}
	}
	for i := range head.Symbols {
		s := &head.Symbols[i]
		c.names[s.Name] = s
		if numbered(s) {
			c.numbers[owner(s.Name)+"#"+s.Result] = s
		}
		if s.Kind == "reserved" {
			c.reserved[owner(s.Name)] = append(c.reserved[owner(s.Name)], s.Bases...)
		}
	}
	old := map[string]bool{}
	for i := range base.Symbols {
		old[base.Symbols[i].Name] = true
	}
	var out []exports.Change
	for _, change := range exports.Variants(base, head, c.judge, c.kept) {
		if keep(&change, old, c) {
			out = append(out, change)
		}
	}
	return out
}

// keep drops members of what is gone or new as a whole, and names that took a field's number: the old name's change says so.
func keep(change *exports.Change, old map[string]bool, c *comparison) bool {
	o := owner(change.Name)
	switch change.Change {
	case exports.Removed:
		return !old[o] || c.names[o] != nil
	case exports.Added:
		s := c.names[change.Name]
		if !old[o] && c.names[o] != nil || s != nil && numbered(s) && c.oldNumbers[o+"#"+s.Result] {
			return false
		}
		if s != nil && numbered(s) && s.Bases[partLabel] == "required" {
			change.Breaking, change.Wire, change.Reason = true, true, "it is required: what old programs send lacks it"
		}
	}
	return true
}

func numbered(s *exports.Symbol) bool { return s.Kind == "field" || s.Kind == "value" }

func owner(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

type comparison struct {
	numbers    map[string]*exports.Symbol // "owner#number" of head
	oldNumbers map[string]bool            // of base
	names      map[string]*exports.Symbol // of head
	reserved   map[string][]string        // of head, by owner
}

func wire(reason string) exports.Effect {
	return exports.Effect{Breaking: true, Wire: true, Reason: reason}
}

// kept explains a name that is gone: its number may have another name, or be reserved.
func (c *comparison) kept(s *exports.Symbol) exports.Effect {
	if !numbered(s) {
		return wire("it is gone")
	}
	o := owner(s.Name)
	if now := c.numbers[o+"#"+s.Result]; now != nil {
		e := c.same(s, now)
		if e.Wire {
			e.Reason += ", as " + now.Name
			return e
		}
		return exports.Breaks("it is called " + now.Name)
	}
	if keeps(c.reserved[o], s.Result) {
		return exports.Breaks("it is gone; its number is reserved")
	}
	return wire("it is gone, and its number is not reserved")
}

// keeps says whether a number is among reserved ones: 3, 5 to 9, 100 to max.
func keeps(reserved []string, number string) bool {
	n, err := strconv.Atoi(number)
	if err != nil {
		return false
	}
	for _, r := range reserved {
		from, to, ranged := strings.Cut(r, " to ")
		if !ranged {
			to = from
		}
		low, err := strconv.Atoi(strings.ReplaceAll(from, " ", ""))
		if err != nil {
			continue
		}
		high, err := strconv.Atoi(strings.ReplaceAll(to, " ", ""))
		if to == "max" || err == nil && n <= high {
			if n >= low {
				return true
			}
		}
	}
	return false
}

func (c *comparison) judge(before, after *exports.Symbol) exports.Effect {
	switch {
	case before.Kind != after.Kind:
		return wire(fmt.Sprintf("it was a %s and is a %s", before.Kind, after.Kind))
	case before.Kind == "rpc":
		return wire("it takes or returns another message")
	case numbered(before) && before.Result != after.Result:
		return wire("its number was " + before.Result + " and is " + after.Result)
	case numbered(before):
		return c.same(before, after)
	}
	return exports.Effect{}
}

// same compares two fields of one number.
func (c *comparison) same(before, after *exports.Symbol) exports.Effect {
	old, now := before.Bases, after.Bases
	switch {
	case old[partLabel] != now[partLabel]:
		return wire(fmt.Sprintf("it was %s and is %s", labelled(old[partLabel]), labelled(now[partLabel])))
	case old[partType] != now[partType] && (group(old[partType]) == "" || group(old[partType]) != group(now[partType])):
		return wire("its type was " + old[partType] + " and is " + now[partType])
	case old[partType] != now[partType]:
		return exports.Breaks("its type was " + old[partType] + " and is " + now[partType] + ", which looks the same on the wire")
	case old[partOneof] != now[partOneof]:
		return exports.Breaks("it belongs to another oneof, or to none")
	}
	return exports.Effect{}
}

func labelled(label string) string {
	if label == "" {
		return "single"
	}
	return label
}

// group names the types that are read from the same bytes (protobuf.dev, "Updating a message type").
func group(name string) string {
	switch name {
	case "int32", "uint32", "int64", "uint64", "bool":
		return "varint"
	case "sint32", "sint64":
		return "zigzag"
	case "string", "bytes":
		return "bytes"
	case "fixed32", "sfixed32":
		return "fixed32"
	case "fixed64", "sfixed64":
		return "fixed64"
	}
	return ""
}
