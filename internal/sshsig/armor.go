package sshsig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

const (
	begin = "-----BEGIN SSH SIGNATURE-----"
	end   = "-----END SSH SIGNATURE-----"
	width = 70 // characters a line, as ssh-keygen
)

func armor(raw []byte) []byte {
	text := base64.StdEncoding.EncodeToString(raw)
	var b bytes.Buffer
	b.WriteString(begin + "\n")
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	b.WriteString(text + "\n" + end + "\n")
	return b.Bytes()
}

// unarmor accepts white space around the armor and line ends of any system, and nothing else outside of it.
func unarmor(armored []byte) ([]byte, error) {
	if len(armored) > SizeLimit {
		return nil, fmt.Errorf("it is longer than %d bytes", SizeLimit)
	}
	text, found := bytes.CutPrefix(bytes.TrimSpace(armored), []byte(begin))
	if !found {
		return nil, errors.New("it does not start with " + begin)
	}
	text, found = bytes.CutSuffix(text, []byte(end))
	if !found {
		return nil, errors.New("it does not end with " + end)
	}
	text = bytes.Join(bytes.Fields(text), nil)
	raw, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil {
		return nil, fmt.Errorf("its base64: %w", err)
	}
	return raw, nil
}
