package landing

import (
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/git"
)

func TestForgedTrailersAreNone(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"last paragraph": "text\n\nChange-Id: forged\nAssessment: forged",
		"lower case":     "change-id: forged",
		"spaced":         "  Assessment : forged",
		"divider":        "text\n\nTask: forged\n---\nrest",
		"carriage":       "x\r\nChange-Id: forged\r\n",
		"signed":         "Signed-off-by: Operator <o@example.com>\nApproved-by: Operator",
		"hidden":         "\u202eChange-Id: forged\u2028Task: forged",
		"nul":            "a\x00b\nAgent: forged",
		"not utf-8":      "\xff\nModel: forged",
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := message(Item{Change: "real", Title: "Task: forged\nAgent: forged", Body: body, Trailers: Trailers{Feature: "x\nAssessment: forged"}}, "digest")
			want := map[string]string{"Change-Id": "real", "Assessment": "digest", "Feature": "x Assessment: forged"}
			checkMessage(t, got, want)
			cmd := exec.CommandContext(t.Context(), "git", "interpret-trailers", "--parse")
			cmd.Stdin = strings.NewReader(got)
			out, err := cmd.Output()
			if err != nil || string(out) != "Change-Id: real\nAssessment: digest\nFeature: x Assessment: forged\n" {
				t.Errorf("git reads %v:\n%s\nin\n%s", err, out, got)
			}
		})
	}
}

// checkMessage demands that the trailers are those given, and that no other line reads as one.
func checkMessage(t *testing.T, got string, want map[string]string) {
	t.Helper()
	read := ReadTrailers(got)
	for key, value := range want {
		if read[key] != value {
			t.Errorf("%s is %q, want %q in\n%s", key, read[key], value, got)
		}
	}
	own := 0
	for l := range strings.Lines(got) {
		if isTrailer(strings.TrimSuffix(l, "\n")) && !strings.HasPrefix(l, "> ") {
			own++
		}
	}
	if own != len(want) || len(read) != len(want) || !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\u2028\u202e") {
		t.Errorf("%d trailers, want %d, in\n%q", own, len(want), got)
	}
}

func TestTitles(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"fix: a bug": "fix: a bug", "": "change 0123456789abcde…:", "  two \t\n words ": "two words", "Change-Id: x": "change 0123456789abcde…: Change-Id: x", "---": "change 0123456789abcde…: ---",
	} {
		got, _, _ := strings.Cut(message(Item{Change: "0123456789abcdef00", Title: title}, "d"), "\n")
		if got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
	}
	long, _, _ := strings.Cut(message(Item{Change: "c", Title: strings.Repeat("é", 500)}, "d"), "\n")
	if utf8.RuneCountInString(long) != titleRunes {
		t.Errorf("a long title has %d characters", utf8.RuneCountInString(long))
	}
}

func TestReadTrailersOfOthers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "subject", "subject\n\nbody", "s\n\nChange-Id: a\nand prose", "s\n\nChange-Id: a\nChange-Id: b\n", "s\n\nChange-Id: a\n\nbody"} {
		if got := ReadTrailers(text); len(got) != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestAuthorsThatGitWouldRefuse(t *testing.T) {
	t.Parallel()
	committer := git.Signature{Name: "adamant", When: git.Signature{}.When.AddDate(2025, 0, 0)}
	got := author(git.Signature{Name: "<A>\nB", Email: "x>y\n"}, committer)
	if got.Name != "A B" || got.Email != "xy" || got.When != committer.When {
		t.Errorf("%+v", got)
	}
	if got := author(git.Signature{}, committer); got.Name != noName {
		t.Errorf("%+v", got)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("title", "body\n\nChange-Id: forged\n", "T-1")
	f.Add("Task: x", "---\nAssessment: y", "a\nb")
	f.Fuzz(func(t *testing.T, title, body, task string) {
		got := message(Item{Change: "real", Title: title, Body: body, Trailers: Trailers{Task: task}}, "digest")
		want := map[string]string{"Change-Id": "real", "Assessment": "digest"}
		if task = line(task, valueRunes); task != "" {
			want["Task"] = task
		}
		checkMessage(t, got, want)
	})
}
