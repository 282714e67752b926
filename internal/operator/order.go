package operator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/manifest"
)

// OrderVersion is the apiVersion of an order.
const OrderVersion = "adamant.dev/operator/v1"

// NamespaceOrder is the SSHSIG namespace of orders: no signature of an approval is one of an order.
const NamespaceOrder = "adamant-operator"

// What an order asks for.
const (
	ActionEnrol  = "enrol"
	ActionRevoke = "revoke"
	ActionCodes  = "codes" // new recovery codes in place of the old
	ActionLand   = "land"  // break the glass: move main to a commit that nobody judged
)

// The methods that prove an order besides those of approvals.
const (
	MethodOwner    = "owner"    // of the kernel folder: the first key only
	MethodRecovery = "recovery" // a recovery code
)

// Order is what an operator signs to change who has authority. Its canonical JSON is what is signed.
type Order struct {
	APIVersion string    `json:"apiVersion"`
	Action     string    `json:"action"`
	Operator   string    `json:"operator"`
	Method     string    `json:"method,omitempty"` // enrol: of the new key
	Public     string    `json:"public,omitempty"` // enrol: authorized_keys line without comment; totp: sha256 of the secret; webauthn: empty
	Label      string    `json:"label,omitempty"`
	Revokes    []string  `json:"revokes,omitempty"` // ids of keys
	Onto       string    `json:"onto,omitempty"`    // land: where main is
	Lands      string    `json:"lands,omitempty"`   // land: the commit that it becomes
	Reason     string    `json:"reason,omitempty"`
	Nonce      string    `json:"nonce"` // 32 hex digits, used once
	At         time.Time `json:"at"`
	Expires    time.Time `json:"expires"`
}

// Text is the order's canonical JSON.
func (o Order) Text() (string, error) {
	data, err := manifest.CanonicalJSON(o)
	if err != nil {
		return "", fmt.Errorf("encoding the order: %w", err)
	}
	return string(data), nil
}

const maxOrder = 16 << 10 // bytes

// ParseOrder reads the text that was signed: canonical JSON only.
func ParseOrder(text string) (Order, error) {
	var o Order
	if len(text) > maxOrder {
		return o, fmt.Errorf("reading the order: it is longer than %d bytes", maxOrder)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return o, fmt.Errorf("reading the order: %w", err)
	}
	if canonical, err := o.Text(); err != nil || canonical != text {
		return o, errors.Join(errors.New("reading the order: it is not canonical JSON (docs/formats/approval.md)"), err)
	}
	return o, o.check()
}

var (
	nonceForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{32}$`) })
	nameForm  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`) })
)

func (o Order) check() error {
	switch {
	case o.APIVersion != OrderVersion:
		return fmt.Errorf("the order has apiVersion %q, want %q", o.APIVersion, OrderVersion)
	case len(o.Operator) > 64 || !nameForm().MatchString(o.Operator):
		return fmt.Errorf("%q is no operator's name: lower-case letters and digits, with . - or _ between them", o.Operator)
	case !nonceForm().MatchString(o.Nonce):
		return errors.New("the order's nonce is not 32 hex digits")
	case utf8.RuneCountInString(o.Label) > 64 || strings.ContainsFunc(o.Label, isControl):
		return errors.New("the key's label is longer than 64 characters, or has control characters")
	case o.Action == ActionRevoke && len(o.Revokes) == 0:
		return errors.New("the order revokes nothing: name a key")
	case o.Action == ActionEnrol && o.Method == "":
		return errors.New("the order enrols a key and does not say of which method")
	case o.Action == ActionLand && (o.Onto == "" || o.Lands == ""):
		return errors.New("the order to land does not say what, or onto what")
	case o.Action == ActionLand && utf8.RuneCountInString(o.Reason) < gate.MinReason:
		return fmt.Errorf("breaking the glass needs a reason of %d characters or more", gate.MinReason)
	}
	switch o.Action {
	case ActionEnrol, ActionRevoke, ActionCodes, ActionLand:
		return nil
	}
	return fmt.Errorf("nobody knows the action %q", o.Action)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// The bounds of a statement's and an order's life.
const (
	clockSkew    = 5 * time.Minute
	maxOrderLife = time.Hour
	maxLife      = 30 * 24 * time.Hour
	maxCritical  = 24 * time.Hour
)

// inTime says whether what was written at from and ends at to may be taken at an instant.
func inTime(from, to, at time.Time, longest time.Duration) error {
	switch {
	case from.After(at.Add(clockSkew)):
		return refused("it was written at " + from.UTC().Format(time.RFC3339) + ", which is yet to come: look at the clocks")
	case !at.Before(to):
		return refused("it lapsed at " + to.UTC().Format(time.RFC3339) + ": sign anew")
	case to.Sub(from) > longest:
		return refused(fmt.Sprintf("it is valid for longer than %s", longest))
	}
	return nil
}
