package builder

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/build"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/trust"
)

// Certified says whose statement this is: one of the repository's dedicated builders, by the key that main lists for it. Everything
// else is a *RefusedError.
func Certified(s Stated, repository string, builders []manifest.DedicatedBuilder) (trust.Identity, error) {
	statement, err := build.ReadStatement(s.Statement)
	if err != nil {
		return trust.Identity{}, &RefusedError{err.Error()}
	}
	named := statement.Predicate.RunDetails.Builder.ID
	id, err := trust.ParseIdentity(named)
	if err != nil || id.Repository != repository || id.Role != trust.RoleBuilder || id.Mode != trust.BuilderDedicated {
		return trust.Identity{}, &RefusedError{named + " is no dedicated builder of " + repository}
	}
	signature, err := sshsig.Verify([]byte(s.Signature), NamespaceStatement, s.Statement)
	if err != nil {
		return trust.Identity{}, &RefusedError{"the statement's signature: " + err.Error()}
	}
	for _, b := range builders {
		key, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(b.Key))
		if err != nil || len(strings.TrimSpace(string(rest))) > 0 {
			continue // a line that cannot be read is nobody's key
		}
		if b.Identity == named && bytes.Equal(key.Marshal(), signature.Key.Marshal()) {
			return id, nil
		}
	}
	return trust.Identity{}, &RefusedError{fmt.Sprintf("main lists no builder %s with the key %s: add it to spec.admission.builders", named, sshsig.Fingerprint(signature.Key))}
}
