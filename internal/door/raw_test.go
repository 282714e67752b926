package door

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

const rawCaps = "report-status side-band-64k object-format=sha1 agent=raw/1"

// pack is what a push of these objects sends: rev-list arguments, one a line.
func (f *fixture) pack(dir string, revs ...string) []byte {
	f.t.Helper()
	cmd := exec.CommandContext(f.t.Context(), "git", "pack-objects", "--revs", "--stdout", "-q")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, testEnv, strings.NewReader(strings.Join(revs, "\n")+"\n")
	out, err := cmd.Output()
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// emptyPack holds no object.
func (f *fixture) emptyPack() []byte { return f.pack(f.seed, "main", "^main") }

// body is a push of one command.
func body(old, head git.OID, ref string, pack []byte) []byte {
	req := Request{Commands: []Command{{Ref: ref, Old: old, New: head}}, Capabilities: strings.Fields(rawCaps)}
	return append(req.Encode(40), pack...)
}

// post sends raw bytes and returns the status and what came back. The connection is not kept.
func (f *fixture) post(ctx context.Context, s Secret, service string, payload io.Reader, header ...string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.server.URL+"/demo.git/"+service, payload)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/x-"+service+"-request")
	req.SetBasicAuth("x", s.Reveal())
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Timeout: 10 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	return resp.StatusCode, string(data), err
}

// pushRaw posts to receive-pack.
func (f *fixture) pushRaw(s Secret, payload []byte) (int, string) {
	f.t.Helper()
	status, answer, err := f.post(f.t.Context(), s, servicePush, bytes.NewReader(payload))
	if err != nil {
		f.t.Fatal(err)
	}
	return status, answer
}

// wantRaw asks upload-pack for one object, whatever was advertised, and returns the answer.
func (f *fixture) wantRaw(s Secret, version int, id string) string {
	f.t.Helper()
	var b []byte
	header := []string{}
	if version == 2 {
		header = []string{"Git-Protocol", "version=2"}
		b = appendPkt(b, "command=fetch\n")
		b = appendPkt(b, "object-format=sha1")
		b = append(b, "0001"...)
		for _, line := range []string{"want " + id + "\n", "done\n"} {
			b = appendPkt(b, line)
		}
		b = append(b, flushPkt...)
	} else {
		b = appendPkt(b, fmt.Sprintf("want %s side-band-64k no-progress\n", id))
		b = append(b, flushPkt...)
		b = appendPkt(b, "done\n")
	}
	_, answer, err := f.post(f.t.Context(), s, servicePull, bytes.NewReader(b), header...)
	if err != nil {
		f.t.Fatal(err)
	}
	return answer
}
