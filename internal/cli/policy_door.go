package cli

import (
	"fmt"
	"io"
	"slices"
)

// doorRule is a refusal of the door: it comes before the gate sees anything, and has no place among the gate's rules.
type doorRule struct{ id, title, fix string }

// doorRules are the refusals that a push can meet; docs/door.md has the same table.
func doorRules() []doorRule {
	return []doorRule{
		{"door/ref", "only the gate moves main, tags and what is the kernel's own", "propose the change: git push REMOTE HEAD:refs/for/main"},
		{"door/right", "the token may not do this, expired, or was revoked", "ask the operator for a token that may: adamant token new"},
		{"door/history", "the push rewrites a branch, or shares no history with main", "git fetch, then git rebase onto main"},
		{"door/stale", "the branch has moved since the pusher looked", "git fetch and try again"},
		{"door/identity", "an author or committer is not the one of the token", "set user.email, then git rebase main --exec 'git commit --amend --no-edit --reset-author'"},
		{"door/secret", "a commit holds a credential, even if a later one takes it out", "revoke it where it was issued and rewrite the commit"},
		{"door/limit", "the push, or something in it, is too large or too many", "push less at a time; keep large files out of git"},
		{"door/option", "the push option is not understood", "use topic=, title=, description= or change="},
		{"door/grammar", "the request is not what git sends", "git fetch --unshallow; push without --signed; git 2.29 or newer"},
		{"door/internal", "nothing could be decided", "tell the operator; it is in the daemon's log"},
	}
}

func listDoorRules(w io.Writer) {
	for _, r := range doorRules() {
		fmt.Fprintf(w, "%s\trefuse push\t%s\n", r.id, cutText(r.title, 56))
	}
}

// explainDoorRule says what a refusal of the door means; false: there is none of that name.
func explainDoorRule(env *Env, id string) bool {
	i := slices.IndexFunc(doorRules(), func(r doorRule) bool { return r.id == id })
	if i < 0 {
		return false
	}
	r := doorRules()[i]
	fmt.Fprintf(env.Stdout, "%s  %s\n\n  does  refuses the push, before the gate sees it\n  fix   %s\n\nPackage adamant.door decides it where it can be decided by policy: docs/door.md.\n",
		styleFor(env, env.Stdout).bold(r.id), r.title, r.fix)
	return true
}
