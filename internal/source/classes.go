package source

import (
	"bytes"
	"strings"
)

// agentInstruction knows the files that tell coding agents what to do, at any depth: they act like code.
func (f *file) agentInstruction() bool {
	switch f.name {
	case "agents.md", "agent.md", "agents.override.md", "claude.md", "claude.local.md", "gemini.md", "qwen.md", "warp.md", "crush.md", "codex.md", "copilot.md",
		"skill.md", "llms.txt", "llms-full.txt", ".cursorrules", ".windsurfrules", ".clinerules", ".roorules", ".roomodes", ".goosehints", ".cursorignore", ".cursorindexingignore",
		".mcp.json", "mcp.json", "opencode.json", "opencode.jsonc", "copilot-instructions.md", "copilot-setup-steps.yml", "claude_desktop_config.json", ".rules":
		return true
	}
	switch {
	case strings.HasPrefix(f.name, ".aider"), strings.HasPrefix(f.name, ".roorules"), strings.HasPrefix(f.name, ".clinerules"), strings.HasPrefix(f.name, ".claude"):
		return true
	case strings.HasSuffix(f.name, ".instructions.md"), strings.HasSuffix(f.name, ".prompt.md"), strings.HasSuffix(f.name, ".chatmode.md"), strings.HasSuffix(f.name, ".agent.md"), strings.HasSuffix(f.name, ".mdc"):
		return true
	}
	return strings.Contains(f.padded, "/.") && f.in(".claude", ".claude-plugin", ".codex", ".cursor", ".windsurf", ".clinerules", ".roo", ".kiro", ".junie", ".gemini", ".agent", ".agents",
		".opencode", ".continue", ".amazonq", ".augment", ".trae", ".qwen", ".copilot", ".aider", ".github/instructions", ".github/prompts", ".github/chatmodes", ".github/agents", ".github/skills")
}

func (f *file) policy(language string) bool {
	switch {
	case language == "rego", f.under(".adamant/"):
		return true
	case f.name == "codeowners" && (f.path == "CODEOWNERS" || f.under(".github/") || f.under("docs/") || f.under(".gitlab/") || f.under(".gitea/") || f.under(".forgejo/") || !strings.Contains(f.path, "/")):
		return true
	case f.under(".github/settings.") || f.under(".github/rulesets/") || f.name == ".policy.yml" || f.name == "policy.yml" && f.under(".github/"):
		return true
	case f.extension == "sentinel" || f.extension == "cedar":
		return true
	}
	return false
}

// lockName knows the files that pin what a package manager installs.
func (f *file) lockName() bool {
	switch f.name {
	case "go.sum", "go.work.sum", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb", "deno.lock", "cargo.lock", "poetry.lock",
		"uv.lock", "pdm.lock", "pipfile.lock", "pixi.lock", "conda-lock.yml", "gemfile.lock", "composer.lock", "gradle.lockfile", "buildscript-gradle.lockfile", "mix.lock", "pubspec.lock",
		"podfile.lock", "cartfile.resolved", "package.resolved", "packages.lock.json", "paket.lock", "flake.lock", ".terraform.lock.hcl", "chart.lock", "module.bazel.lock", "cabal.project.freeze",
		"stack.yaml.lock", "manifest.toml.lock", "conan.lock", "vcpkg-lock.json", "buf.lock", "mise.lock", "devbox.lock", "pylock.toml", "renv.lock":
		return true
	}
	return f.extension == "lockfile"
}

func (f *file) binaryName() bool {
	switch f.extension {
	case "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "tif", "tiff", "avif", "heic", "psd", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods",
		"zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "tar", "jar", "war", "ear", "whl", "egg", "gem", "nupkg", "deb", "rpm", "apk", "dmg", "iso", "msi", "exe", "dll", "so", "dylib", "a", "o", "obj", "lib",
		"class", "pyc", "pyo", "wasm", "bin", "dat", "db", "sqlite", "sqlite3", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "m4a", "wav", "ogg", "webm", "mov", "avi", "flac",
		"jks", "keystore", "p12", "pfx", "der", "parquet", "npy", "npz", "pkl", "pt", "onnx", "safetensors", "h5":
		return true
	}
	return false
}

// fixture knows data and code that only tests read. Go's tool leaves testdata out of packages; it can still be imported by
// name, which is why a test is not a class that is looked at less.
func (f *file) fixture() bool {
	return f.in("testdata", "__snapshots__", "__fixtures__", "__mocks__", "test-fixtures", "test/fixtures", "tests/fixtures", "spec/fixtures", "test/resources")
}

// infra knows what builds, deploys and runs the software.
func (f *file) infra(language string) bool {
	switch {
	case language == "dockerfile", language == "github-workflow", f.workflow() || f.pipeline():
		return true
	case language == "hcl" && !strings.HasPrefix(f.name, "."):
		return true
	case f.under(".github/actions/"), f.name == "action.yml", f.name == "action.yaml", f.name == "dependabot.yml" && f.under(".github/"):
		return true
	}
	switch f.name {
	case ".dockerignore", "procfile", "vagrantfile", "skaffold.yaml", "tiltfile", "chart.yaml", "helmfile.yaml", "kustomization.yaml", "kustomization.yml", "serverless.yml", "serverless.yaml",
		"fly.toml", "vercel.json", "netlify.toml", "render.yaml", "app.yaml", "cloudbuild.yaml", "now.json", "wrangler.toml", "wrangler.json", "wrangler.jsonc", "pulumi.yaml", "cdk.json", "samconfig.toml",
		"nginx.conf", "haproxy.cfg", "prometheus.yml", "alertmanager.yml", "ansible.cfg", "docker-bake.hcl", "railway.json", "heroku.yml", "firebase.json", "firestore.rules", "storage.rules":
		return true
	}
	if language != "yaml" && language != "json" && language != "template" && language != "xml" && language != "toml" {
		return false
	}
	return f.composeName() || f.in("k8s", "kubernetes", "kube", "manifests", "helm", "charts", "deploy", "deployment", "deployments", "argocd", "kustomize", "terraform", "ansible", "playbooks", "cloudformation", "overlays", "infra", "infrastructure", "crds", "rbac")
}

func (f *file) composeName() bool {
	return strings.HasPrefix(f.name, "docker-compose") || f.name == "compose.yaml" || f.name == "compose.yml" || strings.HasPrefix(f.name, "compose.")
}

// vendored knows the folders into which package managers copy other people's code. It is compiled all the same.
func (f *file) vendored() bool {
	return f.in("vendor", "node_modules", "third_party", "third-party", "bower_components", ".yarn/releases", ".yarn/plugins", "site-packages", "pods")
}

func generatedName(f *file) bool {
	if strings.HasSuffix(f.name, ".js") || strings.HasSuffix(f.name, ".css") {
		return strings.Contains(f.name, ".min.") || strings.HasSuffix(f.name, ".bundle.js")
	}
	for _, s := range []string{".pb.go", ".pb.gw.go", "_pb2.py", "_pb2_grpc.py", "_pb.js", "_pb.ts", "_pb.d.ts", ".pb.cc", ".pb.h", ".pb.swift", ".g.dart", ".freezed.dart", ".designer.cs", ".g.cs", "_templ.go", ".js.map", ".css.map"} {
		if strings.HasSuffix(f.name, s) {
			return true
		}
	}
	return strings.HasPrefix(f.name, "zz_generated")
}

// generatedHead finds the marks by which generators sign, and the long lines of minified code.
func generatedHead(head []byte) bool {
	head = head[:min(len(head), 4096)]
	if bytes.Contains(head, []byte("DO NOT EDIT")) && generatedMark(head) || bytes.Contains(head, []byte("@generated")) {
		return true
	}
	return len(head) >= 2048 && bytes.Count(head, newline) <= 1 && bytes.Count(head, []byte(" ")) < len(head)/20
}

// generatedMark finds "Code generated ... DO NOT EDIT." on one line.
func generatedMark(head []byte) bool {
	for line := range bytes.Lines(head) {
		if i := bytes.Index(line, []byte("Code generated ")); i >= 0 && bytes.Contains(line[i:], []byte(" DO NOT EDIT")) {
			return true
		}
	}
	return false
}
