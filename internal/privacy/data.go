package privacy

import (
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/adamant-os/adamant/internal/source"
)

// data finds personal data on new lines. Data with a check digit or a fixed form is looked for in every file, addresses and
// telephone numbers in test data alone: elsewhere they are those of authors and offices.
func (s *scanner) data() {
	contacts := isFixture(s.Path, s.Class)
	s.fresh(func(i int, line string) {
		if digits(line) >= 6 {
			for _, find := range []func(string) []Span{bankAccounts, cards, identities} {
				if found := find(line); len(found) > 0 {
					s.hit(Personal, i, found[0].What)
				}
			}
			if contacts && len(telephones(line)) > 0 {
				s.hit(Contact, i, "a telephone number")
			}
		}
		if contacts && strings.Contains(line, "@") && len(mails(line)) > 0 {
			s.hit(Contact, i, "an e-mail address")
		}
	})
}

// isFixture says that a file is made of example data: tests, and data files in folders that hold such.
func isFixture(name, class string) bool {
	switch path.Ext(name) {
	case ".csv", ".tsv", ".sql", ".jsonl", ".ndjson":
		return true
	case ".json", ".yaml", ".yml", ".xml", ".txt", ".toml":
		if class == source.ClassTest {
			return !isManifest(name)
		}
		for _, folder := range strings.Split(strings.ToLower(path.Dir(name)), "/") {
			switch folder {
			case "fixtures", "fixture", "seeds", "seed", "mocks", "__mocks__", "samples", "testdata":
				return true
			}
		}
		return false
	}
	return class == source.ClassTest
}

func digits(line string) int {
	n := 0
	for i := range len(line) {
		if isDigit(line[i]) {
			n++
		}
	}
	return n
}

// only keeps the bytes that keep accepts.
func only(s string, keep func(byte) bool) string {
	var out strings.Builder
	for i := range len(s) {
		if keep(s[i]) {
			out.WriteByte(s[i])
		}
	}
	return out.String()
}

// distinct counts different bytes: what people invent has few.
func distinct(s string) int {
	var seen [256]bool
	n := 0
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			n++
		}
	}
	return n
}

// Bank accounts: ISO 13616.

var ibanPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b`)
})

func bankAccounts(line string) (found []Span) {
	for _, at := range ibanPattern().FindAllStringIndex(line, -1) {
		text := strings.ReplaceAll(line[at[0]:at[1]], " ", "")
		if len(text) == ibanLength(text[:2]) && mod97(text[4:]+text[:4]) == 1 && distinct(text[4:]) > 5 && !documented(text) {
			found = append(found, Span{at[0], at[1], "an IBAN"})
		}
	}
	return found
}

// ibanLength is how long the IBANs of a country are, 0 for a country that has none (SWIFT's registry).
func ibanLength(country string) int {
	const table = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20"
	for i := 0; i < len(table); i += 4 {
		if table[i:i+2] == country {
			return int(table[i+2]-'0')*10 + int(table[i+3]-'0')
		}
	}
	return 0
}

// mod97 is the remainder of a number whose letters stand for 10 to 35 (ISO 7064).
func mod97(text string) int {
	n := 0
	for i := range len(text) {
		c := text[i]
		if isDigit(c) {
			n = (n*10 + int(c-'0')) % 97
		} else {
			n = (n*100 + int(c-'A') + 10) % 97
		}
	}
	return n
}

// documented are the IBANs that registries and textbooks print.
func documented(iban string) bool {
	switch iban {
	case "GB82WEST12345698765432", "GB29NWBK60161331926819", "GB33BUKB20201555555555", "DE89370400440532013000", "DE75512108001245126199", "DE44500105175407324931", "DE91100000000123456789", "FR1420041010050500013M02606", "FR7630006000011234567890189",
		"NL91ABNA0417164300", "BE68539007547034", "ES9121000418450200051332", "ES7921000813610123456789", "IT60X0542811101000000123456", "CH9300762011623852957", "AT611904300234573201",
		"SE4550000000058398257466", "NO9386011117947", "DK5000400440116243", "FI2112345600000785", "PL61109010140000071219812874", "PT50000201231234567890154", "IE29AIBK93115212345678", "LU280019400644750000":
		return true
	}
	return false
}

// Cards: ISO/IEC 7812.

var cardPattern = sync.OnceValue(func() struct{ grouped, plain, said *regexp.Regexp } {
	return struct{ grouped, plain, said *regexp.Regexp }{
		regexp.MustCompile(`\b[3-6]\d{3}([ -])\d{4}[ -]\d{4}[ -]\d{4}\b|\b3[47]\d{2}[ -]\d{6}[ -]\d{5}\b`),
		regexp.MustCompile(`\b(?:4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|6(?:011|5\d{2})\d{12})\b`),
		regexp.MustCompile(`(?i)card|\bpan\b|\bcc(?:_?n(?:um|o)\w*)?\b|visa|mastercard|amex`),
	}
})

func cards(line string) (found []Span) {
	p := cardPattern()
	places := p.grouped.FindAllStringIndex(line, -1)
	if p.said.MatchString(line) {
		places = append(places, p.plain.FindAllStringIndex(line, -1)...)
	}
	for _, at := range places {
		if number := only(line[at[0]:at[1]], isDigit); luhn(number) && distinct(number) > 5 && !testCard(number) {
			found = append(found, Span{at[0], at[1], "a card number"})
		}
	}
	return found
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// testCard are the ranges that payment services give out for tests.
func testCard(number string) bool {
	for _, prefix := range []string{
		"400000", "400002", "400003", "400025", "400027", "400034", "400040", "400044", "400056", "400076", "400084", "400119", "400124", "400202", "401200", "401288", "401700", "411111", "412345", "420000", "422222", "424242", "444433", "453201", "454347", "455666", "491748", "500000", "510510", "512345", "520082", "520000",
		"542523", "543111", "545454", "550000", "555555", "555534", "222100", "222300", "222242", "340000", "341111", "343434", "370000", "371144", "371449", "374245", "374251", "378282", "378734", "601100", "601111", "650002", "653100", "123456",
	} {
		if strings.HasPrefix(number, prefix) {
			return true
		}
	}
	return strings.Contains(number, "12345678") || strings.Contains(number, "00000000")
}

// Identity numbers of people that can be told from other numbers.

var identityPatterns = sync.OnceValue(func() struct{ us, usSaid, uk, ukSaid, brazil, china, france, italy, spain, spainSaid *regexp.Regexp } {
	re := regexp.MustCompile
	return struct{ us, usSaid, uk, ukSaid, brazil, china, france, italy, spain, spainSaid *regexp.Regexp }{
		us: re(`(?:^|[^\w.-])(\d{3})-(\d{2})-(\d{4})(?:$|[^\w-])`), usSaid: re(`(?i)ssn|social`),
		uk: re(`\b([A-CEGHJ-PR-TW-Z])([A-CEGHJ-NPR-TW-Z]) ?(\d{2}) ?(\d{2}) ?(\d{2}) ?[A-D]\b`), ukSaid: re(`(?i)\bnino\b|national.?insurance|\bni.?n(?:umber|o)\b`),
		brazil: re(`\b\d{3}\.\d{3}\.\d{3}-\d{2}\b`),
		china:  re(`\b[1-6]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]\b`),
		france: re(`\b[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}\b`),
		italy:  re(`\b[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b`),
		spain:  re(`\b\d{8}-?[TRWAGMYFPDXBNJZSQVHLCKE]\b`), spainSaid: re(`(?i)\bdni\b|\bnif\b|\bnie\b`),
	}
})

func identities(line string) (found []Span) {
	p, n := identityPatterns(), digits(line)
	american := p.us.FindAllStringSubmatchIndex(line, -1)
	said := len(american) > 0 && p.usSaid.MatchString(line)
	for _, m := range american {
		area, group, serial := line[m[2]:m[3]], line[m[4]:m[5]], line[m[6]:m[7]]
		if socialSecurity(area, group, serial) && (said || distinct(area+group+serial) > 4) {
			found = append(found, Span{m[2], m[7], "a US social security number"})
		}
	}
	if strings.ContainsAny(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && p.ukSaid.MatchString(line) {
		for _, m := range p.uk.FindAllStringSubmatchIndex(line, -1) {
			if line[m[6]:m[7]]+line[m[8]:m[9]]+line[m[10]:m[11]] != "123456" && line[m[2]:m[3]]+line[m[4]:m[5]] != "QQ" {
				found = append(found, Span{m[0], m[1], "a UK national insurance number"})
			}
		}
	}
	if n < 7 {
		return found
	}
	found = append(found, each(line, p.italy, "an Italian codice fiscale", codiceFiscale)...)
	if n < 8 {
		return found
	}
	if p.spainSaid.MatchString(line) {
		found = append(found, each(line, p.spain, "a Spanish DNI", func(text string) bool { return dni(strings.ReplaceAll(text, "-", "")) })...)
	}
	if n < 11 {
		return found
	}
	found = append(found, each(line, p.brazil, "a Brazilian CPF", func(text string) bool { return cpf(only(text, isDigit)) })...)
	found = append(found, each(line, p.china, "a Chinese identity number", chinese)...)
	found = append(found, each(line, p.france, "a French social security number", func(text string) bool {
		return french(only(text, func(c byte) bool { return c != ' ' }))
	})...)
	return found
}

// each finds what a pattern matches and a test accepts.
func each(line string, pattern *regexp.Regexp, what string, accept func(string) bool) (found []Span) {
	for _, at := range pattern.FindAllStringIndex(line, -1) {
		if accept(line[at[0]:at[1]]) {
			found = append(found, Span{at[0], at[1], what})
		}
	}
	return found
}

// socialSecurity: area 000, 666 and 900 up, group 00 and serial 0000 are never given; three are famous for being printed.
func socialSecurity(area, group, serial string) bool {
	if area == "000" || area == "666" || area >= "900" || group == "00" || serial == "0000" {
		return false
	}
	switch area + group + serial {
	case "078051120", "219099999", "457555462", "123456789", "111111111", "111223333", "123121234", "123451234":
		return false
	}
	return true
}

func cpf(n string) bool {
	if distinct(n) < 4 || n == "12345678909" {
		return false
	}
	for length := 9; length <= 10; length++ {
		sum := 0
		for i := range length {
			sum += int(n[i]-'0') * (length + 1 - i)
		}
		if sum*10%11%10 != int(n[length]-'0') {
			return false
		}
	}
	return true
}

func chinese(n string) bool {
	sum, weight := 0, 1
	for i := 16; i >= 0; i-- {
		weight = weight * 2 % 11
		sum += int(n[i]-'0') * weight
	}
	return "10X98765432"[sum%11] == n[17] && distinct(n) > 4
}

func french(n string) bool {
	n = strings.Replace(strings.Replace(n, "2A", "19", 1), "2B", "18", 1)
	if len(n) != 15 || digits(n) != 15 || distinct(n) < 5 {
		return false
	}
	body, key := 0, int(n[13]-'0')*10+int(n[14]-'0')
	for i := range 13 {
		body = (body*10 + int(n[i]-'0')) % 97
	}
	return 97-body == key
}

func codiceFiscale(n string) bool {
	const odd = "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17"
	if n == "RSSMRA85T10A562S" || n == "MRTMTT25D09F205Z" {
		return false // printed everywhere
	}
	sum := 0
	for i := range 15 {
		v := int(n[i] - 'A')
		if isDigit(n[i]) {
			v = int(n[i] - '0')
		}
		if i%2 == 0 {
			v = int(odd[v])
		}
		sum += v
	}
	return byte('A'+sum%26) == n[15]
}

func dni(n string) bool {
	body := 0
	for i := range 8 {
		body = body*10 + int(n[i]-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[body%23] == n[8] && body != 12345678 && distinct(n[:8]) > 3
}
