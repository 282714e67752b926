package operator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/adamant-os/adamant/internal/gate"
)

// maxCredential bounds what a browser sends, in bytes.
const maxCredential = 64 << 10

// Algorithms are those a browser's key may have (COSE numbers): ES256, EdDSA, RS256.
func Algorithms() []int {
	return []int{int(webauthncose.AlgES256), int(webauthncose.AlgEdDSA), int(webauthncose.AlgRS256)}
}

func credentialParameters() []protocol.CredentialParameter {
	var out []protocol.CredentialParameter
	for _, alg := range Algorithms() {
		out = append(out, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.COSEAlgorithmIdentifier(alg)})
	}
	return out
}

// register fills k from what a browser answered to navigator.credentials.create with the challenge of text. Which make of
// authenticator it is does not matter here, so attestation is not asked for.
func (k *Key) register(text string, raw json.RawMessage) (shown, error) {
	parsed, err := protocol.ParseCredentialCreationResponseBytes(raw)
	if err != nil {
		return shown{}, refused("reading the browser's credential: " + explain(err))
	}
	site, origin, err := siteOf(parsed.Response.CollectedClientData.Origin)
	if err != nil {
		return shown{}, err
	}
	_, err = parsed.Verify(challenge(text), site, []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, false, true, nil,
		credentialParameters(), protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	if err != nil {
		return shown{}, refused("the browser's credential does not verify: " + explain(err))
	}
	data := parsed.Response.AttestationObject.AuthData
	k.Site, k.Credential = site, base64.RawURLEncoding.EncodeToString(data.AttData.CredentialID)
	k.Public = base64.RawURLEncoding.EncodeToString(data.AttData.CredentialPublicKey)
	return shown{verified: data.Flags.UserVerified(), counter: data.Counter}, nil
}

// verifyAssertion checks that the key's user answered to the challenge of text.
func (k Key) verifyAssertion(text string, raw json.RawMessage) (shown, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(raw)
	if err != nil {
		return shown{}, refused("reading the browser's answer: " + explain(err))
	}
	site, origin, err := siteOf(parsed.Response.CollectedClientData.Origin)
	if err != nil {
		return shown{}, err
	}
	if site != k.Site || base64.RawURLEncoding.EncodeToString(parsed.RawID) != k.Credential {
		return shown{}, refused("the browser's answer is by another key, or for another site, than the one that is named")
	}
	public, err := base64.RawURLEncoding.DecodeString(k.Public)
	if err != nil {
		return shown{}, fmt.Errorf("reading the key %s: %w", k.ID, err)
	}
	err = parsed.Verify(challenge(text), k.Site, "", []string{origin}, nil, nil, protocol.TopOriginExplicitVerificationMode, false, false, true,
		public, protocol.SignaturePolicy{})
	if err != nil {
		return shown{}, refused("the browser's answer does not verify: " + explain(err))
	}
	data := parsed.Response.AuthenticatorData
	return shown{verified: data.Flags.UserVerified(), counter: data.Counter}, nil
}

// siteOf is the relying party of an origin: its host. Only hosts that a browser calls secure are taken; the port is free,
// because the authenticator binds the host alone.
func siteOf(origin string) (site, whole string, err error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", "", refused(fmt.Sprintf("%q is no origin", origin))
	}
	site = strings.ToLower(u.Hostname())
	if u.Scheme != "https" && !(u.Scheme == "http" && site == "localhost") {
		return "", "", refused(fmt.Sprintf("%q is neither https nor http://localhost", origin))
	}
	return site, origin, nil
}

// explain is what the library knows about an error, which its Error method leaves out.
func explain(err error) string {
	if e, ok := err.(*protocol.Error); ok && e.DevInfo != "" { //nolint:errorlint // the library returns the type itself
		return e.Details + ": " + e.DevInfo
	}
	return err.Error()
}

// canBreakGlass says that a key may answer for critical changes.
func (k Key) canBreakGlass() bool {
	return k.Verifies && (k.Method == gate.MethodSK || k.Method == gate.MethodWebAuthn)
}
