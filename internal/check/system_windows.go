package check

const (
	nonblock  = 0
	ownerOnly = false
	canLock   = false
)
