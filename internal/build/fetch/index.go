package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
)

// indexFile is one file that a Python index lists.
type indexFile struct {
	name, url, sha256 string
}

// maxPage bounds a page of an index, in bytes.
const maxPage = 64 << 20

// listing asks the index for a project's files: the JSON form (PEP 691) when it has one, else HTML (PEP 503). Files without a SHA-256
// are left out.
func (f *Fetcher) listing(ctx context.Context, name string) ([]indexFile, error) {
	address := f.options.Registry.PyPI + "/simple/" + name + "/"
	header := http.Header{"Accept": {"application/vnd.pypi.simple.v1+json, text/html;q=0.5"}}
	answer, err := f.get(ctx, address, header)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxPage+1))
	if err == nil && len(text) > maxPage {
		err = fmt.Errorf("the page has more than %d bytes", maxPage)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	parse := indexHTML
	if strings.Contains(answer.Header.Get("Content-Type"), "json") {
		parse = indexJSON
	}
	files, err := parse(answer.Request.URL, text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	return files, nil
}

// indexJSON reads a page of PEP 691.
func indexJSON(page *url.URL, text []byte) ([]indexFile, error) {
	var listed struct {
		Files []struct {
			Filename string            `json:"filename"`
			URL      string            `json:"url"`
			Hashes   map[string]string `json:"hashes"`
		} `json:"files"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, err
	}
	var files []indexFile
	for _, file := range listed.Files {
		files = appendFile(files, page, file.URL, file.Filename, file.Hashes["sha256"])
	}
	return files, nil
}

var anchor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')`) })

// indexHTML reads a page of PEP 503: links whose fragment is the hash.
func indexHTML(page *url.URL, text []byte) ([]indexFile, error) {
	var files []indexFile
	for _, m := range anchor().FindAllSubmatch(text, -1) {
		link, sum, ok := strings.Cut(html.UnescapeString(string(m[1])+string(m[2])), "#sha256=")
		if !ok {
			continue
		}
		sum, _, _ = strings.Cut(sum, "&")
		files = appendFile(files, page, link, "", sum)
	}
	return files, nil
}

// appendFile adds a file whose address may be relative to the page. What is no plain name is left out.
func appendFile(files []indexFile, page *url.URL, link, name, sum string) []indexFile {
	to, err := page.Parse(link)
	if err != nil || len(sum) != 64 {
		return files
	}
	if name == "" {
		name = path.Base(to.Path)
	}
	if name == "." || strings.ContainsAny(name, "/\\\x00") || strings.HasPrefix(name, ".") {
		return files
	}
	to.Fragment = ""
	return append(files, indexFile{name: name, url: to.String(), sha256: strings.ToLower(sum)})
}
