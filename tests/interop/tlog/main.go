// Check a served hand-off log with the Go project's own packages for signed notes and transparent logs, which share
// no line with the gateway: golang.org/x/mod/sumdb/note and golang.org/x/mod/sumdb/tlog.
//
//	tlog -url http://127.0.0.1:8000 -host gateway.example -key KEY -kept FILE -entries FILE
//
// It opens the newest checkpoint and one that was kept, computes every tile from the entries and compares it with the
// served one byte for byte, and checks the gateway's inclusion and consistency proofs as well as proofs of its own.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type line struct {
	Index int64
	Entry string
	Proof []string
}

// memory keeps every hash of a tree that is computed here.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("hash %d is not there", index)
		}
		found[i] = m[index]
	}
	return found, nil
}

// served reads tiles from the gateway, as C2SP tlog-tiles names them: without the height.
type served struct{ fetch func(path string) []byte }

func (s served) Height() int                         { return height }
func (s served) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (s served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		found[i] = s.fetch("/log/" + address(tile))
	}
	return found, nil
}

func address(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func check(err error, what string) {
	if err != nil {
		fmt.Printf("✗ %s: %v\n", what, err)
		os.Exit(1)
	}
}

func fetcher(url, host string) func(string) []byte {
	return func(path string) []byte {
		request, err := http.NewRequest("GET", url+path, nil)
		check(err, path)
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		check(err, path)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		check(err, path)
		if answer.StatusCode != 200 {
			check(fmt.Errorf("status %d", answer.StatusCode), path)
		}
		return body
	}
}

// open checks a checkpoint's signature and reads its tree.
func open(text []byte, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	check(err, "the key")
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err, "the checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("%q", opened.Text), "the checkpoint's text")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "the checkpoint's size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "the checkpoint's root")
	return tlog.Tree{N: size, Hash: root}
}

func hashes(words []string) []tlog.Hash {
	found := make([]tlog.Hash, len(words))
	for i, word := range words {
		raw, err := hex.DecodeString(word)
		check(err, "a hash")
		copy(found[i][:], raw)
	}
	return found
}

// compute reads the entries, checks the gateway's inclusion proofs, and builds the tree anew.
func compute(path string, tree tlog.Tree) memory {
	file, err := os.Open(path)
	check(err, "the entries")
	defer file.Close()
	var stored memory
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	var count int64
	for ; lines.Scan() && count < tree.N; count++ {
		var entry line
		check(json.Unmarshal(lines.Bytes(), &entry), "an entry")
		hash := tlog.RecordHash([]byte(entry.Entry))
		proof := tlog.RecordProof(hashes(entry.Proof))
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, entry.Index, hash), fmt.Sprintf("inclusion of %d", count))
		more, err := tlog.StoredHashesForRecordHash(count, hash, stored)
		check(err, "the tree")
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(tree.N, stored)
	check(err, "the tree")
	if root != tree.Hash {
		check(fmt.Errorf("%v, not %v", root, tree.Hash), "the root")
	}
	return stored
}

func main() {
	url := flag.String("url", "", "where the gateway listens")
	host := flag.String("host", "", "the gateway's name")
	key := flag.String("key", "", "the log's verifier key")
	kept := flag.String("kept", "", "a checkpoint that was kept")
	entries := flag.String("entries", "", "entries.jsonl of an archive")
	flag.Parse()
	fetch := fetcher(*url, *host)
	tree := open(fetch("/log/checkpoint"), *key)
	text, err := os.ReadFile(*kept)
	check(err, "the kept checkpoint")
	old := open(text, *key)
	stored := compute(*entries, tree)

	tiles := tlog.NewTiles(height, 0, tree.N)
	for _, tile := range tiles {
		own, err := tlog.ReadTileData(tile, stored)
		check(err, address(tile))
		if !bytes.Equal(own, fetch("/log/"+address(tile))) {
			check(fmt.Errorf("it differs from the one computed here"), address(tile))
		}
	}

	reader := tlog.TileHashReader(tree, served{fetch})
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	check(err, "consistency from tiles")
	check(tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash), "consistency from tiles")
	var given struct{ Proof []string }
	path := fmt.Sprintf("/log/proof/consistency?from=%d&to=%d", old.N, tree.N)
	check(json.Unmarshal(fetch(path), &given), "consistency")
	check(tlog.CheckTree(hashes(given.Proof), tree.N, tree.Hash, old.N, old.Hash), "consistency")
	for index := int64(0); index < tree.N; index += 37 {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		check(err, "inclusion from tiles")
		leaf, err := stored.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		check(err, "inclusion from tiles")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]), "inclusion from tiles")
	}
	fmt.Printf("✓ %d leaves, %d tiles, consistent with %d\n", tree.N, len(tiles), old.N)
}
