package privacy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source"
)

// find looks at a text as if every line were new and returns "line kind what".
func find(path, class, text string, fields ...string) []string {
	var out []string
	for _, h := range Find(File{Path: path, Class: class, Text: []byte(text), Lines: []source.Range{{From: 1, To: 1 + strings.Count(text, "\n")}}, Fields: fields}) {
		out = append(out, fmt.Sprintf("%d %s %s", h.Line, h.Kind, h.What))
	}
	return out
}

func TestLogged(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // line to the field it logs, "" for none
		`log.Printf("new user %s", u.Email)`:                     "Email",
		`slog.Info("signed up", "email", user.Email)`:            "Email",
		`logger.info("user %s", user.date_of_birth)`:             "date_of_birth",
		`logging.warning(f"cannot reach {user.phone_number}")`:   "phone_number",
		"console.log(`hello ${customer.firstName}`)":             "firstName",
		`console.error({ email })`:                               "email",
		`console.log({ mail: user.email })`:                      "email",
		`this.logger.debug(userEmail)`:                           "userEmail",
		`fmt.Println(account.IBAN)`:                              "IBAN",
		`println!("{}", person.ssn);`:                            "ssn",
		`println!("{ssn}");`:                                     "ssn",
		`System.out.println(user.getEmail());`:                   "getEmail",
		`_logger.LogInformation("x {0}", user.LastName);`:        "LastName",
		`log.info("x", patient_id)`:                              "patient_id",
		`log.info("email sent")`:                                 "",
		`log.info("sent", emailCount)`:                           "",
		`log.info("sent", hasEmail)`:                             "",
		`log.info("len", email.length)`:                          "",
		`log.info("sent", mask(email))`:                          "",
		`log.info("sent", hashed_email)`:                         "",
		`log.info(sendEmail(user))`:                              "",
		`log.info("ok"); store(user.email)`:                      "",
		`// log.info(user.email)`:                                "",
		`db.save(user.email)`:                                    "",
		`dialog.info(user.email)`:                                "",
		`blog.print(user.email)`:                                 "",
		`console.log({ email: redact(user.email) })`:             "",
		`logger.info("domain", emailDomain)`:                     "",
		`log.Printf("%s", u.Name)`:                               "",
		`print("no")`:                                            "",
		`log.Fatalf("connect: %v", err) // email of the admin`:   "",
		`slog.Info("x", slog.String("e_mail", u.Contact.EMail))`: "EMail",
	}
	for line, field := range tests {
		var want []string
		if field != "" {
			want = []string{"1 logged " + field}
		}
		if got := find("a.go", source.ClassSource, line, "patient id"); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q, want %q", line, got, want)
		}
		if got := find("a_test.go", source.ClassTest, line, "patient id"); got != nil {
			t.Errorf("in a test: %s\n got %q", line, got)
		}
	}
}

func TestCallsOverLines(t *testing.T) {
	t.Parallel()
	text := "logger.info(\n  'created',\n  {\n    id,\n    email: user.email,\n  },\n)\nsave(user.email)\n"
	if got := find("a.ts", source.ClassSource, text); !slices.Equal(got, []string{"5 logged email"}) {
		t.Errorf("got %q", got)
	}
	at := func(lines ...source.Range) int {
		return len(Find(File{Path: "a.ts", Class: source.ClassSource, Text: []byte(text), Lines: lines}))
	}
	for name, tt := range map[string]struct {
		lines []source.Range
		want  int
	}{
		"the field is new": {[]source.Range{{From: 5, To: 5}}, 1}, "the call is new": {[]source.Range{{From: 1, To: 1}}, 1},
		"another argument is new": {[]source.Range{{From: 4, To: 4}}, 0}, "nothing is new": {nil, 0}, "beyond the end": {[]source.Range{{From: 40, To: 50}}, 0},
	} {
		if got := at(tt.lines...); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}

func TestAnalytics(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		`analytics.track("signup", { email: user.email })`: {"1 analytics email"},
		`posthog.capture(id, "x", { phone: user.phone })`:  {"1 analytics phone"},
		`gtag("event", "x", { value: user.dateOfBirth })`:  {"1 analytics dateOfBirth"},
		`window.dataLayer.push({ mail: customer.email })`:  {"1 analytics email"},
		`Sentry.setUser({ id, email: user.email })`:        {"1 analytics email"},
		`mixpanel.people.set({ "$email": user.email })`:    {"1 analytics email"},
		`analytics.identify(user.id, { plan })`:            {"1 analytics a person, by analytics.identify"},
		`analytics.track("signup", { plan })`:              nil,
		`gtag("event", "login")`:                           nil,
		`// analytics.identify(user.id)`:                   nil,
		`router.push({ email: user.email })`:               nil,
	}
	for line, want := range tests {
		if got := find("a.ts", source.ClassSource, line); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q, want %q", line, got, want)
		}
	}
}

// The numbers below have valid check digits and were made up for this test.
func TestPersonal(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`iban: "DE16100777770209299704"`:                "an IBAN",
		`iban: "DE16 1007 7777 0209 2997 04"`:           "an IBAN",
		`iban: "DE17100777770209299704"`:                "", // wrong check digits
		`iban: "DE89370400440532013000"`:                "", // printed everywhere
		`iban: "XX16100777770209299704"`:                "", // no such country
		`card: "4539 5787 6362 1486"`:                   "a card number",
		`card: "4539578763621486"`:                      "a card number",
		`card: "4539578763621487"`:                      "", // wrong check digit
		`id: "4539578763621486"`:                        "", // nothing says that it is a card
		`card: "4242 4242 4242 4242"`:                   "",
		`card: "4111111111111111"`:                      "",
		`card: "3782 822463 10005"`:                     "",
		`ssn: "536-22-8741"`:                            "a US social security number",
		`ssn: "900-22-8741"`:                            "",
		`ssn: "536-00-8741"`:                            "",
		`ssn: "078-05-1120"`:                            "",
		`date: 2026-11-23`:                              "",
		`phone 536-22-87410`:                            "",
		`nino: "JG 10 37 59 A"`:                         "a UK national insurance number",
		`sku: "JG103759A"`:                              "",
		`nino: "QQ123456C"`:                             "",
		`cpf: "529.982.247-25"`:                         "a Brazilian CPF",
		`cpf: "529.982.247-26"`:                         "",
		`id: "11010519491231002X"`:                      "a Chinese identity number",
		`id: "110105194912310021"`:                      "",
		`nir: "2 69 05 49 588 157 80"`:                  "a French social security number",
		`nir: "2 69 05 49 588 157 81"`:                  "",
		`cf: "BNCLCU80C12F839C"`:                        "an Italian codice fiscale",
		`cf: "BNCLCU80C12F839M"`:                        "",
		`dni: "48392716A"`:                              "a Spanish DNI",
		`dni: "48392716G"`:                              "",
		`sha: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b`: "",
		`"integrity": "sha512-4539578763621486"`:        "",
	}
	for line, what := range tests {
		var want []string
		if what != "" {
			want = []string{"1 personal " + what}
		}
		for _, class := range []string{source.ClassSource, source.ClassTest, source.ClassConfig, source.ClassOther} {
			if got := find("a.yaml", class, line); !slices.Equal(got, want) {
				t.Errorf("%s\n got %q, want %q", line, got, want)
			}
		}
		if got := find("package-lock.json", source.ClassLockfile, line); got != nil {
			t.Errorf("in a lock file: %s: %q", line, got)
		}
	}
}

func TestContact(t *testing.T) {
	t.Parallel()
	mail, phone := []string{"1 contact an e-mail address"}, []string{"1 contact a telephone number"}
	tests := map[string][]string{
		`"email": "petra.vogelsang@gmail.com"`:          mail,
		`petra@vogelsang-consulting.de,1`:               mail,
		`"email": "petra@example.com"`:                  nil,
		`"email": "petra@mail.example.org"`:             nil,
		`"email": "petra@shop.test"`:                    nil,
		`"email": "user@gmail.com"`:                     nil,
		`"email": "info@vogelsang-consulting.de"`:       nil,
		`"email": "petra@acme-corp.com"`:                nil,
		`"email": "a@b.co"`:                             nil,
		`git@github.com:a/b.git`:                        nil,
		`https://petra@vogelsang-consulting.de/x`:       nil,
		`"left-pad@1.3.0"`:                              nil,
		`background: url(logo@retina.png)`:              nil,
		`@author Petra <petra@vogelsang-consulting.de>`: nil,
		`"phone": "+49 171 2093846"`:                    phone,
		`"phone": "+1 (212) 736-5081"`:                  phone,
		`"phone": "212-736-5081"`:                       phone,
		`"id": "212-736-5081"`:                          nil,
		`"phone": "+1 212 555 0142"`:                    nil,
		`"phone": "+44 7700 900142"`:                    nil,
		`"phone": "+33 1 99 00 12 38"`:                  nil,
		`"phone": "+1234567890"`:                        nil,
		`"amount": "+100000000"`:                        nil,
	}
	for line, want := range tests {
		if got := find("testdata/users.json", source.ClassTest, line); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q, want %q", line, got, want)
		}
		if got := find("src/office.ts", source.ClassSource, line); got != nil {
			t.Errorf("outside of fixtures: %s\n got %q", line, got)
		}
	}
	for _, path := range []string{"db/seed.sql", "export.csv", "app/fixtures/users.yml"} {
		if got := find(path, source.ClassOther, `petra.vogelsang@gmail.com`); !slices.Equal(got, mail) {
			t.Errorf("%s: got %q", path, got)
		}
	}
}

func TestProviders(t *testing.T) {
	t.Parallel()
	tests := []struct{ path, class, line, want string }{
		{"a.py", source.ClassSource, "import openai", "openai"},
		{"a.py", source.ClassSource, "from openai import OpenAI", "openai"},
		{"a.py", source.ClassSource, "from anthropic.types import Message", "anthropic"},
		{"a.ts", source.ClassSource, `import Anthropic from "@anthropic-ai/sdk";`, "anthropic"},
		{"a.ts", source.ClassSource, `} from "@ai-sdk/openai"`, "openai"},
		{"a.js", source.ClassSource, `const { OpenAI } = require('openai')`, "openai"},
		{"a.js", source.ClassSource, `const openai = require('openai')`, "openai"},
		{"a.py", source.ClassSource, "import os, openai", "openai"},
		{"a.py", source.ClassSource, `openai = __import__("openai")`, "openai"},
		{"a.py", source.ClassSource, `m = importlib.import_module("openai")`, "openai"},
		{"a.go", source.ClassSource, "\t\"github.com/openai/openai-go/option\"", "openai"},
		{"a.go", source.ClassSource, `	const url = "https://api.mistral.ai/v1/chat"`, "mistral"},
		{"config.yaml", source.ClassConfig, "endpoint: https://shop.openai.azure.com/", "azure-openai"},
		{"package.json", source.ClassConfig, `    "openai": "^4.0.0",`, "openai"},
		{"requirements.txt", source.ClassConfig, "anthropic==0.40.0", "anthropic"},
		{"go.mod", source.ClassConfig, "\tgithub.com/sashabaranov/go-openai v1.0.0", "openai"},
		{"a.py", source.ClassSource, "import openai_helpers", ""},
		{"a.py", source.ClassSource, "together = 5", ""},
		{"a.py", source.ClassSource, "import together_we_can", ""},
		{"a.ts", source.ClassSource, `import x from "./openai"`, ""},
		{"a.ts", source.ClassSource, `const name = "openai"`, ""},
		{"a.py", source.ClassSource, "# see https://api.openai.com/docs", ""},
		{"a.py", source.ClassSource, "url = 'http://localhost:11434'", ""},
		{"docs/a.md", source.ClassDoc, "https://api.openai.com", ""},
		{"package.json", source.ClassConfig, `    "test": "jest openai"`, ""},
	}
	for _, tt := range tests {
		var want []string
		if tt.want != "" {
			want = []string{"1 provider " + tt.want}
		}
		if got := find(tt.path, tt.class, tt.line); !slices.Equal(got, want) {
			t.Errorf("%s: %s\n got %q, want %q", tt.path, tt.line, got, want)
		}
	}
}

// The texts that files are searched for first are in every host and package, so that none is missed.
func TestProviderRoots(t *testing.T) {
	t.Parallel()
	for _, p := range providerList() {
		for _, name := range append(p.hosts, p.packages...) {
			if !slices.ContainsFunc(providerRoots(), func(root string) bool { return strings.Contains(name, root) }) {
				t.Errorf("no root is in %s of %s", name, p.name)
			}
		}
	}
}

// A line is read once as arguments, however many calls above it are open: the work grows with the file, not with its calls.
func TestOpenCallsAreReadOnce(t *testing.T) {
	work := func(line string) float64 {
		const lines = 400
		f := File{Path: "a.go", Class: source.ClassSource, Text: []byte(strings.Repeat(line+"\n", lines)), Lines: []source.Range{{From: 1, To: lines}}}
		return testing.AllocsPerRun(1, func() { Find(f) })
	}
	closed, open := work("log.info(\"{a} {b} {c}\", user.email)"), work("log.info(\"{a} {b} {c}\", user.email")
	if open > 3*closed {
		t.Errorf("%.0f allocations for open calls, %.0f for closed ones", open, closed)
	}
}

// A hit never repeats what was found, but for names of fields and providers.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{"log.info(user.email)", "a\nconsole.log(`${x.ssn}`", "DE16100777770209299704", "+49 171 2093846", "x@y.zz", "import openai", "print('\\"} {
		f.Add("a.go", source.ClassSource, seed)
		f.Add("testdata/a.csv", source.ClassTest, seed)
	}
	f.Fuzz(func(t *testing.T, path, class, text string) {
		lines := 1 + strings.Count(text, "\n")
		for _, h := range Find(File{Path: path, Class: class, Text: []byte(text), Lines: []source.Range{{From: 1, To: lines}}}) {
			if h.Line < 1 || h.Line > lines || h.What == "" {
				t.Errorf("%+v", h)
			}
			if (h.Kind == Personal || h.Kind == Contact) && !strings.HasPrefix(h.What, "a") {
				t.Errorf("%+v", h)
			}
		}
	})
}
