package sandbox

// The first process of a sandbox needs nothing but this package. Go initialises packages in the order of their paths, so this
// comes before the many that adamant links: measured, it halves what a start costs. It is one look at the environment otherwise.
func init() { Init() }
