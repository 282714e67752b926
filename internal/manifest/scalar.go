package manifest

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

// resolve gives a plain scalar its value by the YAML 1.2 core schema.
func resolve(s string) any {
	if s == "" {
		return nil
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		if v, ok := number(s); ok {
			return v
		}
	case strings.IndexByte("nNtTfF~", c) >= 0:
		return word(s)
	}
	return s
}

func word(s string) any {
	switch s {
	case "null", "Null", "NULL", "~":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	return s
}

func number(s string) (any, bool) {
	if v, ok := integer(s); ok {
		return v, true
	}
	if !isFloat(s) {
		return nil, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil { // out of range: stays a string
		return nil, false
	}
	return f, true
}

func integer(s string) (any, bool) {
	digits, base := s, 10
	switch {
	case strings.HasPrefix(s, "0o"):
		digits, base = s[2:], 8
	case strings.HasPrefix(s, "0x"):
		digits, base = s[2:], 16
	default:
		digits = strings.TrimPrefix(s, "+")
	}
	if !allDigits(strings.TrimPrefix(digits, "-"), base) || base != 10 && digits[0] == '-' || digits != s && digits[0] == '-' {
		return nil, false
	}
	if v, err := strconv.ParseInt(digits, base, 64); err == nil {
		return v, true
	}
	return bigInteger(digits, base)
}

// bigInteger keeps every digit of an integer beyond int64. Absurdly long ones stay strings: their decimal form costs
// quadratic time.
func bigInteger(digits string, base int) (any, bool) {
	if len(digits) > 1000 {
		return nil, false
	}
	v, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return nil, false
	}
	return json.Number(v.String()), true
}

func allDigits(s string, base int) bool {
	for i := range len(s) {
		c := s[i]
		decimal := c >= '0' && c <= '9' && int(c-'0') < base
		hex := base == 16 && (c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F')
		if !decimal && !hex {
			return false
		}
	}
	return s != ""
}

// isFloat matches [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	whole := span(s)
	rest := s[whole:]
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction = span(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	return rest != "" && span(rest) == len(rest)
}

// span counts the leading decimal digits.
func span(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}
