package secrets

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// keyWindow is how many bytes after a PEM header are looked at.
const keyWindow = 4096

// pemMatcher finds PEM private keys from their header to their footer, or to the end of the window.
type pemMatcher struct{ header *regexp.Regexp }

var pemKeys = sync.OnceValue(func() matcher {
	return pemMatcher{regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----`)}
})

func (p pemMatcher) find(text []byte) ([][]int, error) {
	var all [][]int
	for _, at := range p.header.FindAllIndex(text, -1) {
		end := len(text)
		if footer := bytes.Index(text[at[1]:], []byte("-----END")); footer >= 0 {
			end = at[1] + footer
		}
		all = append(all, []int{at[0], end})
	}
	return all, nil
}

// keyBody wants 64 characters of base64 after the header, however they are quoted, joined or escaped.
func keyBody(m match) verdict {
	_, body, _ := bytes.Cut(m.secret, []byte("KEY"))
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte(" BLOCK")), "-")
	run, armour := 0, false
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case c == ':' || armour && c != '\n': // an armour header such as "Proc-Type: 4,ENCRYPTED" is no key
			run, armour = 0, true
		case c == '\n':
			armour = false
		case isBase64(c):
			run++
		case c == '\\' && i+1 < len(body) && strings.IndexByte("nrt", body[i+1]) >= 0:
			i++
		case strings.IndexByte(" \t\r\"'`,\\>|*#-", c) < 0:
			return rejected
		}
		if run >= 64 {
			return accepted
		}
	}
	return rejected
}
