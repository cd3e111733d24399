package torrentfile

import (
	"io"

	"commonseed/internal/hashpair"
)

const stretchSize = 64 << 10 // bytes taken of a file at a time

// lane takes one piece after the other through a worker. A worker has two of them:
// two pieces are hashed at once (internal/hashpair).
type lane struct {
	h       *hashing
	buf     [stretchSize]byte
	stretch []byte // what was read, and is not hashed yet
	payload int    // how much of it is not a pad

	file *opened // of which bytes are being hashed, nil if there is none
	used int64   // how many since use
	told int64   // bytes read since the last report of progress

	view       *view  // of file, nil if there is none
	ahead      int64  // how much more an offset in file is than one in its view
	mappedPart []byte // of view: is to be kept when it is hashed
	mappedOff  int64

	entry    int   // that holds the next byte
	pos, end int64 // in the layout: what is still to come of the piece
	piece    int
	sha1     hashpair.SHA1
	leaves   []digest // hash of each block of the piece so far
	sumV1    [sha1Size]byte
	rest     []byte // what is left behind whole blocks of the hash, at the end of the piece
	again    bool   // goes through bytes that a run goes through too, which keeps and counts them
}

var zeros [stretchSize]byte

const reportSize = 2 << 20 // bytes between two reports of progress

// begin turns to a piece, for these hashes.
func (l *lane) begin(piece int, want kinds) {
	lay := l.h.lay
	l.piece, l.pos = piece, int64(piece)*lay.pieceLength
	l.end = min(l.pos+lay.pieceLength, lay.total)
	if l.entry == len(lay.entries) || lay.entries[l.entry].end() <= l.pos || lay.entries[l.entry].offset > l.pos {
		l.entry = lay.at(l.pos)
	}
	l.rest = nil
	l.sha1.Reset()
	if e := lay.entries[l.entry]; !want.v1 && l.end > e.end() {
		l.end = e.end() // no pads for v2
	}
	l.leaves = l.leaves[:0]
}

// idle is for want of a second piece.
func (l *lane) idle() {
	l.pos, l.end = 0, 0
	l.sha1.Reset()
	l.rest = nil
}

// more says whether there is more of the piece.
func (l *lane) more() bool { return len(l.stretch) > 0 || l.pos < l.end }

// block is the next block of the piece, or what there is of it, and how many bytes of
// it are payload. It stays as it is until the call after it. At the end of the piece it
// is empty.
func (l *lane) block() (block []byte, payload int, err error) {
	if len(l.stretch) == 0 {
		if l.stretch, l.payload, err = l.next(); err != nil {
			return nil, 0, err
		}
	}
	n := min(len(l.stretch), blockSize)
	block, payload = l.stretch[:n], min(n, l.payload)
	l.stretch, l.payload = l.stretch[n:], l.payload-payload
	return block, payload, nil
}

// whole cuts a block into whole blocks of the hashes and a rest: only the last block of
// a piece has one.
func (l *lane) whole(p []byte) []byte {
	n := len(p) &^ (hashpair.BlockSize - 1)
	if len(p) > 0 {
		l.rest = p[n:]
	}
	return p[:n]
}

// next is the next stretch of the piece, and how many bytes of it are payload.
func (l *lane) next() (stretch []byte, payload int, err error) {
	if err := l.keep(); err != nil {
		return nil, 0, err
	}
	n := min(l.end-l.pos, stretchSize)
	if n == 0 {
		return nil, 0, nil
	}
	e := l.current()
	if e == nil || e.offset >= l.pos+n { // a pad
		l.pos += n
		return zeros[:n], 0, nil
	}
	if m := l.mappable(e); m > 0 {
		if p, err := l.mapped(e, m); p != nil || err != nil {
			return p, len(p), err
		}
	}
	return l.gather(l.buf[:n])
}

// mappable is how many of the next bytes can be taken of a mapped file: whole blocks, or
// all that is left of the piece.
func (l *lane) mappable(e *entry) int64 {
	if e.length < mapLeast || e.offset > l.pos {
		return 0
	}
	n := min(l.end-l.pos, stretchSize)
	if here := e.end() - l.pos; n > here {
		n = here &^ (blockSize - 1)
	}
	return n
}

// current is the entry that holds the next byte, or the next one after a pad, nil
// behind the last.
func (l *lane) current() *entry {
	entries := l.h.lay.entries
	for l.entry < len(entries) && entries[l.entry].end() <= l.pos {
		l.entry++
	}
	if l.entry == len(entries) {
		return nil
	}
	return &entries[l.entry]
}

// mapped is the next stretch out of memory that a file is mapped to, nil if it cannot be.
func (l *lane) mapped(e *entry, n int64) ([]byte, error) {
	if err := l.use(); err != nil {
		return nil, err
	}
	off := l.pos - e.offset
	fd, at, here := l.file.Region(off)
	if here < n || !l.turn(fd, at) {
		return nil, nil
	}
	l.ahead = off - at
	p := l.view.mem[at-l.view.at:][:n]
	l.pos += n
	l.count(n)
	if !l.again {
		l.mappedOff, l.mappedPart = off, p
	}
	return p, nil
}

// turn makes view that of an offset in an open file of the system, if it can be had.
func (l *lane) turn(fd uintptr, at int64) bool {
	if v := l.view; v != nil && v.fd == fd && v.at == at&^(viewSize-1) {
		return true
	}
	l.release()
	l.view = l.file.views.use(fd, at)
	return l.view != nil
}

func (l *lane) release() {
	if l.view != nil {
		l.file.release(l.view)
		l.view = nil
	}
}

// lost explains a fault at an address: nil if it does not lie in the view, or else why
// the file has no bytes there.
func (l *lane) lost(addr uintptr) error {
	if l.view == nil {
		return nil
	}
	at, ok := l.view.holds(addr)
	if !ok {
		return nil
	}
	if _, err := l.file.ReadAt(make([]byte, 1), max(at+l.ahead, 0)); err != nil && err != io.EOF {
		return err
	}
	return l.file.shorter()
}

// gather reads the next stretch, which may hold parts of many files.
func (l *lane) gather(stretch []byte) (_ []byte, payload int, err error) {
	for part := stretch; len(part) > 0; {
		e, n := l.current(), int64(len(part))
		switch {
		case e == nil || e.offset > l.pos:
			if e != nil {
				n = min(n, e.offset-l.pos)
			}
			clear(part[:n])
			l.pos += n
		default:
			n = min(n, e.end()-l.pos)
			if err := l.read(part[:n], l.pos-e.offset); err != nil {
				return nil, 0, err
			}
			payload += int(n)
		}
		part = part[n:]
	}
	return stretch, payload, nil
}

// read fills part with bytes of the current entry.
func (l *lane) read(part []byte, off int64) error {
	if err := l.use(); err != nil {
		return err
	}
	if n, err := l.file.ReadAt(part, off); n < len(part) {
		if err == nil || err == io.EOF {
			err = l.file.shorter()
		}
		return err
	}
	l.pos += int64(len(part))
	l.count(int64(len(part)))
	if l.again {
		return nil
	}
	return l.file.Keep(part, off)
}

// keep lets the content keep what is mapped and was hashed. Kept first, each page would
// have to be brought into reach inside of a call to the system, one at a time.
func (l *lane) keep() error {
	p := l.mappedPart
	if l.mappedPart = nil; p == nil {
		return nil
	}
	return l.file.Keep(p, l.mappedOff)
}

// count notes bytes of the file that are on their way through the hashes.
func (l *lane) count(n int64) {
	l.used += n
	if l.again {
		return
	}
	if l.told += n; l.told >= reportSize {
		l.h.meter.add(l.told)
		l.told = 0
	}
}

// use makes file that of the current entry. What came of the one before is hashed by
// now, or copied.
func (l *lane) use() (err error) {
	if l.file != nil && l.file.entry == l.entry {
		return nil
	}
	if err := l.leave(); err != nil {
		return err
	}
	l.file, err = l.h.files.use(l.entry)
	return err
}

// leave tells how much of the file was hashed, and lets go of it.
func (l *lane) leave() error {
	if l.file == nil {
		return nil
	}
	err := l.keep()
	l.release()
	file, used := l.file, l.used
	l.file, l.used = nil, 0
	if closed := l.h.files.worked(file, used); err == nil {
		err = closed
	}
	return err
}
