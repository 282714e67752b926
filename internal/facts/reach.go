package facts

// Reach is what depended at base on the files that a change touches: how far a mistake in them goes. Files count once, the
// changed ones and what is outside of the repository do not; tests are counted apart.
type Reach struct {
	Direct     int `json:"direct"`     // files that import a changed file
	Files      int `json:"files"`      // files that need one, directly or not
	Tests      int `json:"tests"`      // tests that do
	Components int `json:"components"` // components of the catalog that such files belong to, but for those that are changed
	// Open files compute what they import: they may need a changed file too, and are in no other count.
	Open int `json:"open,omitempty"`
	// Paths are the changed files that others import, those with most first, 100 at most; by the path they had at base.
	Paths []Importers `json:"paths,omitempty"`
}

// Importers counts the files that import one.
type Importers struct {
	Path   string `json:"path"`
	Direct int    `json:"direct"`
}
