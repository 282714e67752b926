package document

// LikelyKind guesses from a file's name what its documents are, for callers that prepare for what they will probably see.
// It is empty for files without documents, and it may be wrong: only a document's Kind says what it is.
func LikelyKind(file string) string {
	r, ok := readerOf(file)
	if !ok {
		return ""
	}
	if kind := kindOfPath(file, r.name); kind != "" || r.name != formatYAML {
		return kind
	}
	if kind := kindOfValue(file, map[string]any{"runs": nil}); kind != "" {
		return kind
	}
	return KindKubernetes
}
