package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The bounds of one download.
const (
	maxFile  = 4 << 30          // bytes
	attempts = 3                // when the registry fails, not when it refuses
	pause    = time.Second      // before the second; doubled after
	perFile  = 30 * time.Minute // for all attempts
	maxHops  = 5
)

// fileHosts are the hosts that a public registry sends its files from, besides itself.
func fileHosts(registry string) []string {
	switch registry {
	case "https://proxy.golang.org":
		return []string{"storage.googleapis.com"}
	case "https://pypi.org":
		return []string{"files.pythonhosted.org"}
	}
	return nil
}

// refusedError says that an address must not be reached.
type refusedError struct{ host string }

func (e *refusedError) Error() string {
	return e.host + " is not among the hosts that packages may come from"
}

// allowed are the hosts that may be reached, as host or host:port.
func (o Options) allowed() ([]string, error) {
	hosts := slices.Clone(o.Allow)
	for _, registry := range []string{o.Registry.Go, o.Registry.NPM, o.Registry.PyPI} {
		u, err := url.Parse(registry)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, fmt.Errorf("registry %q: want an address like https://host/path", registry)
		}
		hosts = append(append(hosts, u.Host), fileHosts(registry)...)
	}
	return hosts, nil
}

// permit refuses an address whose host is not on the list, and one without TLS unless a registry itself has none.
func (f *Fetcher) permit(u *url.URL) error {
	if !slices.Contains(f.hosts, u.Host) {
		return &refusedError{u.Host}
	}
	if u.Scheme == "https" || u.Scheme == "http" && f.plain[u.Host] {
		return nil
	}
	return &refusedError{u.Scheme + "://" + u.Host}
}

// get asks for an address, follows redirects to hosts on the list, and returns an answer with status 200.
func (f *Fetcher) get(ctx context.Context, address string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if err := f.permit(request.URL); err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", "adamant")
	answer, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, &statusError{address, answer.StatusCode}
	}
	return answer, nil
}

// statusError is an answer that is none.
type statusError struct {
	address string
	status  int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.address, e.status, http.StatusText(e.status))
}

// lasting tells whether asking again will not help.
func lasting(err error) bool {
	var status *statusError
	var refused *refusedError
	return errors.As(err, &refused) || errors.As(err, &status) && status.status < 500 && status.status != http.StatusTooManyRequests
}

// stored is a download whose content was checked.
type stored struct {
	path    string
	digests map[string]string
	size    int64
}

// download returns an item from the folder of downloads, or from its registry. Either way its content is checked against the pin.
func (f *Fetcher) download(ctx context.Context, ecosystem Ecosystem, it *item) (stored, error) {
	key := sha256.Sum256([]byte(strings.Join([]string{string(ecosystem), it.name, it.version, it.file, it.pin.String()}, "\x00")))
	path := filepath.Join(f.downloads, hex.EncodeToString(key[:]))
	if have, err := check(path, it); err == nil {
		return have, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		if err := os.Remove(path); err != nil { // a broken disk, or a crash
			return stored{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, perFile)
	defer cancel()
	temp, err := f.retrieve(ctx, it.url)
	if err != nil {
		return stored{}, err
	}
	have, err := check(temp, it)
	if err != nil {
		return stored{}, errors.Join(err, os.Remove(temp))
	}
	have.path = path
	return have, os.Rename(temp, path)
}

// pinError says that what came is not what the lock file pins.
type pinError struct {
	it  *item
	err error
}

func (e *pinError) Error() string {
	return fmt.Sprintf("%s does not have the pinned content %s: %v", e.it.url, brief(e.it.pin.String()), e.err)
}

// brief is the beginning of a digest, for people.
func brief(digest string) string {
	if len(digest) > 24 {
		return digest[:24] + "..."
	}
	return digest
}

func (e *pinError) Unwrap() error { return e.err }

// check looks whether a file is what an item pins. A missing file is fs.ErrNotExist, another one a *pinError.
func check(path string, it *item) (stored, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return stored{}, err
	}
	digests, err := it.pin.check(path)
	if err != nil {
		return stored{}, &pinError{it, err}
	}
	return stored{path, digests, info.Size()}, nil
}

// retrieve writes what an address has to a new file beside the downloads.
func (f *Fetcher) retrieve(ctx context.Context, address string) (string, error) {
	wait := pause
	for attempt := 1; ; attempt++ {
		path, err := f.retrieveOnce(ctx, address)
		if err == nil || attempt == attempts || lasting(err) || ctx.Err() != nil {
			return path, err
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return "", err
		}
	}
}

func (f *Fetcher) retrieveOnce(ctx context.Context, address string) (string, error) {
	answer, err := f.get(ctx, address, nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	file, err := os.CreateTemp(f.downloads, ".new-")
	if err != nil {
		return "", err
	}
	n, err := io.Copy(file, io.LimitReader(answer.Body, maxFile+1))
	if err == nil && n > maxFile {
		err = fmt.Errorf("it has more than %d bytes", int64(maxFile))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("download %s: %w", address, err), os.Remove(file.Name()))
	}
	return file.Name(), nil
}
