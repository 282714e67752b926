package facts

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/privacy"
)

// privacy looks at the added lines of a file when the component it belongs to, or came from, is classified pii at base.
func (c *Collected) privacy(f *File, after version) []privacy.Hit {
	if !after.exists() || after.unread != "" || after.mode == git.ModeSymlink || len(f.Lines) == 0 {
		return nil
	}
	fields, personal := c.Governance.Config.Spec.Policy.PIIFields, false
	for _, ref := range []string{f.Component, f.OldComponent} {
		if g := c.Governance.Catalog.Governance(ref); ref != "" && IsPersonal(g.DataClassification) {
			fields, personal = slices.Concat(fields, strings.Split(g.PIIFields, ",")), true
		}
	}
	if !personal {
		return nil
	}
	return privacy.Find(privacy.File{Path: f.Path, Class: f.Class, Text: after.data, Lines: f.Lines, Fields: fields})
}

// IsPersonal says whether a data classification is that of data about people: one of its words is pii.
func IsPersonal(classification string) bool {
	words := strings.FieldsFunc(strings.ToLower(classification), func(r rune) bool { return !(r >= 'a' && r <= 'z') })
	return slices.ContainsFunc(words, func(w string) bool { return w == "pii" || w == "gdpr" || w == "phi" })
}
