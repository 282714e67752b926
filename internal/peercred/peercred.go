// Package peercred tells which user of this system is at the other end of a unix socket, by the system's word alone (SO_PEERCRED,
// unix(7)). Where the system does not tell there is no user, and nobody must be believed.
package peercred

import "context"

type key struct{}

// WithUser is a context in which a user is at the other end. Only Note and tests may say so.
func WithUser(ctx context.Context, uid int) context.Context {
	return context.WithValue(ctx, key{}, uid)
}

// User is the id of the user at the other end; false where the system does not tell.
func User(ctx context.Context) (int, bool) {
	uid, ok := ctx.Value(key{}).(int)
	return uid, ok
}
