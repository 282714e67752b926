package source

import (
	"bytes"
	"slices"
)

// Effect says what the edit from before to after can be proven to do: EffectNone to EffectDoc, else EffectCode. Nil means
// that there is no such version: a file added or deleted is code unless it is prose. docs/formats/classes.md is the proof.
func Effect(language, class string, before, after []byte) string {
	effect, needed := early(language, class, before, after)
	if !needed {
		return effect
	}
	return compare(language, lexed(language, before), lexed(language, after))
}

// EffectOf is Effect for two versions that were analysed already. Nil means that there is no such version.
func EffectOf(before, after *Analysis) string {
	if before == nil || after == nil || before.Language != after.Language || before.Class != after.Class {
		return mixedEffect(before, after)
	}
	effect, needed := early(after.Language, after.Class, before.data, after.data)
	if !needed {
		return effect
	}
	return compare(after.Language, before.tokens, after.tokens)
}

// mixedEffect judges a file that came, went or became another kind of file.
func mixedEffect(before, after *Analysis) string {
	switch {
	case before == nil && after == nil:
		return EffectNone
	case before == nil:
		return Effect(after.Language, after.Class, nil, after.data)
	case after == nil:
		return Effect(before.Language, before.Class, before.data, nil)
	}
	return EffectCode
}

// early decides what needs no tokens.
func early(language, class string, before, after []byte) (effect string, needed bool) {
	absent := before == nil || after == nil
	switch {
	case (before == nil) == (after == nil) && bytes.Equal(before, after):
		return EffectNone, false
	case class == ClassAgentInstruction || class == ClassLockfile || class == ClassBinary || class == ClassOther:
		return EffectCode, false
	case strange(before, class) || strange(after, class):
		return EffectCode, false
	case class == ClassDoc:
		return docEffect(before, after), false
	case absent || grammars[language] == nil || breaksLines(language, before) || breaksLines(language, after):
		return EffectCode, false
	}
	return "", true
}

// breaksLines finds the carriage returns that a shell or a kernel reads as text.
func breaksLines(language string, data []byte) bool {
	switch language {
	case "shell", "makefile", "dockerfile", "ruby", "dotenv":
	default:
		if !bytes.HasPrefix(bytes.TrimPrefix(data, bom), []byte("#!")) {
			return false
		}
	}
	return bytes.IndexByte(data, '\r') >= 0 || bytes.HasPrefix(data, bom)
}

var bom = []byte("\xef\xbb\xbf")

// lexed cuts data, leaving out the byte order mark where the language ignores it.
func lexed(language string, data []byte) *stream {
	if g := grammars[language]; g != nil && g.bom {
		data = bytes.TrimPrefix(data, bom)
	}
	return lex(language, data)
}

func compare(language string, a, b *stream) string {
	switch {
	case a == nil || b == nil || !a.exact || !b.exact:
		return EffectCode
	case language == "yaml" || language == "github-workflow":
		if !slices.Equal(yamlActs(a.src), yamlActs(b.src)) || !sameYAML(a.src, b.src) {
			return EffectCode
		}
	case !sameCode(a, b) || mixedNames(b):
		return EffectCode
	}
	if sameComments(a, b) {
		return EffectFormat
	}
	return EffectComment
}
