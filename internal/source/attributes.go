package source

// Attributes holds the rules of the .gitattributes files of one tree; append the result of ParseAttributes of each file.
type Attributes []attributeRule

type attributeRule struct{}

// ParseAttributes reads one .gitattributes file found at path (repository-relative, slashes).
func ParseAttributes(path string, data []byte) Attributes { return nil }
