package privacy

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// callPatterns find where a call begins whose arguments are kept or sent away; the match ends behind the parenthesis.
var callPatterns = sync.OnceValue(func() (patterns struct{ log, analytics, person *regexp.Regexp }) {
	patterns.log = regexp.MustCompile(`(?i)(?:^|[^\w.])(?:\w+\.)*(?:_?log|_?logger|logging|slog|zap|sugar|logrus|klog|glog|zerolog|winston|pino|bunyan|tracing|console|stdlog|timber)` +
		`\.(?:trace|debug|info|log|warn|warning|error|fatal|panic|print|critical|notice|exception|dpanic|verbose|silly|d|e|i|w|v)\w{0,12}\(` +
		`|(?:^|[^\w.])(?:fmt\.(?:Print|Fprint)(?:f|ln)?|print|println|printf|eprintln|NSLog|error_log|System\.(?:out|err)\.print\w*|(?:print|println|eprint|eprintln|dbg|trace|debug|info|warn|error)!)\(`)
	patterns.analytics = regexp.MustCompile(`(?i)(?:^|[^\w.])(?:\w+\.)*(?:analytics\.(?:track|identify|page|group|alias|screen|capture|logEvent|setUser\w*)|amplitude\.(?:track|logEvent|identify|setUser\w*)|posthog\.(?:capture|identify|group|alias|setPerson\w*)` +
		`|mixpanel\.(?:track|identify|register|alias|people\.\w+)|dataLayer\.push|heap\.(?:track|identify|addUserProperties)|rudderanalytics\.\w+|rudderstack\.\w+|plausible|gtag|fbq|LogRocket\.(?:track|identify)|FS\.(?:event|identify|setUserVars)` +
		`|datadogRum\.(?:addAction|setUser\w*)|Sentry\.(?:setUser|setContext|setTag|setExtra)|sentry_sdk\.set_\w+|statsig\.logEvent|snowplow\w*|hj|clarity|newrelic\.(?:setUserId|setCustomAttribute|addPageAction))\(`)
	// whatever it is given, a person is made known to the product
	patterns.person = regexp.MustCompile(`(?i)\b(analytics|posthog|mixpanel|amplitude|heap|LogRocket|FS|rudderanalytics)\.identify\(`)
	return patterns
})

// hidden is on lines whose author has thought of it.
var hidden = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)mask|redact|hash|anonymi|obfuscat|encrypt|scrub|pseudonym|tokenize|censor|truncate`)
})

// calls finds sensitive fields among the arguments of calls that log or report. The calls are looked for only near lines
// that hold the last word of a field.
func (s *scanner) calls() {
	names := fieldNames(s.Fields)
	last := map[string]bool{}
	for _, name := range names {
		last[name[len(name)-1]] = true
	}
	done := -1 // the calls that begin on lines up to here were looked at, or are too far above
	for _, r := range s.Lines {
		for i := max(r.From-1, 0); i < min(r.To+callLines, len(s.lines)); i++ {
			if len(s.lines[i]) <= longest && holds(s.lines[i], last) {
				s.callsAbove(i, done, names)
				done = max(done, i)
			}
		}
	}
	s.fresh(func(i int, line string) {
		if strings.Contains(line, ".identify(") {
			if m := callPatterns().person.FindStringSubmatch(line); m != nil && !isComment(line) {
				s.hit(Analytics, i, "a person, by "+strings.ToLower(m[1])+".identify")
			}
		}
	})
}

// callsAbove looks into the calls that begin on line i or not far above it, below the line done.
func (s *scanner) callsAbove(i, done int, names [][]string) {
	for n := i; n > max(i-callLines, done, -1); n-- {
		line := s.lines[n]
		if len(line) > longest || !strings.Contains(line, "(") || isComment(line) {
			continue
		}
		if at := callPatterns().log.FindStringIndex(line); at != nil {
			s.arguments(Logged, n, at[1], names)
		}
		if at := callPatterns().analytics.FindStringIndex(line); at != nil {
			s.arguments(Analytics, n, at[1], names)
		}
	}
}

// holds says that one of some words is on a line, as a word of an identifier.
func holds(line string, words map[string]bool) bool {
	for i := 0; i < len(line); {
		for i < len(line) && !isLetter(line[i]) {
			i++
		}
		start := i
		for i < len(line) && isLetter(line[i]) && (i == start || !isUpper(line[i]) || isUpper(line[i-1])) {
			i++
		}
		if i-start > 1 && words[strings.ToLower(line[start:i])] {
			return true
		}
	}
	return false
}

func isComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#[") || strings.HasPrefix(line, "*") || strings.HasPrefix(line, "--")
}

// callLines is how many lines of a call are read at most.
const callLines = 20

// arguments looks at a call whose arguments begin at a byte of line i, to its closing parenthesis.
func (s *scanner) arguments(kind string, i, from int, names [][]string) {
	open := 1
	for n := i; n < min(i+callLines, len(s.lines)) && open > 0; n++ {
		if len(s.lines[n]) > longest {
			return
		}
		text := s.argumentsOn(n, names)
		if n == i {
			first := look(s.lines[n][from:], names)
			text = &first
		}
		end := len(text.code)
		if open+text.lowest > 0 {
			open += text.net
		} else {
			end = closing(text.code, &open)
		}
		if !s.added(i) && !s.added(n) || text.hidden {
			continue
		}
		field := text.field
		if end < len(text.code) {
			field = sensitive(text.code[:end], names)
		}
		if field == "" {
			continue
		}
		if n != i { // the calls above, which reach here too, say the same
			said := &text.said[0]
			if kind == Analytics {
				said = &text.said[1]
			}
			if *said == field {
				continue
			}
			*said = field
		}
		s.hit(kind, n, field)
	}
}

// argument is what a line says when it is read as arguments.
type argument struct {
	line        int       // its number
	code        string    // without the words of strings
	hidden      bool      // the author has thought of it
	field       string    // the first sensitive field
	net, lowest int       // parentheses opened less those closed, at the end and where that is least
	said        [2]string // the last field that was reported, logged and sent
}

func look(line string, names [][]string) argument {
	code := expressions(line)
	a := argument{code: code, hidden: hidden().MatchString(line), field: sensitive(code, names)}
	for i := range len(code) {
		switch code[i] {
		case '(':
			a.net++
		case ')':
			a.net--
			a.lowest = min(a.lowest, a.net)
		}
	}
	return a
}

// argumentsOn is look for a whole line, once each: it is read again for every call that begins shortly above it, and by then
// the lines of the ring are still there.
func (s *scanner) argumentsOn(n int, names [][]string) *argument {
	at := &s.looked[n%len(s.looked)]
	if *at == nil || (*at).line != n {
		text := look(s.lines[n], names)
		text.line = n
		*at = &text
	}
	return *at
}

// closing is where the parenthesis that is open closes, len(code) when it does not.
func closing(code string, open *int) int {
	for i := range len(code) {
		switch code[i] {
		case '(':
			*open++
		case ')':
			if *open--; *open == 0 {
				return i
			}
		}
	}
	return len(code)
}

var interpolation = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{\s*([A-Za-z_$][\w$.?()\[\]]*)[^{}]*\}`)
})

// expressions is a line without the words of its strings; what strings interpolate stays: ${user.email}, {user.email}.
func expressions(line string) string {
	var out strings.Builder
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c != '"' && c != '\'' && c != '`' {
			out.WriteByte(c)
			continue
		}
		end := i + 1
		for end < len(line) && line[end] != c {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		for _, m := range interpolation().FindAllStringSubmatch(line[i:min(end, len(line))], -1) {
			out.WriteString(" " + m[1] + " ")
		}
		out.WriteString(`""`)
		i = end
	}
	return out.String()
}

// usual are the fields that are sensitive everywhere, in words.
func usual() []string {
	return []string{
		"email", "e mail", "email address", "phone", "phone number", "telephone", "mobile number", "ssn", "social security number", "iban", "account number",
		"dob", "date of birth", "birth date", "birthdate", "birthday", "first name", "last name", "full name", "surname", "maiden name", "passport number",
		"tax id", "national id", "national insurance number", "home address", "street address", "postal address", "credit card", "card number", "credit card number", "cvv", "cvc",
		"drivers license", "license plate", "medical record number", "patient name", "diagnosis",
	}
}

func fieldNames(more []string) [][]string {
	var out [][]string
	for _, name := range append(usual(), more...) {
		if parts := words(name); len(parts) > 0 {
			out = append(out, parts)
		}
	}
	return out
}

var identifier = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z_$][\w$]*`) })

// sensitive names the first identifier in code that ends like a sensitive field, "" when there is none.
func sensitive(code string, names [][]string) string {
	for _, at := range identifier().FindAllStringIndex(code, -1) {
		word, rest := code[at[0]:at[1]], code[at[1]:]
		parts := words(word)
		if len(parts) == 0 || isProperty(rest) || isKey(rest) {
			continue
		}
		if strings.HasPrefix(rest, "(") && parts[0] != "get" {
			continue // a call of sendEmail gives no address
		}
		for _, name := range names {
			if endsLike(parts, name) {
				return word
			}
		}
	}
	return ""
}

// isProperty says that what follows asks about the value: email.length, email === null.
func isProperty(rest string) bool {
	rest = strings.TrimLeft(strings.TrimLeft(rest, "?!"), " ")
	for _, p := range []string{".length", ".size", ".len(", ".isEmpty", ".is_empty", ".is_none", ".is_some", ".IsZero", ".isPresent", ".Valid", ".valid", ".count", ".id", ".ID", ".Id", "===", "!==", "==", "!="} {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}

// isKey says that the identifier only names a value: {email: mask(x)}, email=x in Python. The value is looked at by itself.
func isKey(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "::") && !strings.HasPrefix(rest, ":]") && !strings.HasPrefix(rest, ":=") ||
		strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "==") && !strings.HasPrefix(rest, "=>")
}

func endsLike(parts, name []string) bool {
	if len(parts) < len(name) || !slices.Equal(parts[len(parts)-len(name):], name) {
		return false
	}
	for _, before := range parts[:len(parts)-len(name)] {
		switch before {
		case "is", "has", "no", "not", "num", "count", "missing", "invalid", "valid", "validate", "require", "required", "send", "verify", "check", "use", "enable", "should", "support", "from", "sender", "err", "error":
			return false
		}
	}
	return true
}

// words splits an identifier or a name into lower-case words: userEmail, user_email and "user email" are alike.
func words(name string) []string {
	var out []string
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, strings.ToLower(name[start:end]))
		}
		start = end
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '$' || c == ' ' || c == '-' || c == '.':
			flush(i)
			start = i + 1
		case isUpper(c) && i > start && (!isUpper(name[i-1]) || i+1 < len(name) && isLower(name[i+1])):
			flush(i)
		}
	}
	flush(len(name))
	return out
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isLetter(c byte) bool {
	return isUpper(c) || isLower(c)
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
