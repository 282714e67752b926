package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/policy"
)

type newFlags struct{ repo, kind, does string }

func policyNew(env *Env) *cobra.Command {
	var flags newFlags
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Start a rule: the rule, a test it fails and one it passes",
		Long: `Write .adamant/policy/NAME.rego with a rule that works and NAME_test.rego with a failing and a passing
example, for you to change. NAME is the rule's id: words of small letters, digits, - and _, with /
between folders, for example team/replicas. Nothing that is there is overwritten.`,
		Example: "  adamant policy new team/replicas --kind kubernetes\n  adamant policy new small-files --does warn",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return newPolicy(env, args[0], flags)
		},
	}
	cmd.Flags().StringVar(&flags.repo, "repo", "", "repository (default: where you are)")
	cmd.Flags().StringVar(&flags.kind, "kind", "files", "what the rule looks at: files, or a kind of document ("+strings.Join(document.Kinds(), ", ")+")")
	cmd.Flags().StringVar(&flags.does, "does", policy.Deny, "deny, hold or warn")
	return cmd
}

func newPolicy(env *Env, name string, flags newFlags) error {
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9_-]*(/[a-z][a-z0-9_-]*)*$`).MatchString(name) || strings.HasSuffix(name, "_test"):
		return usage(fmt.Errorf("%q is no name for a rule; use small letters, digits, - and _, for example team/replicas", name))
	case !slices.Contains([]string{policy.Deny, policy.Hold, policy.Warn}, flags.does):
		return usage(fmt.Errorf("--does %q is not one of deny, hold, warn", flags.does))
	case flags.kind != "files" && !slices.Contains(document.Kinds(), flags.kind):
		return usage(fmt.Errorf("--kind %q is not files or one of %s", flags.kind, strings.Join(document.Kinds(), ", ")))
	}
	file := path.Join(".adamant/policy", strings.ReplaceAll(name, "-", "_")+".rego")
	test := strings.TrimSuffix(file, ".rego") + "_test.rego"
	rule, tests := scaffold(name, flags.kind, flags.does)
	root := worktreeRoot(under(env, flags.repo))
	if err := createBoth(root, [2]string{file, test}, [2]string{rule, tests}); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s\nwrote %s\n\n", file, test)
	_, err := fmt.Fprintf(env.Stdout, "Change both, then: adamant policy test .adamant/policy\nSee what it says about files as they are: adamant policy eval PATH\n")
	return err
}

// createBoth writes two new files, or none.
func createBoth(root string, names, texts [2]string) error {
	for _, name := range names {
		switch _, err := os.Lstat(filepath.Join(root, name)); {
		case err == nil:
			return usage(fmt.Errorf("%s is there already; choose another name or delete it", name))
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
	}
	for i, name := range names {
		target := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = file.WriteString(texts[i])
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// example is what a scaffold of one kind says.
type example struct {
	title, fix       string
	failing, passing string // as people write them
	message          string // Rego; doc is the document
	pointer          string
	conditions       []string // after: some doc in input.byKind.KIND
	path             string
	bad, good        string // Rego values of the document
}

func exampleOf(kind string) example {
	switch kind {
	case document.KindKubernetes:
		return example{"Two of everything", "set replicas: 2", "replicas: 1", "replicas: 2",
			`sprintf("%s runs once", [doc.value.metadata.name])`, "/spec/replicas", []string{"doc.value.spec.replicas < 2"}, "deploy/app.yaml",
			`{"kind": "Deployment", "metadata": {"name": "app"}, "spec": {"replicas": 1}}`, `{"kind": "Deployment", "metadata": {"name": "app"}, "spec": {"replicas": 2}}`}
	case document.KindDockerfile:
		return example{"Images say what they are", "add LABEL org.opencontainers.image.source=...", "no LABEL", "LABEL org.opencontainers.image.source=https://example.com/app",
			`"the image has no LABEL"`, "", []string{`count([line | some line in doc.value; line.cmd == "label"]) == 0`}, "Dockerfile",
			`[{"cmd": "from", "value": ["debian:12"]}]`, `[{"cmd": "from", "value": ["debian:12"]}, {"cmd": "label", "value": ["a=b"]}]`}
	case document.KindTerraform:
		return example{"Buckets say who pays", "add tags = { team = ... }", `resource "aws_s3_bucket" "logs" without tags`, `tags = { team = "core" }`,
			`sprintf("%s has no tag team", [name])`, "", []string{"some name, list in doc.value.resource.aws_s3_bucket", "some bucket in list", "not bucket.tags.team"}, "main.tf",
			`{"resource": {"aws_s3_bucket": {"logs": [{"bucket": "logs"}]}}}`, `{"resource": {"aws_s3_bucket": {"logs": [{"tags": {"team": "core"}}]}}}`}
	case document.KindTerraformPlan:
		return example{"No plan makes that many things", "split the plan", "51 resource_changes", "50 resource_changes",
			`sprintf("the plan makes %d changes", [count(doc.value.resource_changes)])`, "/resource_changes", []string{"count(doc.value.resource_changes) > 50"}, "plan.json",
			`{"resource_changes": numbers.range(1, 51)}`, `{"resource_changes": numbers.range(1, 50)}`}
	case document.KindWorkflow:
		return example{"Jobs end", "add timeout-minutes: 20", "a job without timeout-minutes", "timeout-minutes: 20",
			`sprintf("job %s has no timeout", [name])`, "/jobs", []string{"some name, job in doc.value.jobs", `not job["timeout-minutes"]`}, ".github/workflows/ci.yml",
			`{"jobs": {"build": {"runs-on": "ubuntu-24.04"}}}`, `{"jobs": {"build": {"timeout-minutes": 20}}}`}
	case document.KindCompose:
		return example{"Services come back", "add restart: unless-stopped", "a service without restart", "restart: unless-stopped",
			`sprintf("service %s does not restart", [name])`, "/services", []string{"some name, service in doc.value.services", "not service.restart"}, "compose.yaml",
			`{"services": {"db": {"image": "redis:8"}}}`, `{"services": {"db": {"restart": "unless-stopped"}}}`}
	case document.KindPackageJSON:
		return example{"Packages name a licence", "add a license", "no license", "license: MIT",
			`"the package names no licence"`, "", []string{"not doc.value.license"}, "package.json", `{"name": "a"}`, `{"name": "a", "license": "MIT"}`}
	}
	return example{"Documents have an owner", "add owner", "no owner", "owner: core",
		`"nobody owns this"`, "", []string{"not doc.value.owner"}, "file", `{"name": "a"}`, `{"name": "a", "owner": "core"}`}
}

// scaffold is a rule and its tests.
func scaffold(name, kind, does string) (rule, tests string) {
	pkg := "adamant.rules." + strings.ReplaceAll(strings.ReplaceAll(name, "-", "_"), "/", ".")
	if kind == "files" {
		return filesScaffold(name, pkg, does)
	}
	e := exampleOf(kind)
	ref := "input.byKind." + kind
	if strings.ContainsAny(kind, "-.") {
		ref = fmt.Sprintf("input.byKind[%q]", kind)
	}
	record := fmt.Sprintf(`{"message": %s, "path": doc.path, "document": doc.index, "pointer": %q}`, e.message, e.pointer)
	conditions := "\tsome doc in " + ref + "\n\t" + strings.Join(e.conditions, "\n\t")
	about := fmt.Sprintf(`about(value) := {"byKind": {%q: [{"path": %q, "index": 0, "value": value}]}}`, kind, e.path)
	return ruleText(name, pkg, does, e, record, conditions), testText(pkg, does, about, e.bad, e.good)
}

func filesScaffold(name, pkg, does string) (rule, tests string) {
	e := example{title: "Changes stay small", fix: "split the change", failing: "a file of 801 added lines", passing: "a file of 800 added lines"}
	record := `{"message": sprintf("%d lines were added", [file.added]), "path": file.path}`
	conditions := "\tsome file in input.files\n\tfile.class == \"source\"\n\tfile.added > 800"
	about := `about(added) := {"files": [{"path": "src/main.go", "class": "source", "added": added}]}`
	return ruleText(name, pkg, does, e, record, conditions), testText(pkg, does, about, "801", "800")
}

func ruleText(name, pkg, does string, e example, record, conditions string) string {
	severity := "warning"
	if does == policy.Deny {
		severity = "error"
	}
	return fmt.Sprintf(`package %s

# METADATA
# title: %s
# description: Say in a sentence or two why this matters.
# custom:
#   id: %s
#   severity: %s
#   fix: %q
#   failing: %q
#   passing: %q
%s contains %s if {
%s
}
`, pkg, e.title, name, severity, e.fix, e.failing, e.passing, does, record, conditions)
}

func testText(pkg, does, about, bad, good string) string {
	return fmt.Sprintf(`package %s_test

import data.%s as rules

%s

test_failing if count(rules.%[4]s) == 1 with input as about(%[5]s)

test_passing if count(rules.%[4]s) == 0 with input as about(%[6]s)
`, pkg, pkg, about, does, bad, good)
}
