package check

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// rust proposes tests, clippy, format and build for each outermost Cargo manifest.
func (d *detector) rust() {
	for _, dir := range topmost(d.roots("Cargo.toml")) {
		locked := ""
		if d.has(dir, "Cargo.lock") {
			locked = " --locked"
		}
		base := manifest.Check{Directory: directory(dir), Setup: []string{"cargo fetch" + locked}}
		base.SetupInputs = []string{
			"/" + path.Join(dir, "**/Cargo.toml"), "/" + path.Join(dir, "Cargo.lock"), "/" + path.Join(dir, "rust-toolchain*"),
		}
		for _, c := range []struct{ name, kind, command string }{
			{"cargo-unit", "unit", "cargo test --workspace" + locked},
			{"cargo-clippy", "lint", "cargo clippy --workspace --all-targets" + locked},
			{"cargo-format", "format", "cargo fmt --all --check"},
			{"cargo-build", "build", "cargo build --workspace" + locked},
		} {
			check := base
			check.Name, check.Kind, check.Command = named(c.name, dir), c.kind, strings.Fields(c.command)
			if d.has(dir, ".config/nextest.toml") && c.kind == "unit" && strings.Contains(d.content(path.Join(dir, ".config/nextest.toml")), "profile.ci.junit") {
				check.Command = strings.Fields("cargo nextest run --workspace --profile ci" + locked)
				check.Reports = []manifest.Report{{Format: "junit", Path: path.Join(dir, "target/nextest/ci/*.xml")}}
			} else if c.kind == "unit" {
				d.note(path.Join(dir, "Cargo.toml"), "cargo test writes no report: single tests are not seen and base's tests cannot be compared; cargo-nextest with [profile.ci.junit] does")
			}
			d.add(check)
		}
	}
}

// maven proposes the tests of each outermost POM. Maven takes the home folder from the user database, so the repository
// is named; asking for a test that does not exist makes setup fetch the test runner without running a test.
func (d *detector) maven() {
	for _, dir := range topmost(d.roots("pom.xml")) {
		mvn := "mvn"
		if d.has(dir, "mvnw") {
			mvn = "./mvnw"
		}
		mvn += ` -B -q -Dmaven.repo.local="$HOME/.m2/repository"`
		d.add(manifest.Check{
			Name: named("maven-unit", dir), Kind: "unit", Directory: directory(dir), Command: []string{mvn + " -o test"},
			Setup:       []string{mvn + " test -Dtest=NoSuchTest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false"},
			SetupInputs: []string{"/" + path.Join(dir, "**/pom.xml"), "/" + path.Join(dir, ".mvn/")},
			Reports:     []manifest.Report{{Format: "junit", Path: path.Join(dir, "**/target/surefire-reports/TEST-*.xml")}},
		})
	}
}

// unsupported are manifests that stand for toolchains Detect proposes nothing for.
var unsupported = [...][2]string{
	{"build.gradle", "Gradle"}, {"build.gradle.kts", "Gradle"}, {"Gemfile", "Ruby"}, {"composer.json", "PHP"}, {"mix.exs", "Elixir"},
	{"deno.json", "Deno"}, {"deno.jsonc", "Deno"}, {"Package.swift", "Swift"}, {"CMakeLists.txt", "CMake"}, {"MODULE.bazel", "Bazel"},
	{"WORKSPACE", "Bazel"}, {"stack.yaml", "Haskell"}, {"pubspec.yaml", "Dart"}, {"build.sbt", "Scala"}, {"meson.build", "Meson"},
}

// others says what was seen and is not run.
func (d *detector) others() {
	for _, known := range unsupported {
		for _, dir := range topmost(d.roots(known[0])) {
			d.note(path.Join(dir, known[0]), known[1]+" is not detected: declare its tests under checks in .adamant/adamant.yaml (docs/checks.md)")
		}
	}
	for _, file := range d.files {
		if ext := path.Ext(file); (ext == ".csproj" || ext == ".sln") && !aside(path.Dir(file)) {
			d.note(file, ".NET is not detected: declare its tests under checks in .adamant/adamant.yaml (docs/checks.md)")
			return
		}
	}
}
