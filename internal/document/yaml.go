package document

import "github.com/adamant-os/adamant/internal/manifest"

// parseYAML reads a YAML stream by the profile of package manifest. Empty documents are left out.
func parseYAML(path string, data []byte) []Document {
	var docs []Document
	for _, y := range manifest.ParseYAML(path, data) {
		switch {
		case y.Err != nil:
			docs = append(docs, failed(formatYAML, y.Err.Line, y.Err.Message))
		case y.Value != nil:
			docs = append(docs, Document{Format: formatYAML, Value: y.Value, source: y})
		}
	}
	return docs
}
