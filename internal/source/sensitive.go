package source

import "strings"

// sensitive reports whether an import, by one of the words of its path, touches authentication, cryptography, access rights or
// billing. The words are listed in docs/formats/classes.md.
func sensitive(name string) bool {
	start := 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && isWord(name[i]) && name[i] != '_' {
			continue
		}
		if i-start >= 3 && sensitiveWord(strings.ToLower(name[start:i])) {
			return true
		}
		start = i + 1
	}
	return false
}

func sensitiveWord(word string) bool {
	switch word {
	case "auth", "authn", "authz", "authentication", "authorization", "authorisation", "authlib", "authenticator", "login", "oauth", "oauth2", "oauthlib", "oidc", "openid", "saml", "saml2", "sso",
		"jwt", "jws", "jwk", "jwks", "jwa", "jwe", "pyjwt", "jsonwebtoken", "jose", "jose4j", "paseto", "macaroon", "passport", "session", "sessions", "password", "passwords", "passwd", "passlib",
		"webauthn", "fido2", "totp", "hotp", "otp", "pyotp", "mfa", "kerberos", "gssapi", "ldap", "ldap3", "pam", "auth0", "okta", "clerk", "keycloak", "cognito", "spiffe", "nextauth", "firebaseauth", "identity":
		return true
	case "crypto", "cryptography", "cryptobox", "cryptojs", "bcrypt", "bcryptjs", "scrypt", "argon2", "pbkdf2", "hmac", "hashlib", "sodium", "libsodium", "pynacl", "nacl", "tweetnacl", "openssl", "boringssl", "ssl",
		"tls", "rustls", "x509", "pkcs11", "pkcs12", "ring", "aes", "rsa", "ecdsa", "ed25519", "curve25519", "chacha20", "gpg", "pgp", "openpgp", "sigstore", "cosign", "certifi", "certificate", "certificates", "bouncycastle", "keyring", "age":
		return true
	case "iam", "sts", "kms", "rbac", "acl", "acls", "casbin", "permission", "permissions", "privilege", "privileges", "security", "secret", "secrets", "secretsmanager", "secretmanager", "vault", "credential", "credentials", "keyvault", "policies":
		return true
	case "billing", "payment", "payments", "invoice", "invoicing", "stripe", "braintree", "paypal", "adyen", "square", "razorpay", "plaid", "chargebee", "recurly", "paddle", "lemonsqueezy", "mollie", "klarna", "checkout", "ledger", "wallet":
		return true
	}
	return false
}
