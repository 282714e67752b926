package tlog

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The layout of C2SP tlog-tiles.
const (
	checkpointPath = "checkpoint"
	height         = 8
	tileWidth      = 1 << height
	bundleLimit    = tileWidth * (2 + LeafLimit)
)

// tilePath is where a tile is: tile/<level>/<n>, or tile/entries/<n> at level -1, and .p/<width> behind it where it is partial.
func tilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", t.H))
	if rest, ok := strings.CutPrefix(path, "data/"); ok {
		path = "entries/" + rest
	}
	return "tile/" + path
}

// bundleOf is the entry bundle of a tile of leaf hashes.
func bundleOf(t tlog.Tile) tlog.Tile {
	t.L = -1
	return t
}

// tileAt is the tile that has a stored hash, as wide as it is in a tree of size leaves.
func tileAt(index, size int64) tlog.Tile {
	t := tlog.TileForIndex(height, index)
	t.W = int(min(size>>(height*t.L)-t.N*tileWidth, tileWidth))
	return t
}

// filesOf are the files that a tree of size leaves needs beside its checkpoint.
func filesOf(size int64) []tlog.Tile {
	var files []tlog.Tile
	for _, t := range tlog.NewTiles(height, 0, size) {
		files = append(files, t)
		if t.L == 0 {
			files = append(files, bundleOf(t))
		}
	}
	return files
}

// appendLeaf adds a leaf to an entry bundle.
func appendLeaf(bundle, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
}

func makeBundle(leaves [][]byte) []byte {
	var bundle []byte
	for _, leaf := range leaves {
		bundle = appendLeaf(bundle, leaf)
	}
	return bundle
}

// parseBundle takes an entry bundle of width leaves apart. They share its memory.
func parseBundle(bundle []byte, width int) ([][]byte, error) {
	leaves := make([][]byte, 0, width)
	for len(bundle) > 0 && len(leaves) < width {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("leaf %d has no length", len(leaves))
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if end > len(bundle) {
			return nil, fmt.Errorf("leaf %d goes over the end", len(leaves))
		}
		leaves = append(leaves, bundle[2:end:end])
		bundle = bundle[end:]
	}
	if len(leaves) != width || len(bundle) > 0 {
		return nil, fmt.Errorf("it has %d leaves and %d bytes more, want %d leaves", len(leaves), len(bundle), width)
	}
	return leaves, nil
}
