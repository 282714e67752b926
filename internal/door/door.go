// Package door is the only way into a kernel from outside: git's smart HTTP protocol behind tokens.
//
// It promises that whatever is pushed is read by a strict grammar before git sees a byte of it, authorised by the policy of
// main's tip, and judged (identity, size, fsck, credentials) while its objects lie in a repository of their own that is thrown
// away when the answer is no; that git itself moves no reference of the kernel: what is accepted goes there by the kernel's
// own fenced transaction; and that a reader is served from a repository that holds main and what the token may see and
// nothing else, so that there is no object to ask for that it may not have.
//
// It never moves main, a tag or anything below refs/adamant, whatever the policy says, never writes a token to a log, and
// never lets the gate run: it records what was proposed, and the gate looks at it afterwards.
package door

import "fmt"

// The rules of the door's own refusals. Those of the policy have names of their own.
const (
	RuleGrammar  = "door/grammar"  // the request is not what git sends
	RuleRef      = "door/ref"      // nobody may write there
	RuleRight    = "door/right"    // this token may not
	RuleStale    = "door/stale"    // the reference moved meanwhile
	RuleLimit    = "door/limit"    // too large, too many, too long
	RuleIdentity = "door/identity" // author or committer
	RuleHistory  = "door/history"  // unrelated or rewritten history
	RuleSecret   = "door/secret"   // a credential
	RuleOption   = "door/option"   // a push option
)

// Refusal is one reason why a push is not accepted.
type Refusal struct {
	Rule    string `json:"rule"`
	Ref     string `json:"ref,omitempty"` // the reference it is about; empty = the whole push
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"` // what to do next
}

// String is the refusal as one line.
func (r Refusal) String() string {
	text := r.Message
	if r.Ref != "" {
		text = r.Ref + ": " + text
	}
	if r.Fix != "" {
		text += "; " + r.Fix
	}
	return fmt.Sprintf("%s [%s]", text, r.Rule)
}
