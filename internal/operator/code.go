package operator

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"
)

const (
	codeCount  = 10
	codeChars  = 20 // of base32: 100 bits
	codeMemory = 19 << 10
	codePasses = 2
)

// codeHash is a recovery code as the ledger knows it: argon2id with 19 MiB and two passes.
type codeHash struct {
	Salt string `json:"salt"` // hex
	Hash string `json:"hash"` // hex
}

// newCodes makes recovery codes and what is kept of them. A code begins with its number, so that one hash decides.
func newCodes() (codes []string, hashes []codeHash, err error) {
	for n := 1; n <= codeCount; n++ {
		raw := make([]byte, 13+16)
		if _, err := rand.Read(raw); err != nil {
			return nil, nil, fmt.Errorf("making recovery codes: %w", err)
		}
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:13])[:codeChars]
		salt := hex.EncodeToString(raw[13:])
		codes = append(codes, fmt.Sprintf("%02d-%s-%s-%s-%s", n, text[:5], text[5:10], text[10:15], text[15:]))
		hashes = append(hashes, codeHash{Salt: salt, Hash: hashCode(text, salt)})
	}
	return codes, hashes, nil
}

func hashCode(text, salt string) string {
	return hex.EncodeToString(argon2.IDKey([]byte(text), []byte(salt), codePasses, codeMemory, 1, 32))
}

// splitCode reads a recovery code as people type it.
func splitCode(code string) (number int, text string, err error) {
	clean := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code)))
	if len(clean) != 2+codeChars {
		return 0, "", refused(fmt.Sprintf("a recovery code is a number of two digits and %d letters and digits", codeChars))
	}
	number, err = strconv.Atoi(clean[:2])
	if err != nil {
		return 0, "", refused("a recovery code begins with its number")
	}
	return number, strings.NewReplacer("0", "O", "1", "I").Replace(clean[2:]), nil
}

func (h codeHash) matches(text string) bool {
	return subtle.ConstantTimeCompare([]byte(hashCode(text, h.Salt)), []byte(h.Hash)) == 1
}

const (
	totpPeriod = 30 // seconds
	totpSkew   = 1  // steps to either side
)

// NewTOTP makes a secret for a code generator: base32 for people, and the URL that is shown as a QR code.
func NewTOTP(operator, kernel string) (secret, url string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "adamant " + kernel, AccountName: operator, Period: totpPeriod})
	if err != nil {
		return "", "", fmt.Errorf("making a secret for codes: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// totpStep is the time step that a code belongs to, counted from 1970. Every step in question is compared, in constant time.
func totpStep(secret, code string, at time.Time) (int64, error) {
	now, found := at.Unix()/totpPeriod, int64(0)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(step*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("computing a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(strings.TrimSpace(code))) == 1 {
			found = step
		}
	}
	if found == 0 {
		return 0, errWrongCode
	}
	return found, nil
}

var errWrongCode = errors.New("the code is wrong")
