package source

import "strings"

// test knows tests by the names that runners look for, and by folder.
func (f *file) test(language string) bool {
	if f.testName(language) {
		return true
	}
	if !f.in("test", "tests", "__tests__", "spec", "specs", "e2e", "testing", "src/test", "integration-tests", "cypress", "testutil", "testutils", "androidtest", "unittest") {
		return false
	}
	return language != "" && !proseLanguage(language) && !f.shipped(language)
}

// shipped knows folders whose name means something else: a Go package or a Python package may be called testing.
func (f *file) shipped(language string) bool {
	return language == "go" && !f.in("test", "tests", "e2e", "__tests__") || f.in("spec", "specs", "testing") && (language == "yaml" || language == "json" || language == "proto")
}

func (f *file) testName(language string) bool {
	base := f.name
	if dot := strings.LastIndexByte(base, '.'); dot > 0 {
		base = base[:dot]
	}
	switch language {
	case "go", "rust", "elixir", "dart", "cpp", "c":
		return strings.HasSuffix(base, "_test") || strings.HasSuffix(base, "_unittest") || language == "rust" && (base == "tests" || base == "test")
	case "python":
		return strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test") || base == "conftest" || base == "tests"
	case "javascript", "jsx", "typescript", "tsx", "vue", "svelte":
		return hasAny(base, ".test", ".spec", ".e2e", ".cy", "-test", "_test", ".stories") || strings.HasSuffix(f.name, ".snap")
	case "java", "kotlin", "scala", "groovy", "csharp", "swift", "php":
		return f.camelTest()
	case "ruby":
		return strings.HasSuffix(base, "_spec") || strings.HasSuffix(base, "_test") || strings.HasPrefix(base, "test_")
	case "shell":
		return f.extension == "bats" || strings.HasSuffix(base, "_test") || strings.HasSuffix(base, ".test")
	case "perl":
		return f.extension == "t"
	}
	return f.extension == "snap" || f.extension == "feature" || f.extension == "golden" || f.extension == "txtar"
}

// camelTest wants the capital: Contest.java is no test.
func (f *file) camelTest() bool {
	name := f.path[strings.LastIndexByte(f.path, '/')+1:]
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		name = name[:dot]
	}
	for _, s := range []string{"Test", "Tests", "TestCase", "IT", "Spec"} {
		if strings.HasSuffix(name, s) && len(name) > len(s) {
			return true
		}
	}
	return strings.HasPrefix(name, "Test") && len(name) > 4 && name[4] >= 'A' && name[4] <= 'Z'
}

func hasAny(base string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(base, s) {
			return true
		}
	}
	return false
}
