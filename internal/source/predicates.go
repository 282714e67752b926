package source

// IsManifest reports whether path declares a package and its dependencies.
func IsManifest(path string) bool { return false }

// IsTestRunnerConfig reports whether path configures how tests run or what coverage counts.
func IsTestRunnerConfig(path string) bool { return false }

// IsWorkflow reports whether path defines a CI pipeline.
func IsWorkflow(path string) bool { return false }

// IsMigration reports whether path changes the shape of stored data.
func IsMigration(path string) bool { return false }

// IsSchema reports whether path is an interface between programs.
func IsSchema(path string) bool { return false }

// IsKeyMaterial reports whether path or the start of its content is that of a private key or keystore.
func IsKeyMaterial(path string, head []byte) bool { return false }
