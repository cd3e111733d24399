package main

import (
	"fmt"
	"os"

	"commonseed/publish/torrentfile"
)

// check refuses figures of a builder that made something else than it was asked for.
func check(path string, p payload, mode torrentfile.Mode) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	t, err := torrentfile.Parse(data)
	if err != nil {
		return err
	}
	v1, v2 := t.InfohashV1() != "", t.InfohashV2() != ""
	switch {
	case v1 != (mode != torrentfile.V2) || v2 != (mode != torrentfile.V1):
		return fmt.Errorf("made no %s torrent", modeNames[mode])
	case t.PieceLength() != p.pieceLength(mode):
		return fmt.Errorf("took pieces of %d bytes instead of %d", t.PieceLength(), p.pieceLength(mode))
	case t.Length() != p.size || len(t.Files()) != len(p.lengths):
		return fmt.Errorf("took %d bytes in %d files instead of %d in %d", t.Length(), len(t.Files()), p.size, len(p.lengths))
	}
	return nil
}
