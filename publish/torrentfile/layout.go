package torrentfile

import (
	"fmt"
	"sort"
)

const (
	blockSize      = 16 << 10 // leaf of the v2 hash trees (BEP 52)
	minPieceLength = blockSize
	maxPieceLength = 16 << 20 // of torrents we build
	mostPieces     = 2000     // aimed at: fewer pieces would start a swarm slowly
	maxTotal       = 1 << 53  // bytes; keeps every sum of lengths far from overflow
)

// entry is one file of the payload.
type entry struct {
	path       string // "/"-separated, relative to the payload folder
	length     int64
	offset     int64  // of its first byte, all files and pads laid end to end
	link       string // of a symbolic link: where it leads, relative to the payload folder (BEP 47)
	executable bool   // BEP 47
}

func (e entry) end() int64 { return e.offset + e.length }

// layout is the v1 byte space: files end to end, cut into pieces. What lies between
// two files, or behind the last, is a pad: zeros (BEP 47). With v2 every file begins
// on a piece boundary, so no piece holds bytes of two files.
type layout struct {
	pieceLength int64
	total       int64 // bytes, pads included
	entries     []entry
}

// endToEnd lays out files in the given order, as v1 does.
func endToEnd(pieceLength int64, files []entry) layout {
	lay := layout{pieceLength: pieceLength, entries: files}
	for i := range files {
		files[i].offset = lay.total
		lay.total += files[i].length
	}
	return lay
}

// aligned lays out files in the given order, with a pad after each file that does
// not end on a piece boundary, the last one included; or, for a lone file, without: there
// is nothing to align. See docs/decisions/pad-files.md.
func aligned(pieceLength int64, files []entry, padded bool) layout {
	lay := layout{pieceLength: pieceLength, entries: files}
	for i := range files {
		files[i].offset = lay.total
		lay.total += files[i].length
		if padded {
			lay.total = lay.roundUp(lay.total)
		}
	}
	return lay
}

// roundUp is the next piece boundary.
func (l *layout) roundUp(offset int64) int64 {
	return (offset + l.pieceLength - 1) / l.pieceLength * l.pieceLength
}

// padAfter is the length of the pad behind an entry.
func (l *layout) padAfter(i int) int64 {
	if i+1 < len(l.entries) {
		return l.entries[i+1].offset - l.entries[i].end()
	}
	return l.total - l.entries[i].end()
}

func (l *layout) numPieces() int { return int((l.total + l.pieceLength - 1) / l.pieceLength) }

// payload is the length of all files without the pads.
func (l *layout) payload() int64 {
	var sum int64
	for _, e := range l.entries {
		sum += e.length
	}
	return sum
}

// at is the index of the entry that holds the byte at offset, or, in a pad, of the
// next one that holds any; the number of entries behind the last.
func (l *layout) at(offset int64) int {
	return sort.Search(len(l.entries), func(i int) bool { return l.entries[i].end() > offset })
}

// piecesOf gives the pieces of a file that begins on a piece boundary.
func (l *layout) piecesOf(e entry) (first, n int) {
	return int(e.offset / l.pieceLength), int((e.length + l.pieceLength - 1) / l.pieceLength)
}

// CheckPieceLength refuses what BEP 52, and clients in use, do not take.
func CheckPieceLength(n int64) error {
	if n < minPieceLength || n > maxPieceLength || n&(n-1) != 0 {
		return fmt.Errorf("piece length %d: not a power of two from 16 KiB to 16 MiB", n)
	}
	return nil
}

// ChoosePieceLength suits a piece length to a payload of files of these lengths, of
// mode Hybrid or V2: the smallest that makes at most 2000 pieces of the payload. Every
// file ends in a pad of half a piece on average, so for a payload of many files it is
// halved as long as pads would add more than an eighth, unless that makes more than
// eight pieces for each file.
func ChoosePieceLength(lengths []int64) int64 {
	files := make([]entry, len(lengths))
	for i, n := range lengths {
		files[i].length = n
	}
	return choosePieceLength(files, len(files) > 1)
}

func choosePieceLength(files []entry, padded bool) int64 {
	var total int64
	for _, f := range files {
		total += f.length
	}
	length := int64(minPieceLength)
	for length < maxPieceLength && total > length*mostPieces {
		length *= 2
	}
	for padded && length > minPieceLength {
		_, pads := countPieces(files, length)
		finer, _ := countPieces(files, length/2)
		if pads <= total/8 || finer > max(mostPieces, int64(len(files))*8) {
			break
		}
		length /= 2
	}
	return length
}

func countPieces(files []entry, length int64) (pieces, pads int64) {
	for _, f := range files {
		n := (f.length + length - 1) / length
		pieces += n
		pads += n*length - f.length
	}
	return pieces, pads
}
