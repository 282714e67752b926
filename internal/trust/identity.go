package trust

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

const (
	identityBase = "https://adamant.dev/id/"
	issuerBase   = "https://adamant.dev/issuer/"
)

// Role is what an identity is in its repository.
type Role string

// The roles. Whatever is none of them has no identity.
const (
	RoleOperator Role = "operator"
	RoleGate     Role = "gate"
	RoleBuilder  Role = "builder"
	RoleAgent    Role = "agent"
)

// Where a builder runs, from which the level that its provenance may claim follows (root.json, roles.builder).
const (
	BuilderWorkstation = "workstation"
	BuilderDedicated   = "dedicated"
)

// Identity is who signs: the URI name of a certificate. The zero value is nobody.
type Identity struct {
	Repository string
	Role       Role
	Name       string // of an operator; of a builder within its mode; of an agent; empty for the gate
	Mode       string // of a builder: workstation or dedicated
	Task       string // of an agent, may be empty
	Model      string // of an agent, may be empty
}

// Operator is a person of repository: https://adamant.dev/id/<repository>/operator/<name>.
func Operator(repository, name string) Identity {
	return Identity{Repository: repository, Role: RoleOperator, Name: name}
}

// Gate is what judges and lands: https://adamant.dev/id/<repository>/gate.
func Gate(repository string) Identity {
	return Identity{Repository: repository, Role: RoleGate}
}

// Builder is what builds: https://adamant.dev/id/<repository>/builder/<mode>/<name>. Its URI is the builder.id of provenance.
func Builder(repository, mode, name string) Identity {
	return Identity{Repository: repository, Role: RoleBuilder, Mode: mode, Name: name}
}

// Agent is an agent at one task with one model: https://adamant.dev/id/<repository>/agent/<name>?task=<task>&model=<model>.
func Agent(repository, name, task, model string) Identity {
	return Identity{Repository: repository, Role: RoleAgent, Name: name, Task: task, Model: model}
}

// Issuer is who vouches for the identities of a repository: the value of the certificates' issuer extension.
func Issuer(repository string) string { return issuerBase + url.PathEscape(repository) }

// ErrIdentity is wrapped by the error of an identity that is none.
var ErrIdentity = errors.New("no identity of adamant")

// word is a repository, a person, a builder, an agent: what is readable in a certificate and needs no escape in a path.
var word = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`) })

// Check says what is wrong with an identity. Names are 1 to 63 letters, digits, dots, dashes and underscores and begin and end with
// a letter or a digit; a task and a model are at most 128 bytes.
func (i Identity) Check() error {
	if !word().MatchString(i.Repository) {
		return fmt.Errorf("%w: the repository %q", ErrIdentity, i.Repository)
	}
	named := i.Role != RoleGate
	switch {
	case i.Role != RoleOperator && i.Role != RoleGate && i.Role != RoleBuilder && i.Role != RoleAgent:
		return fmt.Errorf("%w: the role %q", ErrIdentity, i.Role)
	case named != (i.Name != "") || named && !word().MatchString(i.Name):
		return fmt.Errorf("%w: the %s %q", ErrIdentity, i.Role, i.Name)
	case (i.Role == RoleBuilder) != (i.Mode != "") || i.Mode != "" && !word().MatchString(i.Mode):
		return fmt.Errorf("%w: the %s's mode %q", ErrIdentity, i.Role, i.Mode)
	case i.Role != RoleAgent && i.Task+i.Model != "" || len(i.Task) > 128 || len(i.Model) > 128:
		return fmt.Errorf("%w: the %s's task %q and model %q", ErrIdentity, i.Role, i.Task, i.Model)
	}
	return nil
}

// String is the URI. It means something only where Check finds nothing.
func (i Identity) String() string {
	path := identityBase + i.Repository + "/" + string(i.Role)
	switch i.Role {
	case RoleBuilder:
		path += "/" + i.Mode + "/" + i.Name
	case RoleOperator, RoleAgent:
		path += "/" + i.Name
	}
	var query []string
	if i.Task != "" {
		query = append(query, "task="+url.QueryEscape(i.Task))
	}
	if i.Model != "" {
		query = append(query, "model="+url.QueryEscape(i.Model))
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	return path
}

// ParseIdentity reads the URI of an identity. There is one spelling: what String writes.
func ParseIdentity(uri string) (Identity, error) {
	rest, found := strings.CutPrefix(uri, identityBase)
	if !found {
		return Identity{}, fmt.Errorf("%w: %q does not begin with %s", ErrIdentity, uri, identityBase)
	}
	path, query, _ := strings.Cut(rest, "?")
	i := fromPath(strings.Split(path, "/"))
	values, err := url.ParseQuery(query)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %q: %w", ErrIdentity, uri, err)
	}
	i.Task, i.Model = values.Get("task"), values.Get("model")
	if err := i.Check(); err != nil {
		return Identity{}, fmt.Errorf("%q: %w", uri, err)
	}
	if i.String() != uri {
		return Identity{}, fmt.Errorf("%w: %q is written %q", ErrIdentity, uri, i.String())
	}
	return i, nil
}

// fromPath takes what has a place; Check and the comparison of spellings refuse the rest.
func fromPath(parts []string) Identity {
	i := Identity{Repository: parts[0]}
	if len(parts) > 1 {
		i.Role, i.Name = Role(parts[1]), parts[len(parts)-1]
	}
	switch {
	case i.Role == RoleGate:
		i.Name = ""
	case i.Role == RoleBuilder && len(parts) == 4:
		i.Mode = parts[2]
	}
	return i
}

// Within reads an identity of a repository as people write it, without what all of them have in common: operator/ada,
// builder/workstation/local. A whole URI will do, if it is of that repository.
func Within(repository, name string) (Identity, error) {
	base := identityBase + repository + "/"
	return ParseIdentity(base + strings.TrimPrefix(name, base))
}
