package secrets

import "fmt"

// Find says whether a text holds a credential that a built-in rule knows, and what the first one is. It knows no path and no
// configuration.
func Find(text string) (description string, found bool, err error) {
	hits, err := builtinEngine().scan("", []byte(text))
	if err != nil {
		return "", false, fmt.Errorf("looking for credentials: %w", err)
	}
	for _, h := range hits {
		if !h.doubtful {
			return h.rule.title, true, nil
		}
	}
	return "", false, nil
}
