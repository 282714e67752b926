// Command tessera checks a log's directory with the fsck of transparency-dev/tessera: tessera DIR VERIFIER-KEY. It is a module of its own,
// run by make test-interop.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tessera:", err)
		os.Exit(1)
	}
	fmt.Println("tessera: in order")
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("want a directory and a verifier key")
	}
	verifier, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	files := &client.FileFetcher{Root: args[0]}
	return fsck.New(verifier.Name(), verifier, files, hashes, fsck.Opts{N: 2}).Check(context.Background())
}

func hashes(bundle []byte) ([][]byte, error) {
	var parsed api.EntryBundle
	if err := parsed.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, entry := range parsed.Entries {
		out = append(out, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return out, nil
}
