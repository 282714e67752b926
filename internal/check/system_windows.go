package check

import "os"

const (
	nonblock  = 0
	ownerOnly = false
	canLock   = false
)

func tryLock(*os.File) error { return nil }
