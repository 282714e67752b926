package risk

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

// Areas are the sensitive areas. Words are compared whole, after names are split at punctuation and capital letters, so
// that author.go and tokenizer.go are not authentication. Words that mean something else more often than not (token,
// signature, role, checkout, key) are left out: list such paths under risk.sensitive.
var areas = []struct {
	name     string
	words    []string
	suffixes []string // of a word: basicauth, caddytls
}{
	{"authentication", []string{
		"auth", "authn", "authenticate", "authenticated", "authenticates", "authenticating", "authentication", "authenticator", "authenticators", "login", "logins", "logout", "signin", "signup", "sso", "saml",
		"oauth", "oauth1", "oauth2", "oidc", "openid", "jwt", "jwts", "jwk", "jwks", "webauthn", "passkey", "passkeys", "fido2", "mfa", "totp", "hotp", "otp", "2fa",
		"session", "sessions", "password", "passwords", "passwd", "passphrase", "credential", "credentials", "ldap", "kerberos", "csrf", "xsrf",
	}, []string{"auth"}},
	{"encryption", []string{
		"crypto", "cryptography", "cryptographic", "encrypt", "encrypted", "encrypter", "encryption", "decrypt", "decrypted", "decrypter", "decryption", "cipher", "ciphers", "ciphersuite", "ciphersuites",
		"tls", "mtls", "ssl", "x509", "certificate", "certificates", "cert", "certs", "pki", "kms", "hsm", "keystore", "truststore", "keyring", "vault", "hmac", "aes", "rsa", "ecdsa", "ed25519",
		"salt", "salts", "salted", "pgp", "gpg", "openpgp", "secret", "secrets", "bcrypt", "scrypt", "argon2", "pbkdf2", "crypt",
	}, []string{"tls", "pki", "crypt"}},
	{"iam", []string{
		"iam", "rbac", "abac", "acl", "acls", "authz", "authorize", "authorized", "authorizer", "authorization", "authorise", "authorisation", "permission", "permissions", "privilege", "privileges",
		"sudo", "sudoers", "impersonate", "impersonation", "entitlement", "entitlements",
	}, nil},
	{"billing", []string{
		"billing", "payment", "payments", "invoice", "invoices", "invoicing", "stripe", "paypal", "braintree", "adyen", "refund", "refunds", "payout", "payouts", "chargeback", "chargebacks", "paywall",
	}, nil},
}

// importWords are names of libraries, besides the words of the areas.
var importWords = []string{
	"jose", "paseto", "macaroon", "macaroons", "passport", "auth0", "okta", "keycloak", "cognito", "nextauth", "authlib", "oauthlib", "jsonwebtoken", "pyjwt", "passlib", "pyotp", "spiffe",
	"nacl", "pynacl", "tweetnacl", "sodium", "libsodium", "openssl", "boringssl", "bouncycastle", "cryptojs", "sigstore", "cosign", "sts", "casbin", "secretsmanager", "secretmanager", "keyvault",
	"razorpay", "plaid", "chargebee", "recurly", "lemonsqueezy", "mollie", "klarna",
}

// harmlessImports are imports of digests and chance, which programs use for names and caches more than for security.
var harmlessImports = []string{"crypto/md5", "crypto/sha1", "crypto/sha256", "crypto/sha512", "crypto/rand", "crypto/hmac", "crypto", "node:crypto", "hashlib", "secrets", "certifi", "golang.org/x/crypto/blake2b"}

// sensitive raises code and configuration that touch authentication, encryption, access rights or billing. Tests, prose and
// generated code do not: they say what is done with it, or are covered by what they are generated from.
func (f *floor) sensitive(file *facts.File) {
	switch file.Class {
	case source.ClassSource, source.ClassConfig, source.ClassInfra:
	default:
		return
	}
	named := false
	for _, p := range paths(file) {
		if f.listed(p) {
			f.add(High, "sensitive/configured", p, 0, "listed as sensitive in adamant.yaml")
			continue
		}
		if named || f.unlisted(p) {
			continue
		}
		if area, word := areaOf(p); area != "" {
			named = true
			f.add(High, "sensitive/"+area, p, 0, "the name %q says that it is about %s", word, area)
		}
	}
	if !named && !f.unlisted(file.Path) {
		f.imports(file)
	}
}

// imports: what a change newly imports weighs more than what the file imports anyway.
func (f *floor) imports(file *facts.File) {
	if file.Code == nil {
		return
	}
	var fresh, known []string
	for _, name := range file.Code.Sensitive {
		switch {
		case slices.Contains(harmlessImports, name) || !sensitiveImport(name):
		case file.Status == "added" || slices.Contains(file.Code.ImportsAdded, name):
			fresh = append(fresh, name)
		default:
			known = append(known, name)
		}
	}
	switch {
	case len(fresh) > 0:
		f.add(High, "sensitive/import", file.Path, 0, "starts to use %s", list(fresh))
	case len(known) > 0:
		f.add(Medium, "sensitive/importer", file.Path, 0, "uses %s", list(known))
	}
}

func sensitiveImport(name string) bool {
	if area, _ := areaOf(name + "."); area != "" { // the dot keeps the last element whole
		return true
	}
	return slices.ContainsFunc(words(name), func(w string) bool { return slices.Contains(importWords, w) })
}

// list names at most three things.
func list(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// areaOf names the sensitive area a path is about, and the word that says so; "" when none does.
func areaOf(file string) (area, word string) {
	file = strings.TrimSuffix(file, path.Ext(file))
	for _, w := range words(file) {
		for _, a := range areas {
			if slices.Contains(a.words, w) || hasSuffix(w, a.suffixes) {
				return a.name, w
			}
		}
	}
	return "", ""
}

func hasSuffix(word string, suffixes []string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(word, s) {
			return true
		}
	}
	return false
}

// words splits a path or identifier at punctuation and at capitals: "pkg/HTTPAuth_v2" gives pkg, http, auth, v2.
func words(s string) []string {
	var out []string
	runes := []rune(s)
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(string(runes[start:end])))
		}
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush(i)
			start = i + 1
		case i > start && unicode.IsUpper(r) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush(i)
			start = i
		}
	}
	flush(len(runes))
	return out
}
