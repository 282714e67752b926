package document

import "testing"

func TestLikelyKind(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"deploy/a.yaml": KindKubernetes, "Dockerfile": KindDockerfile, "a/main.tf": KindTerraform, ".github/workflows/ci.yml": KindWorkflow,
		"action.yml": KindAction, "compose.yaml": KindCompose, "k/kustomization.yaml": KindKustomization, "package.json": KindPackageJSON,
		"a.json": "", "a.go": "", "pnpm-lock.yaml": "",
	} {
		if got := LikelyKind(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
