package stamp

import (
	"encoding/binary"
	"fmt"
)

// Pages of the Ogg container, RFC 3533 §6.

// Flags of a page.
const (
	oggContinued = 1 // begins with the rest of a packet
	oggFirst     = 2 // first page of a logical stream
	oggLast      = 4 // last page of a logical stream
)

const (
	oggHeadLen  = 27  // bytes in front of the lacing
	oggSegments = 255 // lacing values in a page at most
	oggSequence = 18  // offset of sequence number and checksum, 4 bytes each
	oggCounts   = 26  // offset of the number of segments: what follows is content
)

// oggPage is one page. Its bytes are valid until the next one is read.
type oggPage struct {
	Range
	data []byte
}

func (p *oggPage) flags() byte      { return p.data[5] }
func (p *oggPage) serial() uint32   { return binary.LittleEndian.Uint32(p.data[14:]) }
func (p *oggPage) sequence() uint32 { return binary.LittleEndian.Uint32(p.data[oggSequence:]) }
func (p *oggPage) lacing() []byte   { return p.data[oggHeadLen:][:p.data[oggCounts]] }
func (p *oggPage) bodyAt() int      { return oggHeadLen + int(p.data[oggCounts]) }

// open says whether the last packet goes on in the next page.
func (p *oggPage) open() bool {
	l := p.lacing()
	return len(l) > 0 && l[len(l)-1] == 255
}

// readOggPage reads the page at off and checks its sum.
func readOggPage(w *window, off int64) (*oggPage, error) {
	h, err := w.at(off, oggHeadLen)
	if err != nil {
		return nil, fmt.Errorf("ogg page: %w", err)
	}
	if string(h[:4]) != "OggS" || h[4] != 0 {
		return nil, fmt.Errorf("no Ogg page at byte %d: %w", off, ErrMalformed)
	}
	length := oggHeadLen + int(h[oggCounts])
	if h, err = w.at(off, length); err != nil {
		return nil, fmt.Errorf("ogg page: %w", err)
	}
	for _, lace := range h[oggHeadLen:] {
		length += int(lace)
	}
	data, err := w.at(off, length)
	if err != nil {
		return nil, fmt.Errorf("ogg page: %w", err)
	}
	page := &oggPage{Range{off, int64(length)}, data}
	if oggSum(data) != binary.LittleEndian.Uint32(data[oggSequence+4:]) {
		return nil, fmt.Errorf("checksum of the Ogg page at byte %d: %w", off, ErrMalformed)
	}
	return page, nil
}

// oggTables serve the checksum: polynomial 0x04c11db7, not reflected, begun and
// ended with 0, which hash/crc32 does not offer. Table k is for a byte that k
// others follow, so that eight bytes are summed at once.
var oggTables = func() (tables [8][256]uint32) {
	for i := range 256 {
		sum := uint32(i) << 24
		for range 8 {
			if sum&(1<<31) != 0 {
				sum = sum<<1 ^ 0x04c11db7
			} else {
				sum <<= 1
			}
		}
		tables[0][i] = sum
	}
	for k := range 7 {
		for i, sum := range tables[k] {
			tables[k+1][i] = sum<<8 ^ tables[0][sum>>24]
		}
	}
	return tables
}()

func oggUpdate(sum uint32, b []byte) uint32 {
	t := &oggTables
	for ; len(b) >= 8; b = b[8:] {
		sum ^= binary.BigEndian.Uint32(b)
		sum = t[7][sum>>24] ^ t[6][sum>>16&0xff] ^ t[5][sum>>8&0xff] ^ t[4][sum&0xff] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, c := range b {
		sum = sum<<8 ^ t[0][byte(sum>>24)^c]
	}
	return sum
}

// oggSum is the checksum of a page, in which the field for it counts as zero.
func oggSum(page []byte) uint32 {
	const at = oggSequence + 4
	sum := oggUpdate(0, page[:at])
	sum = oggUpdate(sum, []byte{0, 0, 0, 0})
	return oggUpdate(sum, page[at+4:])
}

// renumbered gives the sequence number and checksum that the page would have
// with another sequence number: eight bytes, appended to b.
func (p *oggPage) renumbered(b []byte, sequence uint32) []byte {
	head := binary.LittleEndian.AppendUint32(nil, sequence)
	sum := oggUpdate(0, p.data[:oggSequence])
	sum = oggUpdate(sum, head)
	sum = oggUpdate(sum, []byte{0, 0, 0, 0})
	sum = oggUpdate(sum, p.data[oggCounts:])
	return binary.LittleEndian.AppendUint32(append(b, head...), sum)
}

// paginate writes packets as pages, as full as they can be, as libogg does it for
// headers: granule position 0, or -1 where no packet ends (RFC 3533 §6).
func paginate(serial, sequence uint32, packets ...[]byte) (pages [][]byte) {
	var lacing, body []byte
	var ends, continued bool
	flush := func() {
		pages = append(pages, oggHeaderPage(serial, sequence, continued, ends, lacing, body))
		sequence++
		lacing, body, ends = nil, nil, false
	}
	for _, packet := range packets {
		for rest, done := packet, false; !done; {
			n := min(len(rest), 255)
			lacing, body, rest = append(lacing, byte(n)), append(body, rest[:n]...), rest[n:]
			if done = n < 255; done {
				ends = true
			}
			if len(lacing) == oggSegments {
				flush()
				continued = !done
			}
		}
	}
	if len(lacing) > 0 {
		flush()
	}
	return pages
}

func oggHeaderPage(serial, sequence uint32, continued, ends bool, lacing, body []byte) []byte {
	page := make([]byte, 0, oggHeadLen+len(lacing)+len(body))
	page = append(page, 'O', 'g', 'g', 'S', 0, 0)
	if continued {
		page[5] = oggContinued
	}
	granule := ^uint64(0)
	if ends {
		granule = 0
	}
	page = binary.LittleEndian.AppendUint64(page, granule)
	page = binary.LittleEndian.AppendUint32(page, serial)
	page = binary.LittleEndian.AppendUint32(page, sequence)
	page = append(page, 0, 0, 0, 0, byte(len(lacing)))
	page = append(append(page, lacing...), body...)
	binary.LittleEndian.PutUint32(page[oggSequence+4:], oggSum(page))
	return page
}
