package door

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/policy"
)

// table is docs/door.md's table once more, in Go: which rules refuse what, as "rule ref", sorted.
func table(in Input) []string {
	var out []string
	refuse := func(rule, ref string, when bool) {
		if entry := rule + " " + ref; when && !slices.Contains(out, entry) {
			out = append(out, entry)
		}
	}
	pushing, content := in.Stage != StageRead, in.Stage == StageContent
	refuse(RuleRight, "", pushing && (!in.Token.Write || !roles[in.Token.Role].writes))
	if p := in.Token.Persona; p != nil {
		refuse(RuleRight, "", pushing && p.Declared && (!p.Known || p.Role != in.Token.Role))
	}
	for _, c := range in.Commands {
		review, branch := c.Class == ClassReview, c.Class == ClassBranch
		refuse(RuleRef, c.Ref, review && (!c.TargetExists || strings.HasPrefix(c.Target, "agents/") || c.Kind != "create"))
		refuse(RuleRef, c.Ref, !review && !branch)
		refuse(RuleRight, c.Ref, branch && (c.Agent != in.Token.Agent || in.Token.Task != "" && c.Task != in.Token.Task))
		refuse(RuleHistory, c.Ref, content && branch && c.Kind == "update" && !c.FastForward && !in.Token.Force)
		refuse(RuleHistory, c.Ref, content && (c.Unrelated || c.Rewritten > 0))
		refuse(RuleHistory, c.Ref, content && review && c.Kind != "delete" && c.Commits == 0)
	}
	if x := in.Content; x != nil {
		refuse(RuleLimit, "", x.Commits > in.Limits.Commits || x.Objects > in.Limits.Objects || x.Largest > in.Limits.ObjectBytes)
		for _, i := range x.Identities {
			well := strings.TrimSpace(i.Name) != "" && strings.Count(i.Email, "@") == 1 && !strings.HasPrefix(i.Email, "@") && !strings.HasSuffix(i.Email, "@")
			refuse(RuleIdentity, "", !well || len(in.Token.Emails) > 0 && !slices.Contains(in.Token.Emails, i.Email))
		}
		for _, s := range x.Secrets {
			refuse(RuleSecret, "", !s.Excused)
		}
		refuse(RuleSecret, "", x.Cut)
	}
	slices.Sort(out)
	return out
}

// readTable is what a token sees.
func readTable(in Input) []string {
	out := append([]string{kernel.RefMain}, roles[in.Token.Role].reads...)
	if in.Token.Agent != "" {
		out = append(out, kernel.PrefixAgents+in.Token.Agent+"/"+in.Token.Task)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func drawInput(t *rapid.T) Input {
	role := rapid.SampledFrom(Roles()).Draw(t, "role")
	g := Grant{ID: "id", Role: role, Write: rapid.Bool().Draw(t, "write"), Force: rapid.Bool().Draw(t, "force")}
	var who *PersonaFacts
	if roles[role].agent {
		who = &PersonaFacts{Declared: rapid.Bool().Draw(t, "declared")}
		if rapid.Bool().Draw(t, "known") {
			r, _ := persona.RoleNamed(rapid.SampledFrom([]string{role, RoleCoder, RoleReviewer}).Draw(t, "its role"))
			who.Known, who.Role, who.Tier, who.Writes = true, r.Name, "standard", r.Writes
		}
		g.Agent, g.Task = "a", rapid.SampledFrom([]string{"", "t", "u"}).Draw(t, "task")
	}
	if rapid.Bool().Draw(t, "bound") {
		g.Emails = []string{"a@b"}
	}
	in := newInput(rapid.SampledFrom([]string{StageRequest, StageContent}).Draw(t, "stage"), g, time.Unix(0, 0), Limits{}.withDefaults())
	in.Token.Persona = who
	refs := []string{"refs/for/main", "refs/for/none", "refs/for/agents/a/t", "refs/heads/agents/a/t", "refs/heads/agents/a/u", "refs/heads/agents/b/t",
		"refs/heads/main", "refs/tags/v1", "refs/adamant/lease", "refs/heads/x", "refs/notes/x"}
	ids := []git.OID{"", ones, twos}
	for _, ref := range rapid.SliceOfNDistinct(rapid.SampledFrom(refs), 1, 3, rapid.ID[string]).Draw(t, "refs") {
		c := factsOf(Command{ref, rapid.SampledFrom(ids).Draw(t, "old"), rapid.SampledFrom(ids).Draw(t, "new")})
		c.TargetExists = c.Target == "main" || c.Target == "agents/a/t"
		if in.Stage == StageContent {
			c.Commits, c.FastForward = rapid.IntRange(0, 1).Draw(t, "commits"), rapid.Bool().Draw(t, "ff")
			c.Unrelated, c.Rewritten = rapid.Bool().Draw(t, "unrelated"), rapid.IntRange(0, 1).Draw(t, "rewritten")
		}
		in.Commands = append(in.Commands, c)
	}
	if in.Stage == StageContent {
		in.Content = drawContent(t)
	}
	return in
}

func drawContent(t *rapid.T) *Content {
	c := noContent()
	c.Commits, c.Objects = rapid.SampledFrom([]int{1, 1000, 1001}).Draw(t, "n"), rapid.SampledFrom([]int{1, 50_001}).Draw(t, "objects")
	c.Largest, c.Cut = rapid.SampledFrom([]int64{1, 50 << 20, 50<<20 + 1}).Draw(t, "largest"), rapid.Bool().Draw(t, "cut")
	for _, email := range rapid.SliceOfN(rapid.SampledFrom([]string{"a@b", "c@d", "", "x", "@", "a@b@c", "@b"}), 0, 2).Draw(t, "emails") {
		c.Identities = append(c.Identities, Identity{ones, "author", rapid.SampledFrom([]string{"A", " "}).Draw(t, "name"), email})
	}
	for range rapid.IntRange(0, 2).Draw(t, "secrets") {
		c.Secrets = append(c.Secrets, Leak{Commit: ones, Path: "x", Line: 1, Rule: "r", Title: "t", Excused: rapid.Bool().Draw(t, "excused")})
	}
	return &c
}

func TestPolicyIsTheTable(t *testing.T) {
	t.Parallel()
	compiled, err := policy.CompileDoor(t.Context(), nil, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		input, err := values(in)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := compiled.Decide(t.Context(), input, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := readAnswer(raw)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range withFloor(in, answer).Refuse {
			got = append(got, r.Rule+" "+r.Ref)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, table(in)) {
			t.Fatalf("policy %q, table %q", got, table(in))
		}
		if slices.Sort(answer.Read); !slices.Equal(answer.Read, readTable(in)) {
			t.Fatalf("policy reads %q, table %q", answer.Read, readTable(in))
		}
	})
}

// No policy opens what stays closed, and none that fails lets anybody in.
func TestPolicyOfMain(t *testing.T) {
	t.Parallel()
	open := `package adamant.door

excuse contains rule if some rule in ["door/ref", "door/right", "door/history", "door/secret", "door/identity", "door/limit"]

read contains "refs/adamant/"

read contains "refs/heads/"
`
	f := newFixture(t, withFiles(".adamant/policy/door.rego", open, ".adamant/policy/other.rego", "package adamant.rules.x\n\ndeny contains {\"message\": \"m\"} if false\n"))
	s := f.coder("coder-1")
	dir := f.clone(s)
	f.commit(dir, "leak", "config.env", "TOKEN=ghp_"+strings.Repeat("Zz9Yy8Xx", 4)+"abcd\n")
	kern := f.kernel.repo.GitDir()
	f.git(kern, "update-ref", kernel.PrefixQuarantine+"t", "main")
	f.git(dir, "push", "origin", "HEAD:refs/for/main") // the policy excuses the credential
	f.refuses(dir, "only the gate moves main", "origin", "HEAD:refs/heads/main")
	f.refuses(dir, "belongs to agent b", "origin", "HEAD:refs/heads/agents/b/t")
	f.refuses(dir, "the kernel's own", "origin", "HEAD:refs/adamant/x")
	if refs := f.git("", "ls-remote", f.remote(s)); !strings.Contains(refs, "refs/adamant/changes/") || strings.Contains(refs, "quarantine") {
		t.Error(refs)
	}
	reader := f.token(Grant{Role: RoleReviewer, Agent: "r"})
	f.refuses(dir, "only reads", f.remote(reader), "HEAD:refs/for/main")
}

func TestPolicyThatFails(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"syntax":    "package adamant.door\n\ndeny contains {\n",
		"conflict":  "package adamant.door\n\ndecision := {\"refuse\": [], \"read\": []}\n",
		"no record": "package adamant.door\n\ndeny contains \"no\"\n",
		"nameless":  "package adamant.door\n\ndeny contains {\"rule\": \"\", \"ref\": \"\", \"message\": \"\", \"fix\": \"\"}\n",
		"field":     "package adamant.door\n\ndeny contains {\"rule\": \"x\", \"why\": \"y\"}\n",
		"for ever":  "package adamant.door\n\ndeny contains {\"rule\": \"x\", \"ref\": \"\", \"message\": sprintf(\"%d\", [n]), \"fix\": \"\"} if {\n\tn := count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a == b])\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, withFiles(".adamant/policy/door.rego", text))
			s := f.coder("a")
			if out, ok := f.try("", "ls-remote", f.remote(s)); ok || !strings.Contains(out, "500") {
				t.Errorf("reading: %s", out)
			}
			head, pack := f.proposal("x", "1\n")
			before := f.state()
			if _, answer := f.pushRaw(s, body("", head, "refs/for/main", pack)); !strings.Contains(answer, "ng refs/for/main nothing was decided") {
				t.Errorf("pushing: %q", answer)
			}
			if f.state() != before {
				t.Error("something was left")
			}
		})
	}
}

func ExampleRefusal() {
	fmt.Println(Refusal{Rule: RuleRef, Ref: "refs/heads/main", Message: "only the gate moves main", Fix: "git push REMOTE HEAD:refs/for/main"})
	// Output: refs/heads/main: only the gate moves main; git push REMOTE HEAD:refs/for/main [door/ref]
}

// What main says about an agent binds its tokens from the moment it stands there, whatever they were granted.
func TestPersonaBindsTokens(t *testing.T) {
	t.Parallel()
	file := func(name, role string) string {
		return "apiVersion: adamant.dev/v1\nkind: Agent\nmetadata: {name: " + name + "}\nspec: {role: " + role + "}\n"
	}
	f := newFixture(t, withFiles(".adamant/agents/coder-1.yaml", file("coder-1", "coder"), ".adamant/agents/critic.yaml", file("critic", "reviewer")))
	known := f.coder("coder-1")
	dir := f.clone(known)
	f.commit(dir, "work", "a.txt", "1\n")
	f.git(dir, "push", "origin", "HEAD:refs/for/main")
	f.refuses(dir, "coder-2 is none of them", f.remote(f.coder("coder-2")), "HEAD:refs/for/main")
	f.refuses(dir, "critic is a reviewer by its persona", f.remote(f.coder("critic")), "HEAD:refs/for/main")
	f.git(dir, "push", f.remote(f.token(Grant{Role: RolePerson, Name: "ada", Write: true})), "HEAD:refs/for/main")
}
