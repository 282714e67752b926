package builder

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/trust"
)

// The states of a clause.
const (
	Pass     = "pass"
	Fail     = "fail"
	Untested = "untested" // it was not tried, so it counts as failed
)

// Clause is one demand of SLSA v1.2 Build L3, or one that goes beyond.
type Clause struct {
	Name   string `json:"name"`
	Asks   string `json:"asks"`
	State  string `json:"state"`
	Test   string `json:"test"`             // what was done to find out
	Saw    string `json:"saw"`              // what came of it
	Beyond bool   `json:"beyond,omitempty"` // not asked by L3
}

// Report is what Doctor found.
type Report struct {
	Builder string   `json:"builder"` // identity that provenance made here carries
	Level   int      `json:"level"`   // the highest SLSA Build level that this place can honestly claim
	Clauses []Clause `json:"clauses"`
}

// Green says that every clause holds.
func (r Report) Green() bool {
	return !slices.ContainsFunc(r.Clauses, func(c Clause) bool { return c.State != Pass })
}

// Place is what Doctor examines.
type Place struct {
	Config     *Config // nil: a workstation
	ConfigPath string
	Repository string // names the workstation's builder
	Builder    *build.Builder
	Trials     *Trials // nil: the sandbox is not to be had here
	Missing    error   // why there are none
}

// Doctor tries every clause.
func Doctor(ctx context.Context, p Place) (Report, error) {
	r := Report{Builder: trust.Builder(p.Repository, trust.BuilderWorkstation, "local").String()}
	if p.Config != nil {
		r.Builder = p.Config.Identity
	}
	seen, err := p.try(ctx)
	if err != nil {
		return r, err
	}
	r.Clauses = append(r.Clauses, p.hosted(), p.authentic(seen), p.signer(ctx), p.unforgeable(seen))
	r.Clauses = append(r.Clauses, p.contained(seen)...)
	r.Level = p.level(r)
	return r, nil
}

func (p Place) try(ctx context.Context) (*Findings, error) {
	if p.Trials == nil {
		return nil, nil //nolint:nilnil // no findings: every clause that needs them says so
	}
	secrets := []string{}
	if p.Config != nil {
		secrets = append(secrets, p.Config.Key, p.Config.Socket)
	}
	return p.Trials.Run(ctx, secrets)
}

// level is 3 where every clause of L3 holds. A workstation never has more than 1, whatever holds.
func (p Place) level(r Report) int {
	for _, c := range r.Clauses {
		if c.State != Pass && !c.Beyond {
			return min(1, len(r.Clauses))
		}
	}
	return 3
}

func verdict(c Clause, problems ...string) Clause {
	problems = slices.DeleteFunc(slices.Clone(problems), func(s string) bool { return s == "" })
	slices.Sort(problems)
	problems = slices.Compact(problems)
	c.State = Pass
	if len(problems) > 0 {
		c.State, c.Saw = Fail, strings.Join(problems, "; ")
	}
	return c
}

// hosted: nobody's own machine. That nobody works here can be seen; that it stays so cannot.
func (p Place) hosted() Clause {
	c := Clause{Name: "hosted", Asks: "runs on a dedicated platform, not on an individual's workstation",
		Test: "builder.json is there and only root or this user may write to it; no person's processes run here", Saw: "no person's process"}
	if p.Config == nil {
		return verdict(c, "this is a workstation: no builder.json (adamant builder install)")
	}
	return verdict(c, exposed(p.ConfigPath), people())
}

// exposed says who else may write to a file.
func exposed(path string) string {
	for at := path; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err.Error()
		}
		if info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
			return fmt.Sprintf("others may write to %s (mode %04o)", at, info.Mode().Perm())
		}
		if uid, ok := ownerOf(info); !ok || uid != 0 && uid != os.Geteuid() {
			return fmt.Sprintf("%s belongs to user %d", at, uid)
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

func (p Place) authentic(seen *Findings) Clause {
	c := Clause{Name: "authentic", Asks: "provenance is made by the control plane, not by the build",
		Test: "a build writes provenance of its own, naming another builder; the statement is made of the record and read again"}
	if seen == nil {
		return p.untested(c)
	}
	c.Saw = "the statement names this builder, and what the build wrote is an artifact like others"
	return verdict(c, seen.fake)
}

func (p Place) signer(ctx context.Context) Clause {
	c := Clause{Name: "key apart", Asks: "the signing key is held by another process and user than the control plane's",
		Test: "the system is asked who listens on the signer's socket; the key's file must be that user's alone"}
	if p.Config == nil {
		return verdict(c, "no signer: the kernel of this machine signs, and its owner can have anything signed")
	}
	uid, err := listenerOf(ctx, p.Config.Socket)
	if err != nil {
		return verdict(c, "the signer does not answer: "+err.Error())
	}
	c.Saw = fmt.Sprintf("the signer is user %d, the control plane user %d", uid, p.Config.Control)
	same := ""
	if uid == p.Config.Control {
		same = fmt.Sprintf("signer and control plane are the same user %d", uid)
	}
	return verdict(c, same, keyProblem(p.Config.Key, uid))
}

func keyProblem(path string, owner int) string {
	info, err := os.Stat(path)
	switch {
	case os.IsPermission(err):
		return "" // this user does not even see it
	case err != nil:
		return err.Error()
	}
	uid, ok := ownerOf(info)
	switch {
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("others may read the key (mode %04o)", info.Mode().Perm())
	case !ok || uid != owner:
		return fmt.Sprintf("the key belongs to user %d, and user %d signs", uid, owner)
	}
	return ""
}

func (p Place) unforgeable(seen *Findings) Clause {
	c := Clause{Name: "unforgeable", Asks: "no step of a build reaches the signing key or the signer",
		Test: "a build opens the key's file and the signer's socket, and looks for the process of the control plane"}
	switch {
	case seen == nil:
		return p.untested(c)
	case p.Config == nil:
		return verdict(c, "there is no key of a builder to protect; the kernel's was not tried")
	}
	c.Saw = "none was there"
	return verdict(c, seen.reached...)
}

// contained are the clauses about what a build can do.
func (p Place) contained(seen *Findings) []Clause {
	list := []struct {
		Clause
		problems func(*Findings) []string
	}{
		{Clause{Name: "complete", Asks: "every external parameter is in the provenance", Test: "the environment as a build sees it is compared with the one on record; a job has no other field",
			Saw: "nothing is inherited"}, func(f *Findings) []string { return f.inherited }},
		{Clause{Name: "isolated", Asks: "builds do not influence each other or see the host", Test: "a build looks for a file, an address of the loopback and a process of the host, and another one for what the first left in /tmp and /dev/shm",
			Saw: "nothing was found"}, func(f *Findings) []string { return f.crossed }},
		{Clause{Name: "own user", Asks: "each build has a user of the host to itself", Test: "the record of a build", Saw: "it had"}, func(f *Findings) []string { return f.shared }},
		{Clause{Name: "ephemeral", Asks: "a fresh environment for each build, of which nothing stays", Test: "two builds list everything but /proc, /sys and /usr, after the first left files and a process behind; the host is searched for the process",
			Saw: "both lists are the same, and no process is left"}, func(f *Findings) []string { return f.left }},
		{Clause{Name: "no network", Asks: "hermetic: no network after the dependencies are fetched", Test: "a build lists its interfaces", Saw: "a loopback of its own, and nothing else", Beyond: true}, func(f *Findings) []string { return f.network }},
	}
	out := make([]Clause, 0, len(list)+1)
	for _, one := range list {
		if seen == nil {
			out = append(out, p.untested(one.Clause))
			continue
		}
		out = append(out, verdict(one.Clause, one.problems(seen)...))
	}
	return append(out, p.caches(seen))
}

func (p Place) caches(seen *Findings) Clause {
	c := Clause{Name: "caches", Asks: "the output is the same with and without a cache", Test: "a Go program is built with the cache and without; the digests are compared"}
	switch {
	case seen == nil:
		return p.untested(c)
	case seen.caches == nil:
		c.State, c.Saw = Untested, "it takes a minute: adamant builder doctor --full"
		return c
	}
	c.Saw = "the same digest"
	return verdict(c, *seen.caches)
}

func (p Place) untested(c Clause) Clause {
	c.State, c.Saw = Fail, "no build can run here"
	if p.Missing != nil {
		c.Saw += ": " + p.Missing.Error()
	}
	return c
}

// people are users with a number that persons have, whose processes run here.
func people() string {
	found, err := processOwners()
	if err != nil {
		return "processes cannot be listed: " + err.Error()
	}
	for _, uid := range found {
		if uid >= firstPerson && uid <= lastPerson && uid != os.Geteuid() {
			return fmt.Sprintf("user %d works here", uid)
		}
	}
	if uid := os.Geteuid(); uid >= firstPerson && uid <= lastPerson {
		return fmt.Sprintf("this is user %d, a person's number", uid)
	}
	return ""
}

// The numbers of users that are people, as login.defs has them by default.
const (
	firstPerson = 1000
	lastPerson  = 59999
)

// trialTime bounds one build of the doctor's.
const trialTime = 5 * time.Minute

func orNone(s string) string { return cmp.Or(strings.TrimSpace(s), "nothing") }
