package source

import (
	"bytes"
	"strings"
)

// IsManifest reports whether path declares a package: its dependencies, scripts and build.
func IsManifest(path string) bool {
	f := newFile(path)
	return f.manifest()
}

func (f *file) manifest() bool {
	switch f.name {
	case "go.mod", "go.work", "package.json", "pyproject.toml", "setup.py", "setup.cfg", "pipfile", "cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle",
		"settings.gradle.kts", "libs.versions.toml", "gemfile", "composer.json", "mix.exs", "pubspec.yaml", "package.swift", "podfile", "build.sbt", "environment.yml", "environment.yaml",
		"pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json", "deno.json", "deno.jsonc", "jsr.json", "directory.packages.props", "module.bazel", "workspace.bazel", "conanfile.txt", "conanfile.py",
		"vcpkg.json", "cmakelists.txt", "makefile", "gnumakefile", "justfile", "taskfile.yml", "taskfile.yaml", "flake.nix", "meson.build", "build.zig.zon", "stack.yaml", "buf.yaml":
		return true
	}
	if f.extension == "txt" || f.extension == "in" {
		return strings.HasPrefix(f.name, "requirements") || strings.HasPrefix(f.name, "constraints") || f.in("requirements")
	}
	switch f.extension {
	case "csproj", "fsproj", "vbproj", "gemspec", "cabal", "nuspec":
		return true
	}
	return false
}

// IsTestRunnerConfig reports whether path configures how tests run or what their coverage counts: an edit may silence them.
func IsTestRunnerConfig(path string) bool {
	f := newFile(path)
	return f.runnerConfig()
}

func (f *file) runnerConfig() bool {
	switch f.name {
	case "pytest.ini", ".pytest.ini", "tox.ini", "noxfile.py", "conftest.py", ".coveragerc", "codecov.yml", ".codecov.yml", "codecov.yaml", ".nycrc", ".nycrc.json", ".c8rc.json", ".mocharc.js", ".mocharc.cjs",
		".mocharc.json", ".mocharc.yml", ".mocharc.yaml", "mocha.opts", "phpunit.xml", "phpunit.xml.dist", ".rspec", "nextest.toml", "testng.xml", "coverage.xml", ".simplecov", "stryker.conf.json", ".gotestsum.yml",
		"sonar-project.properties", "junit-platform.properties", "tarpaulin.toml", "testcafe.json", ".testcaferc.json":
		return true
	}
	base, _, _ := strings.Cut(f.name, ".")
	switch base {
	case "jest", "vitest", "karma", "playwright", "cypress", "ava", "wdio", "nightwatch", "protractor", "wtr", "web-test-runner", "stryker":
		return strings.Contains(f.name, ".conf") || strings.Contains(f.name, ".setup") || strings.Contains(f.name, ".workspace") || f.extension == "json"
	}
	return f.in("cypress/support") || strings.HasPrefix(f.name, "vite.config.") || strings.HasPrefix(f.name, "setuptests.")
}

// IsWorkflow reports whether path defines a CI pipeline that a forge or CI server runs.
func IsWorkflow(path string) bool {
	f := newFile(path)
	return f.workflow() || f.pipeline()
}

// workflow knows the workflows in the syntax of GitHub Actions, on any forge that runs it.
func (f *file) workflow() bool {
	if f.extension != "yml" && f.extension != "yaml" {
		return false
	}
	for _, folder := range []string{".github/workflows/", ".gitea/workflows/", ".forgejo/workflows/"} {
		if f.under(folder) && strings.Count(f.path, "/") == 2 {
			return true
		}
	}
	return false
}

func (f *file) pipeline() bool {
	switch f.name {
	case ".gitlab-ci.yml", "jenkinsfile", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "appveyor.yml", ".appveyor.yml", ".drone.yml", ".cirrus.yml", ".woodpecker.yml", "cloudbuild.yaml",
		"buildspec.yml", "codefresh.yml", "wercker.yml", ".semaphore.yml", "action.yml", "action.yaml", "lefthook.yml", ".pre-commit-config.yaml":
		return true
	}
	return f.under(".circleci/") || f.under(".buildkite/") || f.under(".gitlab/ci/") || f.under(".woodpecker/") || f.under(".tekton/") || f.under(".github/actions/") || f.under(".ci/") ||
		f.under(".husky/") || strings.HasPrefix(f.name, "jenkinsfile.")
}

// IsMigration reports whether path changes the shape of stored data.
func IsMigration(path string) bool {
	f := newFile(path)
	return f.migration()
}

func (f *file) migration() bool {
	if f.fixture() {
		return false
	}
	switch f.extension {
	case "sql", "py", "rb", "js", "ts", "go", "php", "java", "kt", "cs", "ex", "exs", "xml", "yaml", "yml", "json":
	default:
		return false
	}
	if f.in("migrations", "migration", "migrate", "alembic/versions", "db/changelog", "flyway", "liquibase") {
		return !strings.HasSuffix(f.name, "_test.go") && f.name != "__init__.py"
	}
	return f.extension == "sql" && len(f.name) > 3 && f.name[0] == 'v' && isDigit(f.name[1]) && strings.Contains(f.name, "__")
}

// IsSchema reports whether path is an interface between programs: proto, GraphQL, OpenAPI, Avro, Thrift, SQL or JSON Schema.
func IsSchema(path string) bool {
	f := newFile(path)
	if f.fixture() {
		return false
	}
	switch f.extension {
	case "proto", "graphql", "gql", "graphqls", "avsc", "avdl", "avpr", "thrift", "xsd", "wsdl", "fbs", "capnp", "smithy", "prisma", "raml", "asyncapi":
		return true
	case "sql":
		return strings.Contains(f.name, "schema") || f.name == "structure.sql" || f.in("schema", "schemas")
	case "json", "yaml", "yml":
		return strings.Contains(f.name, "openapi") || strings.Contains(f.name, "swagger") || strings.Contains(f.name, "asyncapi") || strings.HasSuffix(f.name, ".schema.json") || f.in("openapi", "schema", "schemas")
	case "rb":
		return f.name == "schema.rb" && f.in("db")
	}
	return false
}

// IsKeyMaterial reports whether path, or the start of its content, is that of a private key, keystore or credential store.
func IsKeyMaterial(path string, head []byte) bool {
	f := newFile(path)
	switch f.name {
	case "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk", ".htpasswd", ".netrc", "_netrc", ".pgpass", "credentials", "secring.gpg", "cosign.key", "root.json":
		return f.name != "credentials" && f.name != "root.json" || f.in(".aws", "trust")
	}
	switch f.extension {
	case "jks", "keystore", "p12", "pfx", "ppk", "kdbx", "p8", "pem", "key", "asc", "gpg", "agekey":
		return f.extension != "asc" && f.extension != "key" && f.extension != "pem" || keyHead(head) || head == nil
	}
	return f.under(".adamant/trust/") || keyHead(head)
}

func keyHead(head []byte) bool {
	i := bytes.Index(head, []byte("-----BEGIN "))
	if i < 0 {
		return bytes.HasPrefix(head, []byte("AGE-SECRET-KEY-")) || bytes.HasPrefix(head, []byte("PuTTY-User-Key-File"))
	}
	line, _, _ := bytes.Cut(head[i:], newline)
	return bytes.Contains(line, []byte("PRIVATE KEY"))
}

// linterConfig knows the settings of linters and formatters that are not told by their language.
func (f *file) linterConfig(language string) bool {
	if strings.Contains(f.name, ".config.") || strings.HasPrefix(f.name, ".eslintrc") || strings.HasPrefix(f.name, ".prettierrc") || strings.HasPrefix(f.name, ".stylelintrc") || strings.HasPrefix(f.name, ".golangci") {
		return true
	}
	return language != "" && strings.HasPrefix(f.name, ".") && strings.Contains(f.name, "rc.") || f.name == "pylintrc" || f.name == "setup.cfg" || f.under(".vscode/") || f.under(".idea/")
}
