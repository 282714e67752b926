package door

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// ReadTokenFile reads a token from a file that nobody but its owner may read; any other is refused.
func ReadTokenFile(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	if err := private(path, info); err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", fmt.Errorf("reading the token in %s: %w", path, err)
	}
	text := strings.TrimSpace(string(data))
	if !isSecret(text) {
		return "", fmt.Errorf("%s does not hold a token: want one line that begins with %s", path, secretPrefix)
	}
	return Secret(text), nil
}

// WriteTokenFile writes a token into a new file that only its owner may read.
func WriteTokenFile(path string, secret Secret) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the token: %w", err)
	}
	_, err = f.WriteString(secret.Reveal() + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("writing the token to %s: %w", path, err)
	}
	return nil
}
