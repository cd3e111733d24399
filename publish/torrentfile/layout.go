package torrentfile

import (
	"fmt"
	"sort"
	"strconv"
)

const (
	blockSize      = 16 << 10 // leaf of the v2 hash trees (BEP 52)
	minPieceLength = blockSize
	maxPieceLength = 16 << 20 // of torrents we build
	mostPieces     = 2000     // aimed at: fewer pieces would start a swarm slowly
	maxTotal       = 1 << 53  // bytes; keeps every sum of lengths far from overflow
)

// entry is one file, or one pad, of the payload.
type entry struct {
	path   string // "/"-separated, relative to the payload folder
	length int64
	offset int64 // of its first byte, all files and pads laid end to end
	mtime  int64 // ns since 1970, when known: a file that changes while it is read is refused
	pad    bool  // all zeros, stands in no folder (BEP 47)
}

func (e entry) end() int64 { return e.offset + e.length }

// layout is the v1 byte space: entries end to end, cut into pieces. With v2 every
// file begins on a piece boundary, so no piece holds bytes of two files.
type layout struct {
	pieceLength int64
	total       int64 // bytes, pads included
	entries     []entry
}

// padded lays out files in the given order, with a pad after each file that does
// not end on a piece boundary, the last one included. A lone file gets none: there
// is nothing to align. See docs/decisions/pad-files.md.
func padded(pieceLength int64, files []entry) layout {
	lay := layout{pieceLength: pieceLength, entries: make([]entry, 0, 2*len(files))}
	for _, f := range files {
		lay.add(f)
		if rest := lay.total % pieceLength; rest != 0 && len(files) > 1 {
			pad := pieceLength - rest
			lay.add(entry{path: padFolder + "/" + strconv.FormatInt(pad, 10), length: pad, pad: true})
		}
	}
	return lay
}

func (l *layout) add(e entry) {
	e.offset = l.total
	l.entries = append(l.entries, e)
	l.total += e.length
}

func (l *layout) numPieces() int { return int((l.total + l.pieceLength - 1) / l.pieceLength) }

// payload is the length of all files without the pads.
func (l *layout) payload() int64 {
	var sum int64
	for _, e := range l.entries {
		if !e.pad {
			sum += e.length
		}
	}
	return sum
}

// at is the index of the entry that holds the byte at offset.
func (l *layout) at(offset int64) int {
	return sort.Search(len(l.entries), func(i int) bool { return l.entries[i].end() > offset })
}

// piecesOf gives the pieces of a file that begins on a piece boundary.
func (l *layout) piecesOf(e entry) (first, n int) {
	return int(e.offset / l.pieceLength), int((e.length + l.pieceLength - 1) / l.pieceLength)
}

// span is a run of bytes of one entry.
type span struct {
	entry int
	off   int64 // inside the entry
	n     int64
}

// spans cuts one piece at the borders of its entries; empty entries give none.
func (l *layout) spans(dst []span, piece int) []span {
	pos := int64(piece) * l.pieceLength
	end := min(pos+l.pieceLength, l.total)
	for i := l.at(pos); pos < end; i++ {
		e := &l.entries[i]
		if n := min(e.end(), end) - pos; n > 0 {
			dst = append(dst, span{entry: i, off: pos - e.offset, n: n})
			pos += n
		}
	}
	return dst
}

// pieceLengthFor checks a wanted piece length, or chooses one if want is 0: the
// smallest that makes at most 2000 pieces of the payload. Every file ends in a
// pad of half a piece on average, so for a payload of many files it is halved
// as long as pads would add more than an eighth, unless that makes more than
// eight pieces for each file.
func pieceLengthFor(want int64, files []entry) (int64, error) {
	if want != 0 {
		if want < minPieceLength || want > maxPieceLength || want&(want-1) != 0 {
			return 0, fmt.Errorf("piece length %d: not a power of two from 16 KiB to 16 MiB", want)
		}
		return want, nil
	}
	var total int64
	for _, f := range files {
		total += f.length
	}
	length := int64(minPieceLength)
	for length < maxPieceLength && total > length*mostPieces {
		length *= 2
	}
	for length > minPieceLength {
		_, pads := countPieces(files, length)
		finer, _ := countPieces(files, length/2)
		if pads <= total/8 || finer > max(mostPieces, int64(len(files))*8) {
			break
		}
		length /= 2
	}
	return length, nil
}

func countPieces(files []entry, length int64) (pieces, pads int64) {
	for _, f := range files {
		n := (f.length + length - 1) / length
		pieces += n
		pads += n*length - f.length
	}
	return pieces, pads
}
