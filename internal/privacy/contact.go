package privacy

import (
	"regexp"
	"strings"
	"sync"
)

var mailPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^\w.%+/@:-])([A-Za-z0-9][\w.%+-]*)@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?:$|[^\w:@(-])`)
})

// byline is on lines that say who wrote or keeps something.
var byline = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)author|copyright|maintainer|contributor|licen[sc]e|signed-off|reviewed-by|reported-by`)
})

// mails finds the e-mail addresses on a line that somebody may have.
func mails(line string) (found []Span) {
	if byline().MatchString(line) {
		return nil
	}
	for _, m := range mailPattern().FindAllStringSubmatchIndex(line, -1) {
		if !inventedDomain(strings.ToLower(line[m[4]:m[5]])) && !role(strings.ToLower(line[m[2]:m[3]])) {
			found = append(found, Span{m[2], m[5], "an e-mail address"})
		}
	}
	return found
}

// inventedDomain are the domains that are reserved for examples (RFC 2606, RFC 6761), those that examples use all the same,
// and endings that are no domain at all.
func inventedDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	top := labels[len(labels)-1]
	switch top {
	case "example", "test", "invalid", "localhost", "local", "internal", "lan", "corp", "home", "arpa", "fake", "dev", "foo", "bar",
		"png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "ts", "mjs", "cjs", "tsx", "jsx", "json", "css", "html", "md", "go", "rs", "rb", "php", "java", "class", "yml", "yaml", "toml", "lock", "tgz", "gz", "zip", "whl", "jar", "service", "socket", "timer", "target", "mount", "txt", "log", "git":
		return true
	}
	for _, label := range labels {
		for _, word := range []string{"example", "sample", "test", "dummy", "fake", "invalid", "acme", "foobar", "yourdomain", "mydomain", "yourcompany", "mycompany", "placeholder", "domain", "noreply", "mailinator", "localhost"} {
			if strings.Contains(label, word) {
				return true
			}
		}
		switch label {
		case "foo", "bar", "baz", "qux", "company", "corp", "email", "mail", "host", "server", "site", "website", "contoso", "fabrikam", "abc", "xyz", "users", "somewhere", "nowhere", "whatever", "business", "store", "shop", "googlegroups", "groups", "lists", "iam", "sa":
			return true
		}
	}
	return len(labels[len(labels)-2]) < 3 // a.com: one or two letters are nobody's mail
}

// role are the names before the @ that stand for an office, a program or nobody.
func role(local string) bool {
	local = strings.Trim(strings.SplitN(local, "+", 2)[0], "0123456789._-")
	switch local {
	case "", "a", "b", "c", "x", "y", "z", "me", "you", "user", "username", "name", "firstname.lastname", "first.last", "test", "tester", "testing", "foo", "bar", "baz", "someone", "somebody", "anyone", "nobody", "noreply", "no-reply", "donotreply",
		"info", "contact", "hello", "hi", "support", "help", "sales", "admin", "administrator", "root", "postmaster", "webmaster", "hostmaster", "abuse", "security", "privacy", "legal", "press", "jobs", "billing", "office", "team", "dev", "devnull", "ops", "bot", "ci", "git", "svn", "mail", "email", "list", "lists", "news", "newsletter", "marketing", "feedback", "alerts", "notifications", "service", "api", "demo", "example", "sample", "fake", "dummy", "alice", "bob", "eve", "mallory", "john.doe", "johndoe", "jane.doe", "janedoe", "john", "jane", "joe", "max.mustermann":
		return true
	}
	for _, word := range []string{"test", "example", "dummy", "fake", "noreply", "[bot]", "robot", "daemon", "invalid", "foobar"} {
		if strings.Contains(local, word) {
			return true
		}
	}
	return false
}

var phonePattern = sync.OnceValue(func() struct{ international, american, said *regexp.Regexp } {
	return struct{ international, american, said *regexp.Regexp }{
		regexp.MustCompile(`(?:^|[^\w+.-])\+([1-9](?:[ .()-]{0,2}\d){8,14})(?:$|[^\w.-])`),
		regexp.MustCompile(`(?:^|[^\w.+-])(?:1[ .-])?\(?([2-9]\d{2})\)?[ .-]([2-9]\d{2})[ .-](\d{4})(?:$|[^\w.-])`),
		regexp.MustCompile(`(?i)phone|\btel\b|tel:|mobile|\bcell|\bfax\b|\bsms\b|whatsapp`),
	}
})

// telephones finds the telephone numbers on a line that somebody may have: in international form, or in American form on a
// line that says what they are.
func telephones(line string) (found []Span) {
	p := phonePattern()
	for _, m := range p.international.FindAllStringSubmatchIndex(line, -1) {
		if number := only(line[m[2]:m[3]], isDigit); !reservedNumber(number) {
			found = append(found, Span{m[2], m[3], "a telephone number"})
		}
	}
	if p.said.MatchString(line) {
		for _, m := range p.american.FindAllStringSubmatchIndex(line, -1) {
			if !reservedNumber("1" + line[m[2]:m[3]] + line[m[4]:m[5]] + line[m[6]:m[7]]) {
				found = append(found, Span{m[2], m[7], "a telephone number"})
			}
		}
	}
	return found
}

// reservedNumber are the numbers set aside for fiction, and those that nobody takes for real.
func reservedNumber(n string) bool {
	if distinct(n) < 5 || strings.Contains(n, "12345") || strings.Contains(n, "45678") || strings.Contains(n, "98765") || strings.Contains(n, "00000") || strings.Contains(n, "11111") {
		return true
	}
	for _, prefix := range []string{
		"447700900", "44207946", "442079460", "44113496", "44114496", "44115496", "44116496", "44117496", "44118496", "44121496", "44131496", "44141496", "44151496", "44161496", "441632960", "44808157", "44909879", "443069990", // Ofcom
		"61491570", "6125550", "6135550", "6175550", "6185550", "611800975", // ACMA
		"33199", "33261", "33353", "33465", "33536", "3363998", // ARCEP
		"493023125", "496990009", "494066969", "49221471", "498999998", "4917139", "491523125", "49176040690", // BNetzA
		"4631390", "4640628", "468465", "46701740", // PTS
		"35320910", "353849", "1800555",
	} {
		if strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return strings.HasPrefix(n, "1") && len(n) == 11 && (n[4:7] == "555" || n[1:4] == "555") // North America: 555 is for fiction
}
