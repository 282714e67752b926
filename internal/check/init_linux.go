package check

// Init turns this process into the guardian of one check when it was started as such, and then never returns. Otherwise it
// does nothing. A program that sets Runner.Self to its own executable calls it first in main.
func Init() {}
