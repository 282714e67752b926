package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/operator/sign"
)

// held runs f with the authority of a kernel that this process holds.
func held(t *testing.T, dir string, f func(k *kernel.Kernel, a *operator.Authority)) {
	t.Helper()
	k, err := kernel.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := operator.Open(t.Context(), operator.LedgerLog{Repo: k.Repo(), Writer: k.Ledger()}, operator.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	f(k, a)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}

// The glass is broken on a real kernel without a daemon: only by a strong proof, on record, and once.
func TestBreakGlassWithoutDaemon(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.txt", "a\n")
	r.Commit("one")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	dir := filepath.Join(t.TempDir(), "kernel")
	created, err := kernel.Create(t.Context(), dir, repo, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := created.Close(); err != nil {
		t.Fatal(err)
	}
	r.Write("a.txt", "hot fix\n")
	r.Commit("two")

	k := newTypist(t)
	file := k.key("laptop")
	k.dir, k.now = r.Dir, time.Now()
	var codes []string
	held(t, dir, func(_ *kernel.Kernel, a *operator.Authority) {
		key, err := sign.File(file)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Second)
		text, err := operator.Order{APIVersion: operator.OrderVersion, Action: operator.ActionEnrol, Operator: "ada", Method: key.Method, Public: key.Public,
			Nonce: strings.Repeat("0", 32), At: now, Expires: now.Add(time.Minute)}.Text()
		if err != nil {
			t.Fatal(err)
		}
		signature, err := key.Sign(t.Context(), operator.NamespaceOrder, text)
		if err != nil {
			t.Fatal(err)
		}
		out, err := a.Order(t.Context(), desk.Enrolment{Proof: desk.Proof{Statement: text, Method: operator.MethodOwner}, New: desk.Proof{Signature: signature}}, true)
		if err != nil {
			t.Fatal(err)
		}
		codes = out.Codes
	})
	land := []string{"break-glass", "--land", "HEAD", "--kernel", dir, "--yes", "--reason"}
	k.want(ExitUsage, "needs a reason of 20", append(land, "because", "--recovery", codes[0])...)
	k.want(ExitUsage, "no enrolled key verifies its user", append(land, "payments are down since nine", "--key", file)...)
	k.want(ExitDeny, "wrong, or was used", append(land, "payments are down since nine", "--recovery", "01-AAAAA-AAAAA-AAAAA-AAAAA")...)
	k.want(ExitOK, "Nothing judged it", append(land, "payments are down since nine", "--recovery", codes[0])...)
	k.want(ExitDeny, "wrong, or was used", append(land, "payments are down since nine", "--recovery", codes[0])...)
	held(t, dir, func(kn *kernel.Kernel, a *operator.Authority) {
		main, err := kn.Ref(t.Context(), kernel.RefMain)
		head, _ := repo.Resolve(t.Context(), "HEAD")
		broken := a.Broken()
		if err != nil || main != head || len(a.Problems()) != 0 || len(broken) != 1 || broken[0].Lands != string(head) || broken[0].Reason != "payments are down since nine" ||
			broken[0].Operator != "ada" {
			t.Errorf("main %s, head %s, %+v, %v, %v", main, head, broken, a.Problems(), err)
		}
		k.want(ExitUsage, "adamant down", append(land, "payments are down since nine", "--recovery", codes[1])...)
	})
	if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
		t.Error(err)
	}
}
