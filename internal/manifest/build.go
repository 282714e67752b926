package manifest

// Build is a build target: how artifacts of a component are made from a commit (docs/build.md).
type Build struct {
	Name string `json:"name" format:"name"`
	// Component is the catalog entity whose artifacts these are; default: the one of the target's name.
	Component string `json:"component,omitempty" format:"name"`
	// Kind chooses environment, command and cache: go, npm, python or custom.
	Kind string `json:"kind" enum:"go,npm,python,custom"`
	// Directory is where Command runs and lock files lie, relative to the root of the checkout.
	Directory string `json:"directory,omitempty" format:"path"`
	// Packages are the main packages that a go target builds, without a Command; default: the one in Directory.
	Packages []string `json:"packages,omitempty" min:"1"`
	// Platform is os/arch of a go target; default: the builder's.
	Platform string `json:"platform,omitempty" enum:"linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"`
	// Command is argv; a single element is run by sh -c. It has no network, and what it leaves in $OUT is the artifact. Each kind but custom has a default.
	Command []string `json:"command,omitempty" min:"1"`
	// Outputs are globs of the artifacts below $OUT; default: all that is there.
	Outputs []string `json:"outputs,omitempty" format:"glob"`
	// Env adds to the fixed environment. Nothing else is inherited.
	Env map[string]string `json:"env,omitempty"`
	// Tools are programs that the target needs besides its kind's; their digests go into the provenance.
	Tools []string `json:"tools,omitempty" format:"name"`
	// Inputs are the path globs that decide whether a change affects the target; default: what the component's files need.
	Inputs []string `json:"inputs,omitempty" format:"glob"`
	// Image packs the artifacts of a target into an OCI image.
	Image *BuildImage `json:"image,omitempty"`
	// Timeout is a Go duration; default 30m.
	Timeout string `json:"timeout,omitempty" format:"duration"`
	// MemoryMiB bounds the memory of a build, its temporary files included; default 4096.
	MemoryMiB int `json:"memoryMiB,omitempty" min:"0" max:"1048576"`
}

// BuildImage is how artifacts become an OCI image: one layer with them in /, on nothing.
type BuildImage struct {
	Name       string            `json:"name,omitempty" min:"1"`
	Entrypoint []string          `json:"entrypoint,omitempty"` // default: the only artifact
	Args       []string          `json:"args,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	User       string            `json:"user,omitempty" min:"1"` // uid[:gid]; default 65532:65532
	Labels     map[string]string `json:"labels,omitempty"`
}
