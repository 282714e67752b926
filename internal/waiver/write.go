package waiver

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Draft is what a new waiver says. Dates are as a waiver's file writes them.
type Draft struct {
	ID            string `yaml:"-"`
	Rule          string `yaml:"rule"`
	Resource      string `yaml:"resource"`
	Justification string `yaml:"justification"`
	Owner         string `yaml:"owner"`
	ApprovedBy    string `yaml:"approvedBy"`
	Created       string `yaml:"created"`
	Expires       string `yaml:"expires"`
	MaxFindings   int    `yaml:"maxFindings,omitempty"`
	Ticket        string `yaml:"ticket,omitempty"`
}

// Write returns the file of a new waiver. The error names everything that makes it malformed; days is the longest validity.
func (d Draft) Write(days int) (Waiver, []byte, error) {
	text, err := encode(struct {
		APIVersion string            `yaml:"apiVersion"`
		Kind       string            `yaml:"kind"`
		Metadata   map[string]string `yaml:"metadata"`
		Spec       Draft             `yaml:"spec"`
	}{"adamant.dev/v1", "Waiver", map[string]string{"name": d.ID}, d})
	if err != nil {
		return Waiver{}, nil, fmt.Errorf("writing waiver %s: %w", d.ID, err)
	}
	w := Read(Folder+d.ID+".yaml", text, days)
	return w, text, manifest.Join(w.Problems)
}

// Renewal is what an extension says.
type Renewal struct {
	On      string `yaml:"on"`
	Reason  string `yaml:"reason"`
	By      string `yaml:"by"`
	Expired string `yaml:"expired"` // set by Renew
}

// Renew returns a waiver's file with a new expiry date and one more renewal; comments are kept. The file must be well
// formed before and is afterwards, or there is an error that says why it is not.
func Renew(file string, data []byte, expires string, r Renewal, days int) (Waiver, []byte, error) {
	old := Read(file, data, 366) // the limit may have been tightened since
	if len(old.Problems) > 0 {
		return old, nil, fmt.Errorf("a malformed waiver cannot be renewed; mend it first:\n%w", manifest.Join(old.Problems))
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return old, nil, fmt.Errorf("reading waiver %s: %w", old.ID, err)
	}
	spec := member(&doc, "spec")
	if spec == nil || member(spec, "expires") == nil {
		return old, nil, fmt.Errorf("reading waiver %s: %w", old.ID, errAliased)
	}
	r.Expired = old.Expires
	if err := extend(spec, expires, r); err != nil {
		return old, nil, fmt.Errorf("renewing waiver %s: %w", old.ID, err)
	}
	text, err := encode(&doc)
	if err != nil {
		return old, nil, fmt.Errorf("writing waiver %s: %w", old.ID, err)
	}
	w := Read(file, text, days)
	return w, text, manifest.Join(w.Problems)
}

var errAliased = errors.New("its fields are not written out where they stand; write the file without aliases and merges")

// extend edits a spec in place.
func extend(spec *yaml.Node, expires string, r Renewal) error {
	member(spec, "expires").SetString(expires)
	var entry yaml.Node
	if err := entry.Encode(r); err != nil {
		return err
	}
	list := member(spec, "renewals")
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		spec.Content = append(spec.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "renewals"}, list)
	}
	if list.Kind != yaml.SequenceNode {
		return errAliased
	}
	list.Content = append(list.Content, &entry)
	return nil
}

// member finds the value of a key of a mapping, or of the mapping that a document is.
func member(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		n = n.Content[0]
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(v), enc.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// NameFor makes an id for a waiver of a rule that is none of taken.
func NameFor(rule string, taken []string) string {
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return '-'
	}, rule), "-.")
	if name == "" {
		name = "waiver"
	}
	name = strings.TrimRight(name[:min(len(name), 56)], "-.")
	id := name
	for n := 2; slices.Contains(taken, id); n++ {
		id = fmt.Sprintf("%s-%d", name, n)
	}
	return id
}
