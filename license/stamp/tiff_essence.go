package stamp

import "fmt"

// Essence is, page by page, every field but the packet, and the strips or tiles
// that they lead to.
func (f *tiffFile) Essence() ([]Range, error) {
	if f.big {
		return nil, &UnsupportedError{"tiff", "it is a BigTIFF, for more than 4 GiB"}
	}
	var ranges []Range
	pieces := 0
	for i, p := range f.pages {
		for _, v := range p.fields {
			if v.tag == tiffXMP && i == 0 {
				continue
			}
			ranges = append(ranges, Range{v.at, tiffEntrySize})
			if v.Len > 4 {
				ranges = append(ranges, v.Range)
			}
		}
		for _, tags := range [][2]uint16{{tiffStrips, tiffStripSizes}, {tiffTiles, tiffTileSizes}} {
			at, _ := p.field(tags[0])
			if pieces += int(at.count); pieces > tiffMaxPieces {
				return nil, &UnsupportedError{"tiff", "it has too many strips or tiles"}
			}
			found, err := f.pieces(p, tags[0], tags[1])
			if err != nil {
				return nil, err
			}
			ranges = append(ranges, found...)
		}
	}
	if pieces == 0 {
		return nil, malformed("TIFF without an image")
	}
	return ranges, nil
}

// pieces are the strips or tiles of a page, joined where they touch.
func (f *tiffFile) pieces(p tiffPage, offsets, sizes uint16) ([]Range, error) {
	offs, ok := p.field(offsets)
	lens, sized := p.field(sizes)
	if !ok || !sized {
		return nil, nil
	}
	if offs.count != lens.count {
		return nil, malformed("TIFF strips")
	}
	at, err := f.numbers(offs)
	if err != nil {
		return nil, err
	}
	length, err := f.numbers(lens)
	if err != nil {
		return nil, err
	}
	var found []Range
	for i := range at {
		r := Range{at[i], length[i]}
		if r.Off > f.size-r.Len {
			return nil, fmt.Errorf("TIFF strip of %d bytes at %d: %w", r.Len, r.Off, ErrTruncated)
		}
		if n := len(found); n > 0 && found[n-1].Off+found[n-1].Len == r.Off {
			found[n-1].Len += r.Len
		} else {
			found = append(found, r)
		}
	}
	return found, nil
}

// numbers reads a field of SHORTs or LONGs.
func (f *tiffFile) numbers(v tiffValue) ([]int64, error) {
	b, err := f.value(v)
	if err != nil {
		return nil, err
	}
	out := make([]int64, v.count)
	for i := range out {
		switch v.kind {
		case 3:
			out[i] = int64(f.order.Uint16(b[2*i:]))
		case 4, 13:
			out[i] = int64(f.order.Uint32(b[4*i:]))
		default:
			return nil, malformed("TIFF strips")
		}
	}
	return out, nil
}
