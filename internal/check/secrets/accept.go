package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"strings"
)

// checksum62 tests tokens of the form PREFIX_ + random + checksum, where the last six characters are the CRC-32 of the
// random part in base 62 (GitHub's and npm's token formats since 2021).
func checksum62(m match) verdict {
	at := bytes.LastIndexByte(m.secret, '_') + 1
	random, sum := m.secret[at:len(m.secret)-6], m.secret[len(m.secret)-6:]
	if string(sum) != base62(crc32.ChecksumIEEE(random)) {
		return doubted
	}
	return accepted
}

func base62(n uint32) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := []byte("000000")
	for i := len(out) - 1; n > 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out)
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+' || c == '='
}

// webToken wants a JSON Web Token's first two parts to be JSON objects, the first with an algorithm (RFC 7515, 4.1.1).
func webToken(m match) verdict {
	parts := strings.Split(string(m.secret), ".")
	var header struct{ Alg string }
	var claims map[string]any
	if !decodeJSON(parts[0], &header) || header.Alg == "" || strings.EqualFold(header.Alg, "none") || !decodeJSON(parts[1], &claims) {
		return rejected
	}
	if claims["sub"] == "1234567890" { // the sample that every tutorial copies
		return rejected
	}
	return accepted
}

func decodeJSON(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

// registryAuth wants base64 of "user:password", as Docker's config.json has it.
func registryAuth(m match) verdict {
	raw, err := base64.StdEncoding.DecodeString(string(m.secret))
	user, password, ok := bytes.Cut(raw, []byte(":"))
	if err != nil || !ok || len(user) == 0 || !printable(raw) || invented(password) {
		return rejected
	}
	return accepted
}

// urlPassword judges scheme://user:password@host.
func urlPassword(m match) verdict {
	user, password, host := strings.ToLower(string(m.group(1))), m.group(2), strings.ToLower(string(m.group(3)))
	if invented(password) || strings.EqualFold(user, string(password)) {
		return rejected
	}
	for _, local := range []string{"localhost", "127.", "0.0.0.0", "[::1]", "example.", "host.", "hostname", "host:", "domain", "server."} {
		if strings.HasPrefix(host, local) {
			return rejected
		}
	}
	if host == "host" || strings.Contains(host, ".example") || strings.Contains(host, "example.") || strings.HasSuffix(host, ".test") || strings.HasSuffix(host, ".invalid") {
		return rejected
	}
	if !strings.Contains(host, ".") || entropy(password) < 2500 {
		return doubted
	}
	return accepted
}

// invented reports whether a password is one of those that documentation uses.
func invented(password []byte) bool {
	if len(password) < 3 || placeholder(password) {
		return true
	}
	word := strings.Trim(strings.ToLower(string(password)), "*.-_0123456789!")
	switch word {
	case "", "password", "passwd", "passw", "pass", "pwd", "pw", "secret", "token", "user", "username", "admin", "root", "test", "testing",
		"postgres", "mysql", "redis", "guest", "default", "hunter", "mypassword", "mypass", "my-password", "mysecret", "secretpassword",
		"foo", "bar", "baz", "qux", "abc", "key", "apikey", "api_key", "api-key", "passphrase", "pswd", "letmein", "qwerty", "hello", "welcome",
		"x-oauth-basic", "userpass", "some_password", "some-password", "p@ssw0rd", "p@ssword", "pa55word", "db_password", "supersecret", "super-secret":
		return true
	}
	return false
}

// random wants what generators make: letters and digits mixed, and nothing that reads like a name, a path or a version.
func random(m match) verdict {
	secret := m.secret
	letters, digits, breaks := 0, 0, 0
	for i, c := range secret {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters++
		}
		if i > 0 && kind(c) != kind(secret[i-1]) {
			breaks++
		}
	}
	if letters == 0 || digits < 2 || breaks*4 < len(secret) || !printable(secret) {
		return rejected
	}
	if bytes.ContainsAny(secret, " ,;()[]{}\\|*<>?") || bytes.Contains(secret, []byte("://")) || isDigest(secret) {
		return rejected
	}
	return accepted
}

// isDigest reports whether a text names its hash function, as subresource integrity and image digests do.
func isDigest(secret []byte) bool {
	for _, prefix := range []string{"sha1-", "sha256-", "sha384-", "sha512-", "sha256:", "sha512:", "md5:", "h1:", "$2a$", "$2b$", "$2y$", "$argon2", "$scrypt", "$pbkdf2", "ssh-"} {
		if bytes.HasPrefix(secret, []byte(prefix)) {
			return true
		}
	}
	return false
}

func kind(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return 0
	case c >= 'a' && c <= 'z':
		return 1
	case c >= 'A' && c <= 'Z':
		return 2
	}
	return 3
}

func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
